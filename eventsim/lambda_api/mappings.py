"""
Event source mappings: made, changed and deleted while pollers work.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from eventsim import registry
from eventsim.checkpoints import MemoryCheckpoints
from eventsim.errors import EventsimError, InvokeError, ServiceError
from eventsim.lambda_api.mapping_fields import fields_of, refused, shown
from eventsim.lambda_api.refusing import invalid, missing, not_here, of_refusal
from eventsim.lambda_api.working import Starter, Working
from eventsim.poller import Ports
from eventsim.poller.lifecycle import MappingLifecycle, MappingPoller
from eventsim.rules import mapping as rules
from eventsim.rules.arns import arn, region_of, service_of
from eventsim.rules.mapping_errors import (
    Refusal,
    conflict,
    function_missing,
    mapping_missing,
    source_missing,
)
from eventsim.rules.mapping_states import (
    SETTLED,
    State,
    created,
    deleted,
    last_processing_result,
    transition_reason,
    updated,
)
from eventsim.scenario.mapping import pattern_fault
from eventsim.simulation.finding import find_destination
from eventsim.simulation.mappings import OF_A_QUEUE, OF_A_STREAM, ROLE, matching, poller_of
from eventsim.types import Destination, EventSourceMapping, MappingKind, Queue, Stream

if TYPE_CHECKING:
    from eventsim.lambda_api.region import Region

Source = Stream | Queue
FindSource = Callable[[str], Awaitable[Source | None]]

_RESULTS = {"batch_delivered": True, "batch_failed": False}
_NOT_SIMULATED = ("kafka", "mq", "docdb", "rds")


@dataclass(slots=True)
class Made:
    """A mapping: what works for it, and what the API keeps of it.

    ``transition`` is the state that was asked for and is not there yet, ``problem`` what ended its
    poller.
    """

    lifecycle: MappingLifecycle
    module: ModuleType
    source: Source
    modified: float
    transition: State | None
    tags: dict[str, str] = field(default_factory=dict)
    succeeded: bool | None = None
    problem: str | None = None

    @property
    def state(self) -> State:
        """The state that the API tells."""
        return self.transition or self.lifecycle.state or "Creating"

    @property
    def mapping(self) -> EventSourceMapping:
        return self.lifecycle.mapping

    @property
    def kind(self) -> MappingKind:
        kind: MappingKind = self.module.MAPPING
        return kind


class Mappings:
    """The event source mappings of a region.

    *find_source* knows streams and queues of ours by their ARN, and answers None for all others,
    which are asked for at the region's back end.
    """

    def __init__(self, region: Region, working: Working, find_source: FindSource) -> None:
        self._region, self._working, self._find_source = region, working, find_source
        self._ground = region.ground
        self.by_uuid: dict[str, Made] = {}
        self._checkpoints = MemoryCheckpoints()
        self._destinations: dict[str, Destination] = {}
        self._ground.journal.watch(_RESULTS, self._note_result)
        self._ground.journal.watch(["shard_lost"], self._note_loss)

    async def create(self, given: Mapping[str, Any]) -> Made:
        """Make a mapping; its poller begins to work afterwards. Raises InvokeError."""
        source_arn = given.get("EventSourceArn") or ""
        module = _module(source_arn)
        mapping = self._asked(given, module)
        clock = self._ground.clock
        self._check(rules.refusals(mapping, module.MAPPING, clock.timestamp(), **_fault(module)))
        timeout = self._timeout(mapping.function_name)
        source = await self._source(source_arn, module)
        hidden = getattr(source, "visibility_timeout", None)
        self._check(
            rules.refusals(
                mapping,
                module.MAPPING,
                clock.timestamp(),
                function_timeout=timeout,
                visibility_timeout=hidden,
                **_fault(module),
            )
        )
        await self._open_destination(mapping)
        others = [made.mapping for made in self.by_uuid.values()]
        if (taken := conflict(mapping, others, module.MAPPING)) is not None:
            raise of_refusal(taken)
        return self._begin(mapping, module, source, dict(given.get("Tags") or {}))

    async def update(self, uuid: str, given: Mapping[str, Any]) -> Made:
        """Change a mapping; it is in effect afterwards. Raises InvokeError."""
        made = self.get(uuid)
        changes = fields_of({k: v for k, v in given.items() if v is not None}, made.kind)
        if given.get("FunctionName"):
            changes["function_name"] = self._invoked(given["FunctionName"])
            self._timeout(changes["function_name"])
        states = updated(made.state, changes.get("enabled"))
        if isinstance(states, Refusal):
            raise of_refusal(states)
        before = made.mapping
        after = replace(before, **changes)
        self._check(rules.update_refusals(before, after, made.kind, **_fault(made.module)))
        made.transition = states[0]  # nothing else is let in from here on
        try:
            await self._open_destination(after)
        except InvokeError:
            made.transition = None
            raise
        made.modified = self._now()
        made.problem = None
        self._go_on(made, lambda: made.lifecycle.update(**changes))
        return made

    def delete(self, uuid: str) -> Made:
        """Delete a mapping, once what is in flight is finished. Raises InvokeError."""
        made = self.get(uuid)
        states = deleted(made.state)
        if isinstance(states, Refusal):
            raise of_refusal(states)
        made.transition = states[0]

        async def delete() -> None:
            try:
                await made.lifecycle.delete()
            finally:
                self.by_uuid.pop(uuid, None)

        self._working.start_soon(delete)
        return made

    def get(self, uuid: str) -> Made:
        """The mapping of that id. Raises ResourceNotFound."""
        if uuid not in self.by_uuid:
            raise missing(mapping_missing().message)
        return self.by_uuid[uuid]

    def shown(self, made: Made) -> dict[str, Any]:
        """EventSourceMappingConfiguration."""
        mapping, place = made.mapping, self._region.place
        resource = f"event-source-mapping:{mapping.uuid}"
        name, _, qualifier = mapping.function_name.partition(":")
        result = last_processing_result(made.kind, made.succeeded)
        return {
            "UUID": mapping.uuid,
            "EventSourceMappingArn": arn("lambda", place.region, place.account, resource),
            "EventSourceArn": mapping.event_source_arn,
            "FunctionArn": place.arn(name, qualifier or None),
            "LastModified": made.modified,
            "LastProcessingResult": f"PROBLEM: {made.problem}" if made.problem else result,
            "State": made.state,
            "StateTransitionReason": transition_reason(made.kind),
            **shown(mapping, made.kind),
        }

    async def stop(self) -> None:
        """End the polling of all of them; what is in flight is finished."""
        for made in list(self.by_uuid.values()):
            await made.lifecycle.stop()

    def _begin(
        self, mapping: EventSourceMapping, module: ModuleType, source: Source, tags: dict[str, str]
    ) -> Made:
        lifecycle = MappingLifecycle(
            mapping,
            module.MAPPING,
            lambda current: self._poller(current, module, source),
            self._ground.journal,
            check=lambda before, after: rules.check_update(
                before, after, module.MAPPING, **_fault(module)
            ),
            on_delete=lambda: None,
        )
        state = created(module.MAPPING, mapping.enabled)[0]
        made = Made(lifecycle, module, source, self._now(), state, tags)
        self.by_uuid[mapping.uuid] = made
        starter = Starter(self._working, lambda error: self._failed(made, error))
        self._go_on(made, lambda: lifecycle.create(starter))
        return made

    def _go_on(self, made: Made, work: Callable[[], Awaitable[None]]) -> None:
        """Do what was asked for, and be in its last state then."""

        async def go_on() -> None:
            try:
                await work()
            except EventsimError as error:
                self._failed(made, error)
            finally:
                made.transition = None

        self._working.start_soon(go_on)

    def _failed(self, made: Made, error: EventsimError) -> None:
        """Its poller has ended: the mapping stays, and says so."""
        made.problem = str(error)
        if made.lifecycle.state not in SETTLED:  # it did not get as far, and can be asked again
            made.lifecycle.state = "Disabled"
        self._working.tell(error)

    def _poller(
        self, mapping: EventSourceMapping, module: ModuleType, source: Source
    ) -> MappingPoller:
        region, ground = self._region, self._ground
        to = None if mapping.on_failure is None else self._destinations[mapping.on_failure]
        place = region.place
        ports = Ports(
            invoker=region,
            journal=ground.journal,
            clock=ground.clock,
            chance=ground.chance,
            checkpoints=self._checkpoints,
            role_arn=arn("iam", place.region, place.account, f"role/{ROLE}"),
            matches=matching(module, mapping),
            destination=to,
        )
        return poller_of(mapping, module, source, ports, self._timeout(mapping.function_name))

    def _asked(self, given: Mapping[str, Any], module: ModuleType) -> EventSourceMapping:
        kind: MappingKind = module.MAPPING
        uuid = self._ground.chance.uuid("mappings", self._region.place.region)
        source_arn = given["EventSourceArn"]
        values = fields_of(given, kind)
        defaults = {"starting_position": None, "batch_size": kind.batch_size}
        source = source_arn.rpartition(":")[2]
        name = self._invoked(given["FunctionName"])
        return EventSourceMapping(
            uuid, source, source_arn, name, uuid=uuid, **{**defaults, **values}
        )

    def _invoked(self, function_name: str) -> str:
        """How a mapping invokes a function: by its name, with a qualifier or not."""
        name, qualifier = self._region.named({"FunctionName": function_name})
        return name if qualifier is None else f"{name}:{qualifier}"

    def _timeout(self, function_name: str) -> float:
        """The Timeout of a function. Raises InvokeError where there is none."""
        try:
            return self._region.environments.find(function_name).function.timeout
        except InvokeError:
            raise of_refusal(function_missing()) from None

    async def _source(self, source_arn: str, module: ModuleType) -> Source:
        """Raises InvokeError for a source that is not there."""
        place = self._region.place
        ours = await self._find_source(source_arn)
        if ours is not None:
            return ours
        if region_of(source_arn) != place.region:
            raise of_refusal(source_missing(source_arn, module.MAPPING))
        finder = module.find_queue if module.MAPPING.is_queue else module.find_stream
        try:
            found = await finder(source_name(source_arn, module), self._region.backend)
        except EventsimError:
            raise of_refusal(source_missing(source_arn, module.MAPPING)) from None
        source = cast(Source, found if module.MAPPING.is_queue else found[0])
        if source.arn != source_arn:
            raise of_refusal(source_missing(source_arn, module.MAPPING))
        return source

    async def _open_destination(self, mapping: EventSourceMapping) -> None:
        wanted = mapping.on_failure
        if wanted is None or wanted in self._destinations:
            return
        try:
            found = await find_destination(wanted, self._region.backend, self._ground.chance)
        except (ServiceError, EventsimError):
            raise invalid(f"The destination ARN {wanted} is invalid.") from None
        if found is not None:
            self._destinations[wanted] = found

    def _check(self, found: list[Refusal]) -> None:
        error = refused(found)
        if error is not None:
            raise error

    def _now(self) -> float:
        return round(self._ground.clock.timestamp(), 3)

    def _note_result(self, kind: str, fields: dict[str, Any]) -> None:
        made = self.by_uuid.get(fields["mapping"])
        if made is not None:
            made.succeeded = _RESULTS[kind]

    def _note_loss(self, kind: str, fields: dict[str, Any]) -> None:
        """A shard is gone with its stream; one that ended has been read to its end."""
        made = self.by_uuid.get(fields["mapping"])
        if made is not None:
            made.problem = f"{fields['shard']} of {made.mapping.event_source_arn} is not there"


def source_name(source_arn: str, module: ModuleType) -> str:
    """What a source is found by: an ARN's own name for it."""
    name_of = getattr(module, "stream_name", None)
    if name_of is None:
        return source_arn
    resource, part = name_of(source_arn)
    return f"{resource}/consumer/{part}" if part else str(resource)


def _module(source_arn: str) -> ModuleType:
    """The module of a source. Raises InvokeError for what none is."""
    service = service_of(source_arn)
    if service in _NOT_SIMULATED:
        raise not_here(f"An event source of {service}")
    if service not in registry.names("sources"):
        raise invalid("Unrecognized event source.")
    module = registry.load("sources", service)
    if not hasattr(module, "MAPPING"):
        raise invalid("Unrecognized event source.")
    return registry.load("sources", service, OF_A_QUEUE if module.MAPPING.is_queue else OF_A_STREAM)


def _fault(module: ModuleType) -> dict[str, Any]:
    return {"pattern_fault": pattern_fault(module)}
