"""
A bench for pollers: a stream that is written in full before it is read, a function, a journal.

The reader, the source and the invoker here are small ones made for tests: the poller knows
nothing of Kinesis, and takes anything that keeps the same promises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import anyio
import orjson

from eventsim.checkpoints import MemoryCheckpoints
from eventsim.clock import Clock
from eventsim.ids import Chance
from eventsim.journal import Entry, Journal
from eventsim.journal.sinks import MemorySink
from eventsim.poller import Poller, Ports
from eventsim.types import (
    Destination,
    Document,
    EventSourceMapping,
    InvokeRequest,
    InvokeResult,
    Origin,
    Position,
    PutRecord,
    Read,
    Reader,
    Record,
    Shard,
    TimedRecord,
)

OK = InvokeResult(200, b"null")
ERROR = InvokeResult(200, b"{}", function_error="Unhandled")
REPORTS = ("ReportBatchItemFailures",)

Event = dict[str, Any]
Answer = Callable[[Event], InvokeResult]


class Arrival(NamedTuple):
    time: float
    number: int
    size: int = 1
    key: str = "k"


class Call(NamedTuple):
    time: float
    shard: str
    numbers: list[int]


class PlainSource:
    """Events are lists of sequence numbers; a record is as large as it says."""

    BATCH_INFO = "PlainBatchInfo"
    ARRIVAL_TIMESPEC = "milliseconds"

    def event(self, records: Sequence[Record], origin: Origin) -> Event:
        return {"shard": origin.shard_id, "numbers": [int(r.sequence_number) for r in records]}

    def encoded_size(self, records: Sequence[Record], origin: Origin) -> int:
        return sum(record.data for record in records)

    encoded_size_at_most = encoded_size


class ArrivalsReader:
    """Reads each record when it arrives, and ends after the last."""

    def __init__(
        self, clock: Clock, arrivals: Sequence[Arrival], position: Position, closed: bool
    ) -> None:
        self._clock, self._closed = clock, closed
        self._start = clock.timestamp() - clock.time()
        self._coming = [a for a in arrivals if self._wants(a, position)]

    def _wants(self, arrival: Arrival, position: Position) -> bool:
        if position.timestamp is not None:
            return self._start + arrival.time >= position.timestamp
        if position.type == "LATEST":
            return arrival.time >= self._clock.time()
        return arrival.number > int(position.sequence_number or -1)

    async def read(self, until: float | None) -> Read:
        if not self._coming:
            return Read((), ended=True, closed=self._closed)
        at = self._coming[0].time
        await self._clock.sleep_until(at if until is None else min(at, until))
        here = [a for a in self._coming if a.time <= self._clock.time()]
        self._coming = self._coming[len(here) :]
        records = [Record(str(a.number), a.key, a.size, self._start + a.time) for a in here]
        ended = not self._coming
        return Read(records, ended=ended, closed=ended and self._closed)


@dataclass
class ArrivalsStream:
    """A stream that is written in full before it is read; a shard that is a parent is closed."""

    clock: Clock
    shard_arrivals: Mapping[str, Sequence[Arrival]]
    parents: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    arn: str = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"
    retention_seconds: float = 86_400.0

    async def put(self, records: Sequence[PutRecord]) -> None:
        raise AssertionError("this stream is read only")

    async def feed(self, records: Iterator[TimedRecord]) -> None:
        raise AssertionError("this stream is read only")

    async def shards(self) -> Sequence[Shard]:
        return [Shard(shard_id, self.parents.get(shard_id, ())) for shard_id in self.shard_arrivals]

    def reader(self, shard_id: str, position: Position) -> Reader:
        closed = any(shard_id in parents for parents in self.parents.values())
        return ArrivalsReader(self.clock, self.shard_arrivals[shard_id], position, closed)

    def finish(self) -> None: ...

    def consumed(self, shard_id: str, sequence_number: str) -> None: ...


@dataclass
class Bench:
    """Pollers on arrivals, one after the other, and what they did.

    An invocation takes ``duration`` seconds, or as long as the slowest of its records in ``slow``.
    """

    clock: Clock
    answer: Answer = lambda event: OK
    duration: float = 0.0
    slow: Mapping[int, float] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    requests: list[InvokeRequest] = field(default_factory=list)
    checkpoints: MemoryCheckpoints = field(default_factory=MemoryCheckpoints)
    sink: MemorySink = field(default_factory=MemorySink)
    retention_seconds: float = 86_400.0
    matches: Callable[[Record], bool] | None = None
    destination: Destination | None = None
    running: int = 0
    most_running: int = 0

    async def invoke(self, request: InvokeRequest) -> InvokeResult:
        event = request.payload.value()
        numbers = event["numbers"]
        self.calls.append(Call(self.clock.time(), event["shard"], numbers))
        self.events.append(event)
        self.requests.append(request)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        await self.clock.sleep(max([self.duration, *(self.slow.get(n, 0.0) for n in numbers)]))
        self.running -= 1
        return self.answer(event)

    def poller(
        self,
        arrivals: Mapping[str, Sequence[Arrival]],
        parents: Mapping[str, tuple[str, ...]] | None = None,
        **settings: Any,
    ) -> Poller:
        """A poller that goes on where the last one stood."""
        stream = ArrivalsStream(
            self.clock, arrivals, parents or {}, retention_seconds=self.retention_seconds
        )
        mapping = EventSourceMapping("f.E", "orders", stream.arn, "f", **settings)
        ports = Ports(
            invoker=self,
            journal=Journal(self.clock, sinks=[self.sink]),
            clock=self.clock,
            chance=Chance(0),
            checkpoints=self.checkpoints,
            role_arn="arn:aws:iam::123456789012:role/r",
            matches=self.matches,
            destination=self.destination,
        )
        return Poller(mapping, PlainSource(), stream, ports)

    async def poll(
        self,
        arrivals: Mapping[str, Sequence[Arrival]],
        parents: Mapping[str, tuple[str, ...]] | None = None,
        **settings: Any,
    ) -> None:
        """Poll until the stream has ended."""
        await self.poller(arrivals, parents, **settings).run()

    async def poll_until(
        self,
        time: float,
        arrivals: Mapping[str, Sequence[Arrival]],
        parents: Mapping[str, tuple[str, ...]] | None = None,
        **settings: Any,
    ) -> None:
        """Poll until the mapping is disabled at that time, and what is in flight has ended."""
        poller = self.poller(arrivals, parents, **settings)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(poller.run)
            await self.clock.sleep_until(time)
            poller.stop()

    def told(self, kind: str) -> list[Entry]:
        return [entry for entry in self.sink.entries if entry.kind == kind]

    def checkpoints_told(self) -> list[tuple[float, str]]:
        """When each checkpoint was reached."""
        entries = self.told("checkpoint_advanced")
        return [(entry.time, entry.fields["sequence_number"]) for entry in entries]

    @property
    def numbers(self) -> list[list[int]]:
        """The records of each invocation, in the order of their beginnings."""
        return [call.numbers for call in self.calls]


@dataclass
class SlowDestination:
    """A destination that takes so long for each document."""

    clock: Clock
    seconds: float
    arn: str = "arn:aws:sqs:eu-west-1:123456789012:failures"

    async def send(self, document: Document) -> None:
        await self.clock.sleep(self.seconds)


def arrivals(*times: float) -> list[Arrival]:
    """One record at each of these times, numbered from 1."""
    return [Arrival(time, number) for number, time in enumerate(times, start=1)]


def keyed(*keys: str, time: float = 0.0) -> list[Arrival]:
    """One record of each of these keys, all at once, numbered from 1."""
    return [Arrival(time, number, key=key) for number, key in enumerate(keys, start=1)]


def failing_on(*poison: int) -> Answer:
    """A function that fails whenever one of these records is in its event."""
    return lambda event: ERROR if set(poison) & set(event["numbers"]) else OK


def answers(*results: InvokeResult) -> Answer:
    """A function that gives these answers, one after the other."""
    coming = iter(results)
    return lambda event: next(coming)


def returning(value: Any) -> InvokeResult:
    """The answer of a function that returned *value*."""
    return InvokeResult(200, orjson.dumps(value))


def item_failures(*identifiers: Any) -> InvokeResult:
    """A partial batch response that names these."""
    return returning({"batchItemFailures": [{"itemIdentifier": each} for each in identifiers]})
