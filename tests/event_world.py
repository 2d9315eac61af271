"""An event queue with all around it: functions, destinations that keep or refuse, a journal."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio

from eventsim.clock import Clock
from eventsim.environments import Environments
from eventsim.errors import ServiceError, Unreachable
from eventsim.event_queue import EventQueue
from eventsim.ids import Chance
from eventsim.invokers.local import LocalInvoker
from eventsim.journal import Detail, Entry, Journal, Sink
from eventsim.journal.sinks import MemorySink
from eventsim.rules.deliveries import as_text
from eventsim.runtimes import FunctionVersion
from eventsim.runtimes.inline import InlineRuntimes
from eventsim.types import (
    Destination,
    Document,
    EventInvokeConfig,
    Function,
    InvokeRequest,
    InvokeResult,
    Payload,
)

QUEUE = "arn:aws:sqs:us-east-1:123456789012:"
DLQ, FAILED, DONE = f"{QUEUE}dlq", f"{QUEUE}failed", f"{QUEUE}done"
REFUSES, SILENT = f"{QUEUE}refuses", f"{QUEUE}silent"
ENDS = ("event_succeeded", "event_discarded")


def config(**fields: Any) -> EventInvokeConfig:
    return EventInvokeConfig(**fields)


def works(event: Any, context: Any) -> Any:
    return {"done": event}


def fails(event: Any, context: Any) -> None:
    raise ValueError("boom")


@dataclass
class Kept:
    """A destination that keeps what it is sent last, or takes nothing."""

    arn: str
    documents: deque[Document] = field(default_factory=lambda: deque(maxlen=1_000))
    taken: int = 0

    async def send(self, document: Document) -> None:
        if self.arn == REFUSES:
            raise ServiceError("AccessDenied", "no")
        if self.arn == SILENT:
            raise Unreachable("gone")
        self.documents.append(document)
        self.taken += 1


@dataclass
class World:
    """What a test asks, and what happened."""

    clock: Clock
    queue: EventQueue
    invoker: LocalInvoker
    environments: Environments
    journal: Journal
    sink: MemorySink
    kept: dict[str, Kept]

    async def event(self, payload: Any = None, name: str = "f", **more: Any) -> InvokeResult:
        more.setdefault("request_id", "r")
        payload = Payload.of_bytes(json.dumps(payload).encode())
        request = InvokeRequest(name, payload, invocation_type="Event", **more)
        return await self.invoker.invoke(request)

    async def at(self, time: float) -> None:
        await self.clock.sleep_until(time)

    def told(self, *kinds: str) -> list[Entry]:
        return [entry for entry in self.sink.entries if entry.kind in kinds]

    def fields(self, kind: str) -> list[dict[str, Any]]:
        return [entry.fields for entry in self.told(kind)]

    def times(self, kind: str) -> list[float]:
        return [entry.time for entry in self.told(kind)]

    def documents(self, arn: str) -> list[Any]:
        """What a destination got, decoded."""
        return [json.loads(as_text(document)) for document in self.kept[arn].documents]


@asynccontextmanager
async def world(
    clock: Clock,
    *functions: Function,
    seed: int = 0,
    may_send: Callable[[FunctionVersion, str], None] = lambda target, arn: None,
    events_max: int = 1_000_000,
    settings: dict[str, Any] | None = None,
    into: Sink | None = None,
    detail: Detail = "batch",
) -> AsyncIterator[World]:
    """Leave when every event's fate is decided. *settings* are those of the environments.

    Entries go *into* a sink, if there is one, and else into memory.
    """
    sink = MemorySink()
    journal = Journal(clock, detail=detail, sinks=[into or sink])
    runtimes, chance = InlineRuntimes(clock), Chance(seed)
    environments = Environments(
        functions, runtimes, clock=clock, journal=journal, chance=chance, **(settings or {})
    )
    kept: dict[str, Kept] = {}

    def destination(arn: str) -> Destination:
        kept[arn] = Kept(arn)
        return kept[arn]

    try:
        async with anyio.create_task_group() as tasks:
            queue = EventQueue(
                environments,
                journal,
                tasks.start_soon,
                clock,
                chance,
                destination=destination,
                may_send=may_send,
                events_max=events_max,
            )
            invoker = LocalInvoker(environments, journal, queue.accept)
            yield World(clock, queue, invoker, environments, journal, sink, kept)
    finally:
        environments.close()
        runtimes.close()
