"""Ticks: a source that makes its own records, one every so many seconds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil, floor
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field

from eventsim import (
    EventsimError,
    MappingKind,
    Origin,
    Position,
    PutRecord,
    Read,
    Record,
    Shard,
    TimedRecord,
)
from eventsim.backends import Backend
from eventsim.streams import OnPut, PutSummary

MAPPING = MappingKind("Ticks")
BATCH_INFO = "TicksBatchInfo"
ARRIVAL_TIMESPEC = "milliseconds"
SHARD_ID = "tick-0"


class Resource(BaseModel):
    """``beats: {type: outside.ticks, every: 10, count: 6}``; ``every`` is in seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    every: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 60.0
    count: Annotated[int, Field(ge=0)]


def event(records: Sequence[Record], origin: Origin) -> dict[str, Any]:
    """The event of a batch, built afresh."""
    ticks = [{"number": record.data, "at": record.arrival} for record in records]
    return {"source": origin.arn, "ticks": ticks}


def encoded_size(records: Sequence[Record], origin: Origin) -> int:
    """How many bytes ``event`` of the same arguments has as compact JSON."""
    return len(orjson.dumps(event(records, origin)))


encoded_size_at_most = encoded_size  # a bound that is found faster is worth it for large records


async def open_stream(name: str, resource: Resource, backend: Backend, on_put: OnPut) -> Ticks:
    """The stream *name*; it asks nothing of the back end but its clock and where it is."""
    return Ticks(name, resource, backend, on_put)


class Ticks:
    """A stream of one shard; tick *n* arrives ``n * every`` seconds after the run began."""

    def __init__(self, name: str, resource: Resource, backend: Backend, on_put: OnPut) -> None:
        self.arn = f"arn:aws:ticks:{backend.region}:{backend.account}:{name}"
        self.retention_seconds = 86_400.0
        self.every, self.count, self.clock = resource.every, resource.count, backend.clock
        self.epoch = self.clock.timestamp() - self.clock.time()
        self._on_put, self._told = on_put, 0

    async def put(self, records: Sequence[PutRecord]) -> None:
        raise EventsimError(f"{self.arn} makes its own records; put them on another stream")

    async def feed(self, records: Iterator[TimedRecord]) -> None:
        await self.put(())

    async def shards(self) -> Sequence[Shard]:
        return [Shard(SHARD_ID)]

    def reader(self, shard_id: str, position: Position) -> TicksReader:
        return TicksReader(self, self._first(position))

    def finish(self) -> None:
        """The last tick ends the stream, not the last step of the timeline."""

    def consumed(self, shard_id: str, sequence_number: str) -> None:
        """Nothing is kept that could be let go of."""

    def take(self, first: int, last: int) -> list[Record]:
        """Ticks that have arrived; each is told once, to whoever reads it first."""
        since = max(first, self._told + 1)
        if since <= last:
            times = since * self.every, last * self.every
            put = PutSummary(SHARD_ID, str(since), str(last), last - since + 1, *times)
            self._on_put(put)
            self._told = last
        return [
            Record(str(number), "tick", number, round(self.epoch + number * self.every, 3))
            for number in range(first, last + 1)
        ]

    def _first(self, position: Position) -> int:
        if position.sequence_number is not None:
            return int(position.sequence_number) + (position.type == "AFTER_SEQUENCE_NUMBER")
        if position.timestamp is not None:
            return max(1, ceil((position.timestamp - self.epoch) / self.every))
        if position.type == "LATEST":
            return floor(self.clock.time() / self.every) + 1
        return 1


class TicksReader:
    """Sleeps to the next tick: nobody has to ask in between."""

    def __init__(self, stream: Ticks, first: int) -> None:
        self._stream, self._next = stream, first

    async def read(self, until: float | None) -> Read:
        """Return the ticks that are due, or none when the clock reaches *until* first."""
        stream, first = self._stream, self._next
        if first > stream.count:
            return Read((), ended=True)
        due = first * stream.every
        if until is not None and until <= due:
            await stream.clock.sleep_until(until)
            return Read((), polls=0)
        await stream.clock.sleep_until(due)
        arrived = max(first, floor(stream.clock.time() / stream.every))
        last = min(arrived, stream.count)
        self._next = last + 1
        return Read(stream.take(first, last), ended=last == stream.count)
