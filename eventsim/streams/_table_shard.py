"""One shard of a table's stream: its records, and from when to when it took them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable

from eventsim.rules import dynamodb as rules
from eventsim.types import Record


class TableShard:
    """Records in the order of their changes, numbered from 1 and never renumbered.

    ``opened`` and ``closed`` are in seconds since the run began; a shard that is open has no
    ``closed``.
    """

    __slots__ = (
        "_first",
        "_head",
        "_newest",
        "_records",
        "child",
        "closed",
        "opened",
        "parent",
        "partition",
        "prefix",
        "shard_id",
        "waiting",
    )

    def __init__(
        self, shard_id: str, prefix: str, partition: int, opened: float, parent: str | None
    ) -> None:
        self.shard_id, self.prefix = shard_id, prefix
        self.partition, self.opened, self.parent = partition, opened, parent
        self.closed: float | None = None
        self.child: str | None = None
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
        """The number that the next record will have."""
        return self._first + len(self._records)

    def append(self, partition_key: str, change: rules.Change, arrival: float) -> Record:
        """Take a change that is told at epoch time *arrival*, and give it its place."""
        sequence_number = rules.sequence_number(self.prefix, self.next)
        change = change._replace(event_id=rules.event_id(self.shard_id, sequence_number))
        self._newest = max(arrival, self._newest)
        record = Record(sequence_number, partition_key, change, self._newest)
        self._records.append(record)
        return record

    def get(self, number: int, limit: int) -> list[Record]:
        """Return the records from *number* on, at most *limit* and 1 MiB, and one at least."""
        start = number - self._first
        records = self._records[start : start + limit]
        size = rules.READ_BYTES_MAX
        for index, record in enumerate(records):
            size -= record.data.size_bytes
            if size < 0:
                return records[: max(1, index)]
        return records

    def number_at(self, timestamp: float) -> int:
        """Return the number of the first record that is stamped with epoch *timestamp* or later."""
        index = bisect_left(self._records, timestamp, lo=self._head, key=_arrival)
        return self._first + index

    def expire(self, horizon: float) -> None:
        """Let go of what is stamped with epoch time *horizon* or earlier."""
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
