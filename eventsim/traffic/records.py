"""
A stream as the target of a load: records are put at a rate, and polled by its mappings.

A record's answer is its delivery, which the journal tells of batches by their first and last
sequence numbers. A lane takes its records in order, so those of a batch are known. What a filter
skips is asked of the filter itself, when the record is put.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import anyio

from eventsim.errors import EventsimError
from eventsim.journal import Journal
from eventsim.poller.routing import lane_of
from eventsim.traffic.measuring import Meter, Sending
from eventsim.types import EventSourceMapping, PutRecord, Record, Stream


@dataclass(slots=True, eq=False)
class _OnItsWay:
    """A record, with how many mappings have not dealt with it and what went wrong in one."""

    sending: Sending
    left: int
    error: str = ""


_Lane = dict[int, _OnItsWay]
Matches = Callable[[Record], bool]


class Records:
    """The stream *name* that *mappings* read. The last of them to deal with a record answers it.

    One that is discarded or expires is an error, one that every filter skips has no answer.
    """

    def __init__(
        self,
        name: str,
        stream: Stream,
        mappings: Iterable[tuple[EventSourceMapping, Matches | None]],
        meter: Meter,
        records: Iterator[PutRecord],
        journal: Journal,
    ) -> None:
        self._name, self._stream, self._meter, self._records = name, stream, meter, records
        self._mappings = [
            (mapping.name, mapping.parallelization_factor, matches)
            for mapping, matches in mappings
            if mapping.source == name
        ]
        if not self._mappings:
            raise EventsimError(f"no event source mapping reads '{name}', so nothing is loaded")
        self._lanes: dict[tuple[str, str], list[_Lane]] = {}
        self._putting: tuple[Sending, PutRecord] | None = None
        self._turns = anyio.Lock(fast_acquire=True)
        journal.watch_each(
            {
                "records_put": self._put,
                "batch_delivered": self._delivered,
                "batch_discarded": self._discarded,
                "records_expired": self._expired,
            }
        )

    async def send(self, sending: Sending) -> None:
        """Return when the record is on the stream."""
        async with self._turns:
            self._putting = sending, next(self._records)
            try:
                await self._stream.put([self._putting[1]])
            finally:
                self._putting = None

    def _put(self, fields: dict[str, Any]) -> None:
        if self._putting is None or fields["source"] != self._name:
            return
        sending, put = self._putting
        record = Record(fields["last"], put.partition_key, put.data, 0.0)
        read = [each for each in self._mappings if each[2] is None or each[2](record)]
        if not read:
            self._meter.skipped()
        on_its_way = _OnItsWay(sending, len(read))
        for mapping, factor, _ in read:
            lanes = self._lanes.get((mapping, fields["shard"]))
            if lanes is None:
                lanes = self._lanes[mapping, fields["shard"]] = [{} for _ in range(factor)]
            lane = lane_of(put.partition_key, factor) if factor > 1 else 0
            lanes[lane][int(fields["last"])] = on_its_way

    def _delivered(self, fields: dict[str, Any]) -> None:
        self._ended(fields, fields["records"], "")

    def _discarded(self, fields: dict[str, Any]) -> None:
        self._ended(fields, fields["batch_size"], fields["condition"])

    def _expired(self, fields: dict[str, Any]) -> None:
        self._ended(fields, fields["records"], "RecordsExpired")

    def _ended(self, fields: dict[str, Any], records: int, error: str) -> None:
        """A batch of one lane is dealt with."""
        if fields["first"] is None:  # the last batch of a window may have none
            return
        first, last = int(fields["first"]), int(fields["last"])
        for lane in self._lanes.get((fields["mapping"], fields["shard"]), ()):
            if first in lane or last in lane:
                self._take(lane, _between(lane, first, last, records), error)
                return

    def _take(self, lane: _Lane, numbers: list[int], error: str) -> None:
        for number in numbers:
            record = lane.pop(number)
            record.left -= 1
            record.error = record.error or error
            if not record.left:
                self._meter.answered(record.sending, record.error, "records were given up")


def _between(lane: _Lane, first: int, last: int, records: int) -> list[int]:
    """The numbers of the lane from *first* to *last*, so many of them at most."""
    return list(islice((number for number in lane if first <= number <= last), records))
