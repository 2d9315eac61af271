"""The event source mappings of a run: what each reads, what it lets through, where it gives up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from eventsim import registry
from eventsim.environments.permissions import Permitted
from eventsim.errors import MappingRefused
from eventsim.poller import Poller, Ports, StreamSource
from eventsim.poller.lifecycle import MappingLifecycle, MappingPoller
from eventsim.poller.queue import QueuePoller, QueueSource
from eventsim.rules import mapping as mapping_rules
from eventsim.rules.arns import arn
from eventsim.rules.filtering import Filter
from eventsim.scenario.lookup import Target
from eventsim.scenario.mapping import pattern_fault
from eventsim.scenario.role_checks import role_refusal
from eventsim.simulation.consumption import Consumption
from eventsim.simulation.stamps import check_stamps, keeps
from eventsim.types import EventSourceMapping, FanOut, Queue, Stream

if TYPE_CHECKING:
    from eventsim.simulation.setting import Setting

ROLE = "eventsim"
OF_A_STREAM = ("BATCH_INFO", "ARRIVAL_TIMESPEC", "event", "encoded_size", "encoded_size_at_most")
OF_A_QUEUE = ("event", "encoded_size")

Matches = Callable[[Any], bool]


def open_mappings(setting: Setting) -> dict[str, MappingLifecycle]:
    """Every mapping of the scenario by its name, none of them created yet.

    Raises MappingRefused for one that Lambda refuses, EventsimError where a source or a
    destination cannot be used.
    """
    scenario, streams = setting.scenario, setting.streams
    read = {target.key: _reading(target, setting) for target in scenario.targets()}
    arns = {key: source.arn for key, source in read.items()} | setting.stores.arns()
    by_arn = {source.arn: source for source in read.values()}
    mappings = scenario.mapping_values(arns)
    consumptions = {
        name: Consumption(stream, [each.name for each in mappings if each.source == name])
        for name, stream in streams.items()
    }
    return {
        mapping.name: _lifecycle(
            mapping, by_arn[mapping.event_source_arn], setting, consumptions.get(mapping.source)
        )
        for mapping in mappings
    }


def _reading(target: Target, setting: Setting) -> Stream | Queue:
    """What a mapping reads: a queue, a stream, or one as it is pushed to one of its consumers."""
    if target.resource in setting.stores.queues:
        return setting.stores.queues[target.resource]
    stream = setting.streams[target.resource]
    if target.part and isinstance(stream, FanOut):
        return stream.consumer(target.part)
    return stream


def _lifecycle(
    mapping: EventSourceMapping,
    source: Stream | Queue,
    setting: Setting,
    consumption: Consumption | None,
) -> MappingLifecycle:
    queue = setting.stores.queues.get(mapping.source)
    kind = setting.scenario.resources[mapping.source].type
    module = registry.load("sources", kind, OF_A_STREAM if queue is None else OF_A_QUEUE)
    mapping = replace(mapping, uuid=mapping.uuid or setting.chance.uuid("mappings", mapping.name))

    def check(before: EventSourceMapping, after: EventSourceMapping) -> None:
        mapping_rules.check_update(
            before, after, module.MAPPING, pattern_fault=pattern_fault(module)
        )
        check_stamps(after, setting.backend)

    def make_poller(current: EventSourceMapping) -> MappingPoller:
        ports = _ports(current, setting, consumption, matching(module, current))
        timeout = setting.scenario.function_of(current).timeout
        return poller_of(current, module, source, ports, timeout, retention)

    mapping_rules.check(
        mapping,
        module.MAPPING,
        setting.clock.timestamp(),
        function_timeout=setting.scenario.function_of(mapping).timeout,
        visibility_timeout=None if queue is None else queue.visibility_timeout,
        pattern_fault=pattern_fault(module),
    )
    check_stamps(mapping, setting.backend)
    retention = keeps(cast(Stream, source), setting.backend) if queue is None else None

    _check_role(mapping, module, setting)

    def forget() -> None:
        if consumption is not None:
            consumption.forget(mapping.name)

    return MappingLifecycle(
        mapping, module.MAPPING, make_poller, setting.journal, check=check, on_delete=forget
    )


def _check_role(mapping: EventSourceMapping, module: ModuleType, setting: Setting) -> None:
    """Raises MappingRefused where the function's role may not read what the mapping reads."""
    role = setting.role(mapping.function_name)
    refusal = role_refusal(
        module,
        mapping.event_source_arn,
        lambda action, resource: setting.permissions.allows(role, action, resource),
    )
    if refusal is not None:
        raise MappingRefused(refusal.code, refusal.message, refusal.field, refusal.reason)


def poller_of(
    mapping: EventSourceMapping,
    module: ModuleType,
    source: Stream | Queue,
    ports: Ports,
    function_timeout: float,
    retention_seconds: float | None = None,
) -> MappingPoller:
    """The poller of a stream or of a queue, as the source's module is for one or the other."""
    if not module.MAPPING.is_queue:
        stream = cast(Stream, source)
        return Poller(mapping, cast(StreamSource, module), stream, ports, retention_seconds)
    return QueuePoller(
        mapping,
        cast(QueueSource, module),
        cast(Queue, source),
        ports,
        function_timeout=function_timeout,
    )


def matching(module: ModuleType, mapping: EventSourceMapping) -> Matches | None:
    """Whether a record is one for the function; None where there is no filter.

    Raises PatternError for a pattern that is none.
    """
    if not mapping.filters:
        return None
    plain_text = getattr(module, "FILTER_PLAIN_TEXT", False)
    criteria = Filter.of(mapping.filters, module.FILTER_KEY, plain_text)
    filterable: Callable[[Any], Mapping[str, Any]] = module.filterable
    matches = criteria.matches
    return lambda record: matches(filterable(record))


def _ports(
    mapping: EventSourceMapping,
    setting: Setting,
    consumption: Consumption | None,
    matches: Matches | None,
) -> Ports:
    scenario, destination = setting.scenario, None
    if mapping.on_failure:
        destination = setting.stores.destination(mapping.on_failure, setting.chance)
    role = setting.role(mapping.function_name)
    if destination is not None and role is not None:
        session = mapping.function_name.partition(":")[0]
        destination = Permitted(destination, setting.permissions.may, role, session)
    ports = Ports(
        invoker=setting.invoker,
        journal=setting.journal,
        clock=setting.clock,
        chance=setting.chance,
        checkpoints=setting.checkpoints,
        role_arn=role or arn("iam", scenario.region, scenario.account, f"role/{ROLE}"),
        matches=matches,
        destination=destination,
    )
    return ports if consumption is None else replace(ports, on_checkpoint=consumption.advance)
