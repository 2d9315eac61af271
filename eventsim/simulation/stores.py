"""The topics, buckets and buses of a run, and where its documents go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from eventsim import registry
from eventsim.backends import Backend
from eventsim.destinations import Resource, open_destination, open_on_failure
from eventsim.ids import Chance
from eventsim.rules.arns import service_of
from eventsim.rules.bus_rules import DEFAULT_BUS
from eventsim.scenario import Scenario
from eventsim.services.buses import EventBus
from eventsim.types import Bucket, Bus, Destination, FunctionTarget, Invoker, Queue, Topic

OPENERS = (
    *("open_stream", "open_queue", "open_topic", "open_bucket", "open_bus"),
    *("open_fronts", "alarm_of"),
)


@dataclass(frozen=True, slots=True)
class Stores:
    """What a run writes to besides its streams, by resource name."""

    queues: Mapping[str, Queue] = field(default_factory=dict)
    topics: Mapping[str, Topic] = field(default_factory=dict)
    buckets: Mapping[str, Bucket] = field(default_factory=dict)
    buses: Mapping[str, Bus] = field(default_factory=dict)
    default_bus: Bus | None = None

    def destination(self, arn: str, chance: Chance) -> Destination:
        """A mapping's on-failure destination. Raises ServiceError or EventsimError."""
        return open_on_failure(arn, self._by_arn(), chance)

    def event_destination(self, arn: str, invoker: Invoker, chance: Chance) -> Destination:
        """The destination of asynchronous events, of whatever service.

        Raises ServiceError for what none can be, EventsimError where the run does not have it.
        """
        if service_of(arn) == "lambda":
            return open_destination(arn, {arn: FunctionTarget(arn, invoker)}, chance)
        return open_destination(arn, self._by_arn(), chance)

    def every_bus(self) -> dict[str, Bus]:
        """The buses by name, the default one of the account among them if it is simulated."""
        default = {} if self.default_bus is None else {DEFAULT_BUS: self.default_bus}
        return {**default, **self.buses}

    def arns(self) -> dict[str, str]:
        """The ARN of every one of them, by resource name, as its back end calls it."""
        return {name: store.arn for name, store in self._by_name().items()}

    def _by_arn(self) -> dict[str, Resource]:
        return {store.arn: store for store in self._by_name().values()}

    def _by_name(self) -> dict[str, Queue | Topic | Bucket | Bus]:
        return {**self.queues, **self.topics, **self.buckets, **self.buses}


def opened_by(opener: str, scenario: Scenario) -> Sequence[str]:
    """The resources that *opener* opens; what no opener does is taken for a stream."""
    return [name for name, item in scenario.resources.items() if _opener(item.type) == opener]


async def open_stores(
    scenario: Scenario, backend: Backend, chance: Chance, queues: Mapping[str, Queue]
) -> Stores:
    """Open every topic, bucket and bus; *queues* are open already, for topics deliver to them.

    Raises EventsimError, BackendError, ServiceError or Unreachable when one cannot be opened.
    """
    topics: dict[str, Topic] = {}
    buckets: dict[str, Bucket] = {}
    buses: dict[str, Bus] = {}
    for name in opened_by("open_topic", scenario):
        resource = scenario.resources[name]
        module = registry.load("sources", resource.type)
        topics[name] = await module.open_topic(name, resource.settings, backend, chance, queues)
    for name in opened_by("open_bucket", scenario):
        resource = scenario.resources[name]
        module = registry.load("sources", resource.type)
        buckets[name] = await module.open_bucket(name, resource.settings, backend)
    for name in opened_by("open_bus", scenario):
        resource = scenario.resources[name]
        module = registry.load("sources", resource.type)
        buses[name] = await module.open_bus(name, resource.settings, backend, chance)
    default = None if DEFAULT_BUS in buses else _default_bus(backend, chance)
    return Stores(queues, topics, buckets, buses, default)


def _default_bus(backend: Backend, chance: Chance) -> Bus | None:
    """The bus that every account has in every region; one of a real back end is left alone."""
    if backend.name != "simulated":
        return None
    return EventBus(
        DEFAULT_BUS,
        region=backend.region,
        account=backend.account,
        clock=backend.clock,
        chance=chance,
    )


def _opener(kind: str) -> str:
    module = registry.load("sources", kind)
    return next((opener for opener in OPENERS if hasattr(module, opener)), OPENERS[0])
