"""The records that one shard keeps, whichever service it is of."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Protocol

from eventsim.types import Record


class Numbering(Protocol):
    """How a service writes the numbers of a shard's records; its module in ``rules/`` knows."""

    INVALID_ITERATOR: str

    def sequence_number(self, prefix: str, number: int) -> str:
        """The sequence number of record *number* of the shard whose numbers begin so."""

    def number_in_shard(self, prefix: str, sequence: str) -> int | None:
        """Which record of that shard *sequence* stands for, or None if it is not of the shard."""


class RecordLog:
    """Records in the order of their arrival, numbered from 1 and never renumbered.

    ``waiting`` holds who wants to be called when the shard changes, once.
    """

    __slots__ = (
        "_first",
        "_head",
        "_newest",
        "_records",
        "numbering",
        "prefix",
        "shard_id",
        "waiting",
    )

    def __init__(self, shard_id: str, prefix: str, numbering: Numbering) -> None:
        self.shard_id, self.prefix, self.numbering = shard_id, prefix, numbering
        self.waiting: dict[object, Callable[[], None]] = {}
        self._newest = 0.0  # the arrival of the newest record there has been
        self._records: list[Record] = []
        self._head = 0  # of _records: what lies before it has been let go of
        self._first = 1  # the number of _records[0]

    @property
    def oldest(self) -> int:
        """The number of the oldest record there is, or of the next one."""
        return self._first + self._head

    @property
    def next(self) -> int:
        """The number that the next record to arrive will have."""
        return self._first + len(self._records)

    def sequence_number(self, number: int) -> str:
        """The sequence number of a record, one that has gone or is still to come included."""
        return self.numbering.sequence_number(self.prefix, number)

    def number_of(self, sequence: str) -> int | None:
        """Which record *sequence* stands for, or None if it is not of this shard."""
        return self.numbering.number_in_shard(self.prefix, sequence)

    def number_at(self, timestamp: float) -> int:
        """Return the number of the first record that arrived at or after epoch *timestamp*."""
        index = bisect_left(self._records, timestamp, lo=self._head, key=_arrival)
        return self._first + index

    def expire(self, horizon: float) -> None:
        """Let go of what arrived at or before epoch time *horizon*."""
        records, head = self._records, self._head
        if head < len(records) and records[head].arrival <= horizon:
            index = bisect_right(records, horizon, lo=head, key=_arrival)
            self.release(self._first + index - 1)

    def release(self, number: int) -> None:
        """Let go of the records up to *number*; their memory is freed, a sixteenth may lag."""
        records = self._records
        self._head = head = max(self._head, min(number - self._first + 1, len(records)))
        if head * 16 >= len(records):
            del records[:head]
            self._first += head
            self._head = 0

    def wake(self) -> None:
        """Call whoever waits for a change, once."""
        if self.waiting:
            waiting, self.waiting = self.waiting, {}
            for callback in waiting.values():
                callback()


def _arrival(record: Record) -> float:
    return record.arrival
