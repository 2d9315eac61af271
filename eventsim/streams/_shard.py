"""One shard: the records that have arrived, and those that are known to come."""

from __future__ import annotations

from bisect import insort_right
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from eventsim.rules import kinesis as rules
from eventsim.streams._log import RecordLog
from eventsim.streams._throughput import ReadMeter, WriteMeter
from eventsim.types import PutRecord, Record, TimedRecord

_new_record = tuple.__new__  # what Record(...) comes to, at half its price
_EVERY_SIZE_FITS = rules.RECORD_BYTES_MAX - 4 * rules.PARTITION_KEY_CHARACTERS_MAX


class Arrived(NamedTuple):
    """Some records that have just become visible."""

    records: Sequence[Record]
    since: float
    until: float


class ShardLog(RecordLog):
    """Records in the order of their arrival, numbered from 1 and never renumbered.

    A future record has no number yet, and may still be taken away. A ``closed`` shard takes no
    other record; ``closed_at`` tells since when its ``children`` do. No record's data is longer
    than ``largest`` bytes, and no partition key longer than ``longest_key``; data above 10 MiB
    less a key is looked at one by one.
    """

    __slots__ = (
        "children",
        "closed",
        "closed_at",
        "hash_keys",
        "largest",
        "longest_key",
        "opened_at",
        "parents",
        "pending",
        "reads",
        "writes",
    )

    def __init__(
        self, shard_id: str, hash_keys: rules.HashKeyRange, prefix: str, parents: tuple[str, ...]
    ) -> None:
        super().__init__(shard_id, prefix, rules)
        self.hash_keys, self.parents = hash_keys, parents
        self.closed = False
        self.opened_at = 0.0  # in epoch time
        self.closed_at: float | None = None  # the epoch time of a split or a merge
        self.children: tuple[str, ...] = ()
        self.largest = self.longest_key = 0
        self.pending: deque[TimedRecord] = deque()
        self.reads = ReadMeter()
        self.writes = WriteMeter()

    @property
    def drained(self) -> bool:
        """Whether nothing will ever arrive again."""
        return self.closed and not self.pending

    def follow(self, parents: Sequence[ShardLog], opened: float) -> None:
        """Be the child of *parents*, at epoch time *opened*: nothing arrives before that."""
        self._newest = opened
        self.largest = max(parent.largest for parent in parents)
        self.longest_key = max(parent.longest_key for parent in parents)

    def end(self, children: tuple[str, ...], at: float) -> None:
        """Take nothing any more, neither what was to come: from epoch time *at* it is theirs."""
        self.closed, self.closed_at, self.children = True, at, children
        self.pending = deque()
        self.wake()

    def note(self, record: PutRecord) -> None:
        """Keep ``largest`` and ``longest_key`` true."""
        self.largest = max(self.largest, min(len(record.data), _EVERY_SIZE_FITS))
        self.longest_key = max(self.longest_key, len(record.partition_key.encode()))

    def append(self, records: Sequence[PutRecord], arrival: float) -> Sequence[Record]:
        """Take records that arrive at epoch time *arrival*, now."""
        number = rules.FIRST_NUMBER + self.next
        prefix = self.prefix
        self._newest = stamp = max(arrival, self._newest)
        arrived = [
            Record(prefix + str(n), record.partition_key, record.data, stamp)
            for n, record in enumerate(records, number)
        ]
        self._records += arrived
        return arrived

    def insert(self, timed: TimedRecord) -> None:
        """Take a future record that is not the last, behind those of the same time."""
        insort_right(self.pending, timed, key=lambda known: known.time)

    def settle(self, now: float, epoch: float) -> Arrived | None:
        """Number what has arrived by *now*; *epoch* is the epoch time of the run's beginning."""
        pending = self.pending
        if not pending or pending[0].time > now:
            return None
        if pending[-1].time <= now:
            ready: Sequence[TimedRecord] = pending
            self.pending = deque()
        else:
            ready = [pending.popleft()]
            while pending[0].time <= now:
                ready.append(pending.popleft())
        number = rules.FIRST_NUMBER + self.next
        prefix, new = self.prefix, _new_record
        # rules.arrival_stamp(epoch + time), without a call: this line runs for every record
        arrived = [
            new(Record, (prefix + str(n), r[0], r[1], int((epoch + t) * 1000 + 0.001) / 1000))
            for n, (t, r) in enumerate(ready, number)
        ]
        if arrived[0].arrival < (newest := self._newest):  # it was told of too late
            arrived = [record._replace(arrival=max(record.arrival, newest)) for record in arrived]
        self._newest = arrived[-1].arrival
        self._records += arrived
        return Arrived(arrived, ready[0].time, ready[-1].time)

    def get(self, number: int, limit: int) -> list[Record]:
        """Return the records from *number* on, at most *limit* and 10 MiB, and one at least."""
        start = number - self._first
        records = self._records[start : start + limit]
        if (self.largest + self.longest_key) * len(records) > rules.READ_BYTES_MAX:
            del records[_within(records, rules.READ_BYTES_MAX) :]
        return records

    def arrival_of(self, number: int) -> float:
        return self._records[number - self._first].arrival


def _within(records: Sequence[Record], size: int) -> int:
    """How many of *records* fit into *size* bytes: one at least."""
    for index, record in enumerate(records):
        size -= len(record.data) + len(record.partition_key.encode())
        if size < 0:
            return max(1, index)
    return len(records)
