"""One shard of a table's stream: its records, and from when to when it took them."""

from __future__ import annotations

from eventsim.rules import dynamodb as rules
from eventsim.streams._log import RecordLog
from eventsim.types import Record


class TableShard(RecordLog):
    """Records in the order of their changes, numbered from 1 and never renumbered.

    ``opened`` and ``closed`` are in seconds since the run began; a shard that is open has no
    ``closed``.
    """

    __slots__ = (
        "children",
        "closed",
        "opened",
        "parent",
        "partition",
    )

    def __init__(
        self, shard_id: str, prefix: str, partition: int, opened: float, parent: str | None
    ) -> None:
        super().__init__(shard_id, prefix, rules)
        self.partition, self.opened, self.parent = partition, opened, parent
        self.closed: float | None = None
        self.children: tuple[str, ...] = ()

    def append(self, partition_key: str, change: rules.Change, arrival: float) -> Record:
        """Take a change that is told at epoch time *arrival*, and give it its place."""
        sequence_number = self.sequence_number(self.next)
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
