"""The simulated table and its stream, as writers and readers see them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from eventsim.backends import Backend
from eventsim.rules import dynamodb as rules
from eventsim.sources._ahead import feed
from eventsim.sources._simulated_reader import SimulatedReader
from eventsim.streams import OnPut
from eventsim.streams.dynamodb import Table
from eventsim.types import Position, PutRecord, Shard, TimedRecord


class SimulatedTable:
    """A simulated table. What a write changes is settled in ``streams/``.

    What will expire is deleted, and told, after nobody writes any more, too.
    """

    def __init__(
        self,
        name: str,
        backend: Backend,
        *,
        key: rules.KeySchema,
        view_type: rules.ViewType,
        ttl_attribute: str | None,
        partitions: int,
        rollover_seconds: float,
        release_consumed: bool,
        poll_interval: float,
        on_put: OnPut,
    ) -> None:
        self.table = Table(
            name,
            key,
            backend.clock,
            view_type=view_type,
            ttl_attribute=ttl_attribute,
            partitions=partitions,
            rollover_seconds=rollover_seconds,
            account=backend.account,
            region=backend.region,
            release_consumed=release_consumed,
            on_put=on_put,
        )
        self._stream = self.table.stream
        self.arn, self.retention_seconds = self._stream.arn, self._stream.retention_seconds
        self._clock = backend.clock
        self._poll_interval = poll_interval

    async def put(self, records: Sequence[PutRecord]) -> None:
        """Make the writes that *records* carry now; changes are told as they were recorded.

        Those go to the partition of that number, if there is one beside them. Raises ServiceError
        as ``Table.write``.
        """
        changes = [each for each in records if isinstance(each.data, rules.Change)]
        if len(changes) == len(records):
            self.table.tell((each.explicit_hash_key, each.data) for each in changes)
        else:
            self.table.write([record.data for record in records])

    async def feed(self, records: Iterator[TimedRecord]) -> None:
        """Make writes at their times: what each changes depends on those before it."""
        await feed(self._clock, records, self.put)

    async def shards(self) -> Sequence[Shard]:
        return self._stream.shards()

    def reader(self, shard_id: str, position: Position) -> SimulatedReader:
        return SimulatedReader(self._stream, shard_id, position, self._clock, self._poll_interval)

    async def delete(self) -> None:
        """Delete the table; its stream ends with what it has told by now."""
        self.table.delete()

    def finish(self) -> None:
        self._stream.close()

    def consumed(self, shard_id: str, sequence_number: str) -> None:
        self._stream.consumed(shard_id, sequence_number)
