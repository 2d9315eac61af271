"""
A mapping on a simulated Kinesis stream, driven step by step in virtual time.

Everything but the function, its destination and the checkpoint store is what a run uses. What
happens is written into one history, in order: entries of the journal, the function's own account
of what it got and what it made of it, and the lives of the pollers that follow each other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

import anyio
from anyio.abc import TaskStatus

from eventsim.backends import Backend
from eventsim.clock import VirtualClock, VirtualLoop
from eventsim.errors import ServiceError
from eventsim.ids import Chance
from eventsim.journal import Entry, Journal
from eventsim.poller import Poller, Ports
from eventsim.sources import kinesis
from eventsim.sources._kinesis_simulated import SimulatedStream
from eventsim.streams import PutSummary
from eventsim.types import (
    Checkpoint,
    Document,
    EventSourceMapping,
    Position,
    PutRecord,
    Record,
    Resharding,
    TimedRecord,
)
from tests.poller_history import Function, Happening, Life, Put, Sent, Stored, Told
from tests.poller_laws import Laws

T = TypeVar("T")

START = datetime(2026, 1, 1, tzinfo=UTC)
HOURS_12 = 43_200.0
STUCK_ROUNDS = 20_000


class WatchedLoop(VirtualLoop):
    """A VirtualLoop that says so when time stands still."""

    def __init__(self) -> None:
        super().__init__()
        self._seen = (0.0, 0)

    def _run_once(self) -> None:
        now, since = self._seen
        if now != self.now:
            self._seen = (self.now, self.rounds)
        elif self.rounds - since > STUCK_ROUNDS:
            raise AssertionError(f"time stands still at {now}")
        super()._run_once()


class Store:
    """Checkpoints that take a while to be kept; what was set meanwhile is kept with them."""

    def __init__(self, clock: VirtualClock, seconds: float, history: list[Happening]) -> None:
        self._clock, self._seconds, self._history = clock, seconds, history
        self._began: float | None = None
        self._set: dict[str, Checkpoint] = {}
        self.kept: dict[str, Checkpoint] = {}

    async def begin(self, mapping: str, timestamp: float) -> float | None:
        before = self._began
        if before is None:
            self._began = timestamp
        return before

    def get(self, mapping: str, shard_id: str) -> Checkpoint | None:
        return self.kept.get(shard_id)

    async def set(self, mapping: str, shard_id: str, checkpoint: Checkpoint) -> None:
        self._set[shard_id] = checkpoint
        if self._seconds:
            await self._clock.sleep(self._seconds)
        self.kept[shard_id] = kept = self._set[shard_id]
        self._history.append(Stored(shard_id, kept))


@dataclass
class Destination:
    """A destination that refuses every third document, and takes its time for some."""

    clock: VirtualClock
    history: list[Happening]
    arn: str = "arn:aws:sqs:us-east-1:123456789012:failures"
    documents: int = 0

    async def send(self, document: Document) -> None:
        self.documents += 1
        accepted = self.documents % 3 > 0
        await self.clock.sleep(0.0 if self.documents % 2 else 0.5)
        self.history.append(Sent(document, accepted))
        if not accepted:
            raise ServiceError("AccessDenied", "not for you")


class HistorySink:
    """A journal's sink that keeps entries among everything else."""

    def __init__(self, history: list[Happening]) -> None:
        self._history = history

    def write(self, flat: dict[str, Any]) -> None:
        self._history.append(Entry.of(flat))

    def close(self) -> None:
        """Nothing to let go of."""


class World:
    """One stream, one mapping, one function, and the pollers that follow each other."""

    stream: SimulatedStream
    clock: VirtualClock

    def __init__(self, resource: kinesis.Resource, keeping_seconds: float, **settings: Any) -> None:
        self.loop = WatchedLoop()
        self.history: list[Happening] = []
        self.settings = settings
        self.retention_seconds = resource.retention_hours * 3600.0
        self.first_start: float | None = None
        self.parents: dict[str, tuple[str, ...]] = {}
        self.closed: dict[str, float] = {}
        self.put_since: set[int] = set()  # names of what was put after the first start
        self._names = 0
        self._feeding: list[asyncio.Task[None]] = []
        self._poller: Poller | None = None
        self._life: asyncio.Task[None] | None = None
        self.run(self._open(resource, keeping_seconds))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do one step; what was begun earlier goes on while it lasts."""
        return self.loop.run_until_complete(work)

    @property
    def polling(self) -> bool:
        return self._life is not None

    async def _open(self, resource: kinesis.Resource, keeping_seconds: float) -> None:
        self.clock = clock = VirtualClock(START)
        backend = Backend("simulated", clock, "123456789012", "us-east-1")
        stream = await kinesis.open_stream("orders", resource, backend, self._note_puts)
        assert isinstance(stream, SimulatedStream)
        self.stream = stream
        stream.on_reshard(self._note_reshard)
        self.store = Store(clock, keeping_seconds, self.history)
        self.mapping = EventSourceMapping("f.E", "orders", stream.arn, "f", **self.settings)
        self.function = Function(clock, self.mapping, self.history)
        self.ports = Ports(
            invoker=self.function,
            journal=Journal(clock, sinks=[HistorySink(self.history)]),
            clock=clock,
            chance=Chance(0),
            checkpoints=self.store,
            role_arn="arn:aws:iam::123456789012:role/r",
            on_checkpoint=lambda _, shard_id, number: stream.consumed(shard_id, number),
            matches=wanted if self.mapping.filters else None,
            destination=Destination(clock, self.history),
        )

    def _note_puts(self, put: PutSummary) -> None:
        """Look at what the stream has just taken, before anybody else does."""
        store = self.stream.store
        position = Position("AT_SEQUENCE_NUMBER", put.first)
        iterator = store.get_shard_iterator(put.shard_id, position)
        for record in store.get_records(iterator, put.records).records:
            name, fate = record.data.split(b":")
            number, key = int(record.sequence_number), record.partition_key
            told = Told(number, put.shard_id, key, int(name), fate.decode(), record.arrival)
            self.history.append(told)

    def _record(self, put: Put) -> PutRecord:
        self._names += 1
        if self.first_start is not None:
            self.put_since.add(self._names)
        return PutRecord(put.key, f"{self._names}:{put.fate}".encode())

    async def put(self, puts: Sequence[Put]) -> None:
        await self.stream.put([self._record(put) for put in puts])

    async def feed(self, puts: Sequence[tuple[float, Put]]) -> None:
        """Let records come by and by, each so many seconds after the one before."""
        time, coming = self.clock.time(), []
        for gap, put in puts:
            time += gap
            coming.append(TimedRecord(time, self._record(put)))
        self._feeding.append(self.loop.create_task(self.stream.feed(iter(coming))))

    async def wait(self, seconds: float) -> None:
        """Let time pass; the stream is looked at before anything can expire unseen."""
        end = self.clock.time() + seconds
        while self.clock.time() < end:
            await self.clock.sleep_until(min(end, self.clock.time() + HOURS_12))
            self.stream.store.settle()

    async def split(self, which: int) -> None:
        """Split one of the open shards."""
        shards = await self._open_shards()
        await self.stream.split(shards[which % len(shards)])

    async def merge(self, which: int) -> None:
        """Merge two shards that are next to each other, if there are two."""
        shards = await self._open_shards()
        if len(shards) > 1:
            place = which % (len(shards) - 1)
            await self.stream.merge(shards[place], shards[place + 1])

    async def _open_shards(self) -> list[str]:
        """Those that can be written to, by their hash keys."""
        listed = await self.stream.shards()
        shards = [shard.shard_id for shard in listed if shard.shard_id not in self.closed]
        return sorted(shards, key=self.stream.store.hash_keys)

    def _note_reshard(self, change: Resharding) -> None:
        self.parents.update(dict.fromkeys(change.children, change.parents))
        self.closed.update(dict.fromkeys(change.parents, self.clock.time()))

    async def enable(self, puts: Sequence[Put] = ()) -> None:
        """Start a poller, and put these at the very moment that it has started."""
        poller = Poller(self.mapping, kinesis, self.stream, self.ports)
        started = anyio.Event()
        self._poller = poller
        self._life = self.loop.create_task(self._live(poller, partial(self._note_start, started)))
        await started.wait()
        if self._life.done():
            await self._life
        now = self.clock.time()
        await self.stream.feed(iter([TimedRecord(now, self._record(put)) for put in puts]))

    def _note_start(self, started: anyio.Event) -> None:
        self.history.append(Life("started", self.clock.time()))
        if self.first_start is None:
            self.first_start = self.clock.time()
        started.set()

    async def _live(self, poller: Poller, note: Any) -> None:
        try:
            await poller.run(task_status=_Status(note))
        except asyncio.CancelledError:
            self.history.append(Life("crashed", self.clock.time()))
            raise
        self.history.append(Life("over", self.clock.time()))

    async def disable(self) -> None:
        """Ask the poller to stop, and wait until it has."""
        assert self._poller is not None
        assert self._life is not None
        self.history.append(Life("stopping", self.clock.time()))
        self._poller.stop()
        await self._life
        self._life = None

    async def crash(self) -> None:
        """End the poller where it stands."""
        assert self._life is not None
        self._life.cancel()
        await asyncio.wait([self._life])
        self._life = None

    async def finish(self) -> None:
        """Let the function be well again, and wait until everything is dealt with."""
        self.function.script.clear()
        if self._feeding:
            await asyncio.wait(self._feeding)
        if not self.polling:
            await self.enable()
        self.stream.finish()
        assert self._life is not None
        with self.clock.move_on_at(self.clock.time() + 4 * 86_400.0) as scope:
            await asyncio.shield(self._life)
        assert not scope.cancelled_caught, "the poller never ends"
        self._life = None

    def hold_laws(self) -> None:
        """Raises AssertionError when anything that happened breaks a law."""
        laws = Laws(
            self.mapping,
            self.parents,
            self.closed,
            self.retention_seconds,
            START.timestamp(),
            self._is_wanted,
        )
        laws.hold(self.history)
        laws.at_the_end()

    def _is_wanted(self, told: Told) -> bool | None:
        """Whether the starting position has the record; None for LATEST's own millisecond."""
        assert self.first_start is not None
        start = START.timestamp() + self.first_start
        match self.mapping.starting_position:
            case "AT_TIMESTAMP":
                return told.arrival >= (self.mapping.starting_position_timestamp or 0.0)
            case "LATEST" if told.name not in self.put_since and told.arrival <= start:
                return None if told.arrival > start - 0.001 else False
        return True

    def close(self) -> None:
        """End whatever is still at work."""

        async def end() -> None:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            if others:
                await asyncio.wait(others)

        self.run(end())
        self.loop.close()


def wanted(record: Record) -> bool:
    """The filter: whether a record is one for the function."""
    return not record.data.endswith(b":skip")


class _Status(TaskStatus[None]):
    def __init__(self, note: Any) -> None:
        self._note = note

    def started(self, value: None = None) -> None:
        self._note()
