"""
The stream of a simulated table: a chain of shards for each partition.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html

One shard of a partition is open, and it is closed in favour of a child by the first change that
comes when it has been open for so long. A quiet table therefore opens none. A closed shard is
listed for a retention, and forgotten a retention later.
"""

from __future__ import annotations

from collections.abc import Callable
from math import floor
from typing import Protocol

from eventsim.clock import Now
from eventsim.errors import ServiceError
from eventsim.rules import dynamodb as rules
from eventsim.rules.refusals import check
from eventsim.streams import GetRecords, OnPut, PutSummary, ShardIterator
from eventsim.streams._iterating import answered, iterator_at, next_number, skip, trimmed
from eventsim.streams._table_shard import TableShard
from eventsim.types import Position, Record, Shard, Trimmed


class Deletions(Protocol):
    """What a table will do by itself."""

    def settle(self) -> None:
        """Delete what has expired by now."""

    def next_deletion(self, partition: int) -> float | None:
        """When the next item of a partition is deleted because it has expired."""


class TableStream:
    """Every change of a table once, in order for each item. Errors have AWS's codes.

    Whoever looks at it first settles what the table should have done by now.
    """

    def __init__(
        self,
        arn: str,
        table: Deletions,
        clock: Now,
        *,
        partitions: int,
        rollover_seconds: float,
        release_consumed: bool,
        on_put: OnPut,
    ) -> None:
        self.arn, self.retention_seconds = arn, rules.RETENTION_SECONDS
        self._table, self._clock = table, clock
        self._epoch = round(clock.timestamp() - clock.time(), 3)
        self._rollover, self._release_consumed = rollover_seconds, release_consumed
        self._on_put = on_put
        self.finished = False
        self._shards: dict[str, TableShard] = {}
        self._shards_opened = 0
        self._open = [self._open_shard(n, clock.time(), None) for n in range(partitions)]
        self._untold: dict[TableShard, list[Record]] = {}

    def append(self, partition: int, name: str, change: rules.Change, time: float) -> Record:
        """Take a change of the item *name* at *time*; ``tell`` makes it known to readers."""
        shard = self._open[partition]
        if time - shard.opened >= self._rollover:
            shard.closed = time
            self._forget_shards()
            self._open[partition] = child = self._open_shard(partition, time, shard.shard_id)
            shard.children = (child.shard_id,)
            shard.wake()
            shard = child
        record = shard.append(name, change, rules.creation_stamp(self._epoch + time))
        self._untold.setdefault(shard, []).append(record)
        return record

    def tell(self, time: float) -> None:
        """Tell what was appended at *time*, and wake who waits for it."""
        untold, self._untold = self._untold, {}
        for shard, records in untold.items():
            span = records[0].sequence_number, records[-1].sequence_number
            self._on_put(PutSummary(shard.shard_id, *span, len(records), time, time, records))
            self._expire(shard)
            shard.wake()

    def settle(self) -> None:
        """Make visible what has happened by now."""
        self._table.settle()

    def shards(self) -> list[Shard]:
        """Return every shard with its parent, if that is still there; parents come first."""
        self.settle()
        self._forget_shards()
        horizon = self._clock.time() - self.retention_seconds
        listed = {
            shard.shard_id: shard.parent
            for shard in self._shards.values()
            if shard.closed is None or shard.closed > horizon
        }
        return [Shard(me, (parent,) if parent in listed else ()) for me, parent in listed.items()]

    def get_shard_iterator(self, shard_id: str, position: Position) -> ShardIterator:
        """Return an iterator at *position*; one behind a record that is gone stands before the
        oldest there is, and ``trimmed`` tells what it has missed.

        A sequence number of the shard may still be to come; a timestamp means its whole second,
        since that is how records are stamped. Raises ServiceError for a shard
        that is not there, or a number of another shard.
        """
        self.settle()
        shard = self._shard(shard_id)
        self._expire(shard)
        return iterator_at(shard, self._number(shard, position), self._clock.time())

    def get_records(
        self, iterator: ShardIterator, limit: int = rules.READ_RECORDS_MAX
    ) -> GetRecords:
        """Return the records at the iterator and the iterator behind them.

        Raises ServiceError: ExpiredIteratorException after 15 minutes, ValidationException for
        a limit that is not 1 to 1,000, ResourceNotFoundException for a forgotten shard.
        """
        check(rules.refuse_limit(limit))
        now = self._clock.time()
        if now - iterator.issued > rules.ITERATOR_SECONDS:
            reason = "The shard iterator has expired: it is good for 15 minutes."
            raise ServiceError("ExpiredIteratorException", reason)
        self.settle()
        shard = self._shard(iterator.shard_id)
        self._expire(shard)
        start = next_number(shard, iterator)
        children = shard.children if self._drained(shard) else None
        records = shard.get(start, limit)
        return answered(shard, start, records, now, self._epoch + now, children)

    def trimmed(self, iterator: ShardIterator) -> Trimmed | None:
        """Return what has left the shard by its retention since the iterator, unread."""
        shard = self._shard(iterator.shard_id)
        self._expire(shard)
        return trimmed(shard, iterator)

    def skip(self, iterator: ShardIterator) -> ShardIterator:
        """Return the iterator at the oldest record there is, if it stood before that."""
        return skip(self._shard(iterator.shard_id), iterator)

    def next_arrival(self, iterator: ShardIterator) -> float | None:
        """Return when the record at the iterator comes (or -inf: it has), None if unknown.

        That is also when the end of a closed shard can be found. What expires later may be told
        by a child.
        """
        shard = self._shard(iterator.shard_id)
        if shard.closed is not None or next_number(shard, iterator) < shard.next:
            return float("-inf")
        return self._table.next_deletion(shard.partition)

    def ended(self, iterator: ShardIterator) -> bool:
        """Whether no record will ever follow the iterator, as nobody writes any more.

        The end of a closed shard is found by asking for its records.
        """
        shard = self._shard(iterator.shard_id)
        at_end = shard.closed is None and self._drained(shard)
        return at_end and next_number(shard, iterator) >= shard.next

    def consumed(self, shard_id: str, sequence_number: str) -> None:
        """Everybody is done with the shard up to here; does nothing unless releasing."""
        shard = self._shards.get(shard_id)
        if self._release_consumed and shard is not None:
            shard.release(self._own_number(shard, sequence_number))

    def close(self) -> None:
        """Nobody will write any more; what will expire is still deleted."""
        self.settle()
        self.finished = True
        for shard in self._open:
            shard.wake()

    def call_on_change(self, shard_id: str, key: object, callback: Callable[[], None]) -> None:
        """Call back, once, when ``next_arrival`` or ``ended`` of the shard may have changed."""
        self._shard(shard_id).waiting[key] = callback

    def forget(self, shard_id: str, key: object) -> bool:
        """Take back what ``call_on_change`` asked for; False if it was called, or never asked."""
        return self._shard(shard_id).waiting.pop(key, None) is not None

    def retained(self) -> int:
        """Return how many records the stream keeps now."""
        return sum(shard.next - shard.oldest for shard in self._shards.values())

    def _open_shard(self, partition: int, time: float, parent: str | None) -> TableShard:
        index, opened = self._shards_opened, self._epoch + time
        self._shards_opened += 1
        name = rules.shard_id(self.arn, opened, index)
        shard = TableShard(name, rules.sequence_prefix(opened, index), partition, time, parent)
        self._shards[name] = shard
        return shard

    def _forget_shards(self) -> None:
        """Let go of records past the retention, and of shards closed twice that long ago."""
        horizon = self._clock.time() - 2 * self.retention_seconds
        for shard in list(self._shards.values()):
            self._expire(shard)
            if shard.closed is not None and shard.closed <= horizon:
                del self._shards[shard.shard_id]

    def _expire(self, shard: TableShard) -> None:
        shard.expire(self._epoch + self._clock.time() - self.retention_seconds)

    def _drained(self, shard: TableShard) -> bool:
        """Whether the shard will get no record any more."""
        if shard.closed is not None:
            return True
        return self.finished and self._table.next_deletion(shard.partition) is None

    def _number(self, shard: TableShard, position: Position) -> int:
        """The number of the first record at *position*, gone or not."""
        match position.type:
            case "TRIM_HORIZON":
                return shard.oldest
            case "LATEST":
                return shard.next
            case "AT_SEQUENCE_NUMBER":
                return self._own_number(shard, position.sequence_number)
            case "AFTER_SEQUENCE_NUMBER":
                return self._own_number(shard, position.sequence_number) + 1
            case "AT_TIMESTAMP":
                if position.timestamp is None:
                    raise ServiceError("ValidationException", "AT_TIMESTAMP needs a timestamp")
                return shard.number_at(floor(position.timestamp))

    def _own_number(self, shard: TableShard, sequence: str | None) -> int:
        number = None if sequence is None else shard.number_of(sequence)
        if number is None:
            raise ServiceError(
                "ValidationException",
                f"SequenceNumber {sequence} is not one of shard {shard.shard_id} of {self.arn}",
            )
        return number

    def _shard(self, shard_id: str) -> TableShard:
        shard = self._shards.get(shard_id)
        if shard is None:
            reason = (
                f"Requested resource not found: Shard {shard_id} in Stream {self.arn} not found"
            )
            raise ServiceError("ResourceNotFoundException", reason)
        return shard
