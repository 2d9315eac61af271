"""A mapping on a simulated queue with a function of the test's own, and what it did."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from eventsim.backends import Backend, open_backend
from eventsim.checkpoints import MemoryCheckpoints
from eventsim.clock import Clock
from eventsim.ids import Chance
from eventsim.journal import Entry, Journal
from eventsim.journal.sinks import MemorySink
from eventsim.poller import Ports
from eventsim.poller.queue import QueuePoller
from eventsim.sources import sqs
from eventsim.types import (
    EventSourceMapping,
    InvokeRequest,
    InvokeResult,
    Message,
    Queue,
    SendMessage,
)

OK = InvokeResult(200, b"null")
ERROR = InvokeResult(200, b"{}", function_error="Unhandled")
PARTIAL = ("ReportBatchItemFailures",)


class Call(NamedTuple):
    """One invocation: when, and the bodies it got."""

    time: float
    bodies: list[str]


Answer = Callable[[list[dict[str, Any]]], InvokeResult]


def said(failed: Sequence[str]) -> InvokeResult:
    """A partial batch response that names these messages."""
    items = [{"itemIdentifier": each} for each in failed]
    return InvokeResult(200, orjson.dumps({"batchItemFailures": items}))


def to(group: str, *bodies: str) -> list[SendMessage]:
    """Messages of one group of a FIFO queue."""
    return [
        SendMessage(body, message_group_id=group, message_deduplication_id=body[:20])
        for body in bodies
    ]


def bodies(*numbers: int) -> list[str]:
    """Bodies that are numbers."""
    return [str(number) for number in numbers]


def messages(*numbers: int) -> list[SendMessage]:
    """Messages with such bodies."""
    return [SendMessage(body) for body in bodies(*numbers)]


@dataclass
class Bench:
    """Queues by name, and a function that answers as the test says."""

    clock: Clock
    answer: Answer = lambda records: OK
    duration: float = 0.0
    timeout: float = 3.0
    calls: list[Call] = field(default_factory=list)
    ended: list[Call] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    most_at_once: int = 0
    sink: MemorySink = field(default_factory=MemorySink)
    queues: dict[str, Queue] = field(default_factory=dict)
    matches: Callable[[Message], bool] | None = None
    _running: int = 0

    async def open(self, **resources: dict[str, Any]) -> Queue:
        """Open queues; return the first one. ``dlq_fifo`` is written for ``dlq.fifo``."""
        backend: Backend = await open_backend("simulated", self.clock)
        named = {name.replace("_", "."): sqs.Resource(**each) for name, each in resources.items()}
        self.queues = await sqs.open_queues(named, backend, Chance(1))
        return next(iter(self.queues.values()))

    async def invoke(self, request: InvokeRequest) -> InvokeResult:
        event = request.payload.value()
        assert request.payload.size == len(orjson.dumps(event))
        records = event["Records"]
        call = Call(self.clock.time(), [record["body"] for record in records])
        self.calls.append(call)
        self.events.append(event)
        self._running += 1
        self.most_at_once = max(self.most_at_once, self._running)
        try:
            await self.clock.sleep(self.duration)
            return self.answer(records)
        finally:
            self._running -= 1
            self.ended.append(call)

    def poller(self, queue: Queue, **settings: Any) -> QueuePoller:
        settings.setdefault("batch_size", 10)
        name = queue.arn.rpartition(":")[2]
        mapping = EventSourceMapping("f.E", name, queue.arn, "f", **settings)
        ports = Ports(
            invoker=self,
            journal=Journal(self.clock, sinks=[self.sink]),
            clock=self.clock,
            chance=Chance(0),
            checkpoints=MemoryCheckpoints(),
            role_arn="arn:aws:iam::123456789012:role/r",
            matches=self.matches,
        )
        return QueuePoller(mapping, sqs, queue, ports, function_timeout=self.timeout)

    async def poll(self, queue: Queue, **settings: Any) -> None:
        """Run a mapping until every queue has ended."""
        for each in self.queues.values():
            each.finish()
        await self.poller(queue, **settings).run()

    def told(self, *kinds: str) -> list[Entry]:
        return [entry for entry in self.sink.entries if entry.kind in kinds]

    async def bodies_left(self, name: str) -> list[str]:
        """What can be received from a queue now; it is taken out."""
        queue, bodies = self.queues[name], list[str]()
        while messages := (await queue.receive(10, self.clock.time())).messages:
            bodies += [message.body for message in messages]
            await queue.delete([message.receipt_handle for message in messages])
        return bodies


class Throttled:
    """An invoker that is in the way of the bench for a while."""

    def __init__(self, bench: Bench, until: float, error: type[Exception]) -> None:
        self.bench, self.until, self.error = bench, until, error
        self.tries: list[tuple[float, str]] = []

    async def invoke(self, request: InvokeRequest) -> InvokeResult:
        self.tries.append((self.bench.clock.time(), request.request_id))
        if self.bench.clock.time() < self.until:
            raise self.error("Rate Exceeded.")
        return await Bench.invoke(self.bench, request)
