"""The simulated stream as writers and readers see it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import floor

import anyio

from eventsim.backends import Backend
from eventsim.errors import ServiceError
from eventsim.sources._ahead import Ahead
from eventsim.sources._kinesis_fan_out import Consumer
from eventsim.sources._simulated_reader import SimulatedReader
from eventsim.streams import OnPut
from eventsim.streams.kinesis import KinesisStream
from eventsim.types import (
    OnReshard,
    Position,
    PutRecord,
    Resharding,
    Shard,
    TimedRecord,
)

LOOK_AHEAD_SECONDS = 3_600.0


class SimulatedStream:
    """A simulated Kinesis stream. Where a record goes is settled in ``streams/``.

    Its ``consumers`` are known by their names.
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
        self.consumers: dict[str, Consumer] = {}
        for consumer in consumers:
            self.register(consumer)

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
        consumer = self.consumers.get(name)
        if consumer is None:
            place = f"under stream: {self.store.name}, account {self.store.account}"
            raise ServiceError("ResourceNotFoundException", f"Consumer {name} {place} not found.")
        return consumer

    def register(self, name: str) -> Consumer:
        """Let there be one more consumer, of a name that no other has."""
        created = self._clock.timestamp()
        made = self.consumers[name] = Consumer(self, self.store, name, created, self._clock)
        return made

    def retain(self, hours: int) -> None:
        """Keep records for so long from now on."""
        self.retention_seconds = self.store.retention_seconds = hours * 3600.0
        for consumer in self.consumers.values():
            consumer.retention_seconds = self.retention_seconds

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
