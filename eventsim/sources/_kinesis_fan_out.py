"""
Enhanced fan-out of a simulated stream: nobody asks, records are pushed.

https://docs.aws.amazon.com/streams/latest/dev/enhanced-consumers.html
(A consumer has 2 MiB a second of each shard to itself. Records are there after 70 ms on average;
a subscription lasts for 5 minutes, and whoever wants more subscribes again behind the last one.)

A push comes 70 ms after the arrival of the first record that was not pushed yet, and takes with it
whatever has arrived by then. KPL aggregates are taken apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf

from eventsim.clock import Clock
from eventsim.rules import kinesis as rules
from eventsim.rules import kpl
from eventsim.sources._changes import changed
from eventsim.streams.kinesis import KinesisStream, ShardIterator
from eventsim.types import Position, PutRecord, Read, Record, Shard, Stream, TimedRecord, Trimmed

PUSH_SECONDS = 0.07
SUBSCRIPTION_SECONDS = 300.0


class Consumer:
    """A stream as it is pushed to one of its consumers: everything else is the stream's own.

    With the stream's ``limits``, each shard sends it 2 MiB a second, whoever else reads there.
    """

    def __init__(
        self, stream: Stream, store: KinesisStream, name: str, created: float, clock: Clock
    ) -> None:
        self.arn = rules.consumer_arn(stream.arn, name, created)
        self.name, self.created = name, created
        self.retention_seconds = stream.retention_seconds
        self._stream, self._store, self._clock = stream, store, clock
        self._free_at: dict[str, float] = {}

    async def put(self, records: Sequence[PutRecord]) -> None:
        await self._stream.put(records)

    async def feed(self, records: Iterator[TimedRecord]) -> None:
        await self._stream.feed(records)

    async def shards(self) -> Sequence[Shard]:
        return await self._stream.shards()

    def reader(self, shard_id: str, position: Position) -> PushedReader:
        return PushedReader(self._store, shard_id, position, self._clock, self._free_at)

    def finish(self) -> None:
        self._stream.finish()

    def consumed(self, shard_id: str, sequence_number: str) -> None:
        self._stream.consumed(shard_id, sequence_number)


class PushedReader:
    """Receives one shard's records, oldest first, each exactly once; makes no requests.

    The records of an aggregate have its sequence number, and are never in two reads.
    """

    def __init__(
        self,
        store: KinesisStream,
        shard_id: str,
        position: Position,
        clock: Clock,
        free_at: dict[str, float],
    ) -> None:
        self._store, self._shard_id, self._clock = store, shard_id, clock
        self._position: Position | None = position
        self._iterator = ShardIterator(shard_id, "", 0.0)
        self._subscribed = 0.0
        self._free_at = free_at  # by shard: when the consumer's 2 MiB a second allow a push
        if position.type == "LATEST":
            self._subscribe()  # what comes before the first read is not to be missed

    async def read(self, until: float | None) -> Read:
        """Return the next records, or none when the clock reaches *until* first.

        A push that would come at *until* is left for the next read. Raises ServiceError when
        there is no such shard or position, or when the stream was deleted.
        """
        deadline = inf if until is None else until
        clock, store = self._clock, self._store
        while True:
            self._subscribe()
            trimmed = self._skip_trimmed()
            if trimmed is not None:
                return Read((), 0, trimmed=trimmed)
            if store.ended(self._iterator):
                return Read((), 0, ended=True)
            due, now = self._due(), clock.time()
            if now >= deadline:
                return Read((), 0)
            if due <= now:
                read = self._take()
                if read.records or read.ended or read.dropped:
                    return read
            elif store.next_arrival(self._iterator) == -inf:
                await clock.sleep_until(min(due, deadline))  # nothing can come before it
            else:
                await changed(store, self._shard_id, clock, min(due, deadline))

    def _subscribe(self) -> None:
        """Begin at the position, and again every five minutes, behind what was pushed."""
        now = self._clock.time()
        if self._position is not None:
            self._iterator = self._store.get_shard_iterator(self._shard_id, self._position)
            self._position, self._subscribed = None, now
        elif now - self._subscribed >= SUBSCRIPTION_SECONDS:
            self._iterator = self._iterator._replace(issued=now)
            self._subscribed = now

    def _skip_trimmed(self) -> Trimmed | None:
        """What was lost to the retention since the last push; the iterator is past it now."""
        trimmed = self._store.trimmed(self._iterator)
        if trimmed is not None:
            self._iterator = self._store.skip(self._iterator)
        return trimmed

    def _due(self) -> float:
        """When the next push comes: without a record known, at the shard's end or never."""
        arrival = self._store.arrival(self._iterator)
        if arrival is None:
            return self._store.next_arrival(self._iterator) or inf
        return max(round(arrival + PUSH_SECONDS, 6), self._free_at.get(self._shard_id, 0.0))

    def _take(self) -> Read:
        answer = self._store.push(self._iterator)
        if answer.next_iterator is not None:
            self._iterator = answer.next_iterator
        elif answer.records:
            self._iterator = self._iterator._replace(after=answer.records[-1].sequence_number)
        if self._store.limits and answer.records:
            seconds = sum(map(rules.record_size, answer.records)) / rules.READ_BYTES_PER_SECOND
            self._free_at[self._shard_id] = round(self._clock.time() + seconds, 6)
        ended, closed = answer.next_iterator is None, bool(answer.child_shards)
        records, dropped = self._taken_apart(answer.records)
        return Read(records, 0, answer.behind, ended=ended, closed=closed, dropped=dropped)

    def _taken_apart(self, records: Sequence[Record]) -> tuple[Sequence[Record], Trimmed | None]:
        """What is delivered, and which aggregates are not: those packed for other shards."""
        if not any(kpl.is_aggregate(record.data) for record in records):
            return records, None
        keys = self._store.hash_keys(self._shard_id)
        apart = [(record, kpl.deaggregated(record, keys)) for record in records]
        others = [record.sequence_number for record, found in apart if not found]
        dropped = Trimmed(others[0], others[-1], len(others)) if others else None
        return [inner for _, found in apart for inner in found], dropped
