"""What is polled at an endpoint, and what is sent to: found there, and never made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import ValidationError

from eventsim import registry
from eventsim.backends import Backend
from eventsim.destinations import open_destination, open_on_failure
from eventsim.errors import EventsimError, UnknownPlugin
from eventsim.ids import Chance
from eventsim.rules.arns import REGION, service_of
from eventsim.scenario.lookup import service_name
from eventsim.scenario.mapping import properties_model
from eventsim.scenario.problem import problems_of, where
from eventsim.simulation.mappings import OF_A_QUEUE, OF_A_STREAM
from eventsim.types import Destination, FoundStream, MappingKind, Queue, Stream

FINDERS = ("find_queue", "find_topic", "find_bucket", "find_bus")


@dataclass(frozen=True, slots=True)
class Polled:
    """What is polled: ``type`` is a source's (``kinesis``), ``name`` that of the stream or queue.

    ``properties`` are the mapping's settings in AWS's words, ``{"BatchSize": 10}``; a ``region``
    of None is that of the user's AWS profile. Progress on a stream is kept in the file
    ``checkpoints``, or lasts as long as the process. Polling stops after ``run_for`` seconds, or
    once ``count`` records are dealt with. ``command`` is what a person types to do this again.
    """

    type: str
    name: str
    properties: Mapping[str, Any] = field(default_factory=dict)
    region: str | None = REGION
    checkpoints: Path | None = None
    run_for: float | None = None
    count: int | None = None
    command: str = ""

    def source(self) -> ModuleType:
        """The source's module. Raises UnknownPlugin for one that cannot be polled here."""
        module = registry.load("sources", self.type, wants=["MAPPING"])
        wants = [*OF_A_STREAM, "find_stream"]
        if module.MAPPING.is_queue:
            wants = [*OF_A_QUEUE, "find_queue"]
            if self.checkpoints is not None:
                raise EventsimError("a queue keeps what is not done itself; leave checkpoints out")
        return registry.load("sources", self.type, wants)

    def settings(self, kind: MappingKind) -> dict[str, Any]:
        """The fields of the mapping. Raises EventsimError for a value of another kind."""
        start = {} if kind.is_queue else {"StartingPosition": "TRIM_HORIZON"}
        properties = {kind.resource_key: self.name, **start, **self.properties}
        try:
            return properties_model(kind).model_validate(properties).settings()
        except ValidationError as error:
            told = [_told(problem.path, problem.text) for problem in problems_of(error)]
            raise EventsimError("; ".join(told)) from None


async def find(
    polled: Polled, module: ModuleType, backend: Backend
) -> tuple[Stream | Queue, float | None]:
    """What is polled, and when it was created where that matters.

    Raises ServiceError, in the service's words, when it is not there, Unreachable.
    """
    if module.MAPPING.is_queue:
        queue: Queue = await module.find_queue(polled.name, backend)
        return queue, None
    found: FoundStream = await module.find_stream(polled.name, backend)
    return found


async def find_destination(arn: str | None, backend: Backend, chance: Chance) -> Destination | None:
    """The on-failure destination of that ARN. Raises ServiceError when it is not there."""
    if arn is None:
        return None
    return open_on_failure(arn, {arn: await _found(arn, backend)}, chance)


async def find_event_destination(arn: str, backend: Backend, chance: Chance) -> Destination:
    """The destination of asynchronous events of that ARN, which is no function.

    Raises ServiceError when it is not there, UnknownPlugin for what none can be.
    """
    return open_destination(arn, {arn: await _found(arn, backend)}, chance)


async def _found(arn: str, backend: Backend) -> Any:
    """The queue, topic, bucket or bus of an ARN."""
    service = service_of(arn)
    kind = service if service in registry.names("sources") else _kind_of(service)
    module = registry.load("sources", kind)
    finder = next((name for name in FINDERS if hasattr(module, name)), None)
    if finder is None:
        raise UnknownPlugin("sources", service, (), f"nothing is sent to {arn}")
    return await getattr(module, finder)(arn, backend)


def _kind_of(service: str) -> str:
    """The source that a service is called otherwise in ARNs; the service itself if none is."""
    names = registry.names("sources")
    called = (each for each in names if service_name(each) == service)
    return next(called, service)


def _told(path: tuple[str | int, ...], text: str) -> str:
    return where(path) + text if text[:1] in (" ", ":") else text
