"""
The simulated stream as writers and readers see it.

A reader asks at ticks, one interval apart from when it was made, and again at once while records
are waiting. It does not make the requests that would bring nothing: it sleeps to the first tick
at or after the next arrival, and counts those that AWS would have made in between.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import floor, inf
from typing import NamedTuple

import anyio

from eventsim.backends import Backend
from eventsim.clock import Clock
from eventsim.errors import ServiceError
from eventsim.sources._ahead import Ahead
from eventsim.sources._changes import changed
from eventsim.sources._kinesis_fan_out import Consumer
from eventsim.sources._ticks import Ticks
from eventsim.streams import OnPut
from eventsim.streams.kinesis import GetRecords, KinesisStream, ShardIterator
from eventsim.types import (
    OnReshard,
    Position,
    PutRecord,
    Read,
    Resharding,
    Shard,
    TimedRecord,
    Trimmed,
)

LOOK_AHEAD_SECONDS = 3_600.0
THROTTLED_SECONDS = 0.2


class SimulatedStream:
    """A simulated Kinesis stream. Where a record goes is settled in ``streams/``.

    Its consumers were registered when it was made.
    """

    def __init__(
        self,
        name: str,
        backend: Backend,
        *,
        shard_count: int,
        retention_hours: int,
        release_consumed: bool,
        limits: bool,
        consumers: Sequence[str],
        poll_interval: float,
        on_put: OnPut,
    ) -> None:
        self.store = KinesisStream(
            name,
            shard_count,
            backend.clock,
            account=backend.account,
            region=backend.region,
            retention_hours=retention_hours,
            release_consumed=release_consumed,
            limits=limits,
            on_put=on_put,
        )
        self.arn = self.store.arn
        self.retention_seconds = self.store.retention_seconds
        self._clock = backend.clock
        self._poll_interval = poll_interval
        self._writing = anyio.Lock()
        created = backend.clock.timestamp()
        self._consumers = {
            consumer: Consumer(self, self.store, consumer, created, self._clock)
            for consumer in consumers
        }

    async def put(self, records: Sequence[PutRecord]) -> None:
        """Put records now; those that are throttled follow, in order, when the shard has room."""
        async with self._writing:
            while True:
                puts = self.store.put_records(records)
                records = [
                    record
                    for record, put in zip(records, puts, strict=True)
                    if put.error_code is not None
                ]
                if not records:
                    return
                await self._clock.sleep_until(floor(self._clock.time()) + 1.0)

    async def feed(self, records: Iterator[TimedRecord]) -> None:
        """Put records at their times, told to the stream up to an hour and 1,000 ahead."""
        ahead = Ahead(records)
        while (first := ahead.next_time()) is not None:
            if first - LOOK_AHEAD_SECONDS > self._clock.time():
                await self._clock.sleep_until(first - LOOK_AHEAD_SECONDS)
            chunk = ahead.take(self._clock.time() + LOOK_AHEAD_SECONDS)
            self.store.schedule(chunk)
            await self._clock.sleep_until(chunk[-1].time)
            self.store.settle()

    async def shards(self) -> Sequence[Shard]:
        return self.store.shards()

    def reader(self, shard_id: str, position: Position) -> SimulatedReader:
        return SimulatedReader(self.store, shard_id, position, self._clock, self._poll_interval)

    def consumer(self, name: str) -> Consumer:
        """The stream as it is pushed to that consumer."""
        consumer = self._consumers.get(name)
        if consumer is None:
            place = f"under stream: {self.store.name}, account {self.store.account}"
            raise ServiceError("ResourceNotFoundException", f"Consumer {name} {place} not found.")
        return consumer

    async def split(self, shard_id: str, new_starting_hash_key: int | None = None) -> Resharding:
        """Split a shard at once; what is being put by now comes before it."""
        async with self._writing:
            return self.store.split(shard_id, new_starting_hash_key)

    async def merge(self, shard_id: str, adjacent_shard_id: str) -> Resharding:
        """Merge two shards at once; what is being put by now comes before it."""
        async with self._writing:
            return self.store.merge(shard_id, adjacent_shard_id)

    def on_reshard(self, tell: OnReshard) -> None:
        self.store.on_reshard = tell

    async def delete(self) -> None:
        """Delete the stream; what is being put by now comes before it."""
        async with self._writing:
            self.store.delete()

    def finish(self) -> None:
        self.store.settle()
        self.store.close()

    def consumed(self, shard_id: str, sequence_number: str) -> None:
        self.store.consumed(shard_id, sequence_number)


class _Waited(NamedTuple):
    """How a wait ended: at a tick that is worth a poll or not, after so many that were not."""

    due: bool
    polls: int


class SimulatedReader:
    """Reads one shard at the cadence of a poller, and sleeps where a poller would find nothing."""

    def __init__(
        self,
        store: KinesisStream,
        shard_id: str,
        position: Position,
        clock: Clock,
        interval: float,
    ) -> None:
        self._store, self._shard_id, self._clock = store, shard_id, clock
        self._ticks = Ticks(clock.time(), interval)
        self._position: Position | None = position
        self._iterator = ShardIterator(shard_id, "", 0.0)
        self._next = 1  # the first tick not yet used, counted from the start
        self._due = True

    async def read(self, until: float | None) -> Read:
        """Return the next records, or none when the clock reaches *until* first.

        A poll that would fall on *until* is not made. Raises ServiceError when there is no such
        shard or position.
        """
        deadline = inf if until is None else until
        polls = 0
        while True:
            if not self._due:
                waited = await self._wait(deadline)
                polls += waited.polls
                if not waited.due:
                    trimmed = self._skip_trimmed()
                    return Read((), polls, 0.0, self._store.ended(self._iterator), trimmed)
            elif self._clock.time() >= deadline:
                return Read((), polls)
            else:
                self._next = max(self._next, self._ticks.after(self._clock.time()))
            polls += 1
            trimmed = self._skip_trimmed()
            answer = self._get_records()
            if answer is None and trimmed is None:
                await self._clock.sleep_until(min(deadline, self._clock.time() + THROTTLED_SECONDS))
            elif answer is None:
                return Read((), polls, trimmed=trimmed)
            elif trimmed or answer.records or answer.next_iterator is None:
                ended, closed = answer.next_iterator is None, bool(answer.child_shards)
                return Read(answer.records, polls, answer.behind, ended, trimmed, closed)

    def _skip_trimmed(self) -> Trimmed | None:
        """What was lost to the retention since the last read; the iterator is past it now."""
        if self._position is not None:
            return None
        self._store.settle()
        trimmed = self._store.trimmed(self._iterator)
        if trimmed is not None:
            self._iterator = self._store.skip(self._iterator)
        return trimmed

    def _get_records(self) -> GetRecords | None:
        """Poll once; None when the shard is throttled, which makes the next poll due at once."""
        if self._position is not None:
            self._iterator = self._store.get_shard_iterator(self._shard_id, self._position)
            self._position = None
        try:
            answer = self._store.get_records(self._iterator)
        except ServiceError as error:
            if error.code == "ExpiredIteratorException":
                self._iterator = self._iterator._replace(issued=self._clock.time())
                return self._get_records()  # a fresh one, AFTER_SEQUENCE_NUMBER of the last read
            if error.code != "ProvisionedThroughputExceededException":
                raise
            self._due = True
            return None
        if answer.next_iterator is not None:
            self._iterator = answer.next_iterator
        elif answer.records:
            self._iterator = self._iterator._replace(after=answer.records[-1].sequence_number)
        self._due = answer.behind > 0
        return answer

    async def _wait(self, deadline: float) -> _Waited:
        """Sleep to the first tick with something to read, but no further than *deadline*."""
        clock, store, iterator = self._clock, self._store, self._iterator
        first = earliest = max(self._next, self._ticks.at_or_after(clock.time()))
        while not store.ended(iterator):
            arrival = store.next_arrival(iterator)
            tick = inf if arrival is None else max(earliest, self._ticks.at_or_after(arrival))
            due = self._ticks.time(tick)
            settled = due < deadline and tick == earliest  # nothing can make it come earlier
            if not settled and await changed(store, self._shard_id, clock, min(due, deadline)):
                earliest = max(first, self._ticks.at_or_after(clock.time()))
                continue
            if due >= deadline:
                return self._skip(first, deadline)
            if due > clock.time():
                await clock.sleep_until(due)
            return self._at_tick(first, int(tick))
        return self._skip(first, clock.time())

    def _at_tick(self, first: int, tick: int) -> _Waited:
        self._next = tick + 1
        return _Waited(True, tick - first)

    def _skip(self, first: int, time: float) -> _Waited:
        """Count the polls from tick *first* until *time*, all of them empty."""
        tick = max(first, self._ticks.at_or_after(time))
        self._next = tick
        return _Waited(False, tick - first)
