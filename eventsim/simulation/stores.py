"""The topics and the buckets of a run, and where its on-failure documents go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from eventsim import registry
from eventsim.backends import Backend
from eventsim.destinations import open_destination
from eventsim.ids import Chance
from eventsim.scenario import Scenario
from eventsim.types import Bucket, Destination, Queue, Topic

OPENERS = ("open_stream", "open_queue", "open_topic", "open_bucket")


@dataclass(frozen=True, slots=True)
class Stores:
    """What a run writes to besides its streams, by resource name."""

    queues: Mapping[str, Queue] = field(default_factory=dict)
    topics: Mapping[str, Topic] = field(default_factory=dict)
    buckets: Mapping[str, Bucket] = field(default_factory=dict)

    def destination(self, arn: str, chance: Chance) -> Destination:
        """The on-failure destination of that ARN. Raises ServiceError or EventsimError."""
        by_arn = {store.arn: store for store in self._by_name().values()}
        return open_destination(arn, by_arn, chance)

    def arns(self) -> dict[str, str]:
        """The ARN of every one of them, by resource name, as its back end calls it."""
        return {name: store.arn for name, store in self._by_name().items()}

    def _by_name(self) -> dict[str, Queue | Topic | Bucket]:
        return {**self.queues, **self.topics, **self.buckets}


def opened_by(opener: str, scenario: Scenario) -> Sequence[str]:
    """The resources that *opener* opens; what no opener does is taken for a stream."""
    return [name for name, item in scenario.resources.items() if _opener(item.type) == opener]


async def open_stores(
    scenario: Scenario, backend: Backend, chance: Chance, queues: Mapping[str, Queue]
) -> Stores:
    """Open every topic and bucket; *queues* are open already, for topics deliver to them.

    Raises EventsimError, BackendError, ServiceError or Unreachable when one cannot be opened.
    """
    topics: dict[str, Topic] = {}
    buckets: dict[str, Bucket] = {}
    for name in opened_by("open_topic", scenario):
        resource = scenario.resources[name]
        module = registry.load("sources", resource.type)
        topics[name] = await module.open_topic(name, resource.settings, backend, chance, queues)
    for name in opened_by("open_bucket", scenario):
        resource = scenario.resources[name]
        module = registry.load("sources", resource.type)
        buckets[name] = await module.open_bucket(name, resource.settings, backend)
    return Stores(queues, topics, buckets)


def _opener(kind: str) -> str:
    module = registry.load("sources", kind)
    return next((opener for opener in OPENERS if hasattr(module, opener)), OPENERS[0])
