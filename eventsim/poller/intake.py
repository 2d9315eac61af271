"""What comes in from one shard: read, told, filtered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from eventsim.errors import ServiceError
from eventsim.journal import Journal
from eventsim.poller.ports import Ports
from eventsim.poller.progress import ShardProgress
from eventsim.types import EventSourceMapping, Read, Reader, Record, Trimmed


class Intake:
    """Reads one shard and passes on what the mapping's filter lets through, in order.

    *hand_out* is given what matches, and the sequence number before it, ahead of anybody who
    might look at the shard's progress. A shard that is gone ends, with an entry that says so.
    """

    def __init__(
        self,
        shard_id: str,
        reader: Reader,
        mapping: EventSourceMapping,
        retention_seconds: float,
        progress: ShardProgress,
        ports: Ports,
        hand_out: Callable[[Sequence[Record], str], None],
    ) -> None:
        self._reader, self._progress, self._ports = reader, progress, ports
        self._retention_seconds = retention_seconds
        self._matches = ports.matches
        self._hand_out = hand_out
        self._mapping = mapping
        self.closed = False
        self._place: dict[str, Any] = {
            "mapping": mapping.name,
            "source": mapping.source,
            "shard": shard_id,
        }

    @property
    def next_sequence_number(self) -> None:
        """The first record that ``read`` would return at once: it keeps none."""

    async def read(self, until: float | None) -> Read:
        """Return the next records that match, or none when the clock reaches *until* first.

        None also when everything read was filtered out.
        """
        try:
            read = await self._reader.read(until)
        except ServiceError as error:
            if error.code != "ResourceNotFoundException":
                raise
            tell_lost(self._place["shard"], self._mapping, self._ports.journal, error)
            return Read((), ended=True)
        self.closed = read.closed
        if read.trimmed is not None:
            hours = self._retention_seconds / 3600
            because = f"retention of {hours:g} h passed before they were read"
            self._tell("records_expired", because, read.trimmed)
        if read.dropped is not None:
            because = "an aggregate that was packed for other shards"
            self._tell("records_filtered", because, read.dropped)
        if not read.records:
            return read
        self._tell_read(read)
        last = read.records[-1].sequence_number
        if self._matches is not None:
            read = read._replace(records=self._filtered(read.records, self._matches))
        if read.records:
            self._hand_out(read.records, self._progress.head)
        await self._progress.read_to(last)
        return read

    def _filtered(
        self, records: Sequence[Record], matches: Callable[[Record], bool]
    ) -> Sequence[Record]:
        kept: list[Record] = []
        dropped: list[Record] = []
        for record in records:
            (kept if matches(record) else dropped).append(record)
        if dropped:
            first, last = dropped[0].sequence_number, dropped[-1].sequence_number
            because = "no pattern of FilterCriteria matches"
            self._tell("records_filtered", because, Trimmed(first, last, len(dropped)))
        return kept

    def _tell(self, kind: str, because: str, which: Trimmed) -> None:
        self._ports.journal.write(kind, because, **self._place, **which._asdict())

    def _tell_read(self, read: Read) -> None:
        fields = {
            **self._place,
            "first": read.records[0].sequence_number,
            "last": read.records[-1].sequence_number,
            "records": len(read.records),
            "polls": read.polls,
            "behind": read.behind,
        }
        self._ports.journal.enter("records_read", None, fields)


def tell_lost(
    shard_id: str, mapping: EventSourceMapping, journal: Journal, error: ServiceError
) -> None:
    """Say that a shard, or what was to follow it, cannot be read any more."""
    journal.write(
        "shard_lost",
        f"it is not there any more: {error.code}",
        mapping=mapping.name,
        source=mapping.source,
        shard=shard_id,
    )
