"""
A Kinesis data stream, simulated: synchronous, in memory, on whatever clock it is given.

https://docs.aws.amazon.com/streams/latest/dev/key-concepts.html

Records may be put now or *scheduled*: a recording is known before it happens. A scheduled record
has no sequence number and nobody can read it before its time, but a reader can ask when the next
one will come, so that nobody has to poll an idle shard. Whatever looks at a shard first settles
what has arrived there.

The throughput limits of a shard are not enforced unless asked for, and then only on puts and
reads: what is scheduled has passed them where it was recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from eventsim.clock import Now
from eventsim.errors import ServiceError
from eventsim.rules import kinesis as rules
from eventsim.rules.arns import ACCOUNT, REGION
from eventsim.rules.refusals import check
from eventsim.streams import (
    GetRecords,
    OnPut,
    PutSummary,
    ShardIterator,
    nobody,
    unwatched,
)
from eventsim.streams._iterating import answered, iterator_at, next_number, skip, trimmed
from eventsim.streams._positions import check_age, number_at, own_number
from eventsim.streams._shard import ShardLog
from eventsim.streams._shard_map import ShardMap
from eventsim.types import (
    OnReshard,
    Position,
    PutRecord,
    Record,
    Resharding,
    Shard,
    TimedRecord,
    Trimmed,
)

__all__ = ["GetRecords", "KinesisStream", "Put", "ShardInfo", "ShardIterator"]


class Put(NamedTuple):
    """What became of one record: its place, or the error code that refused it."""

    shard_id: str
    sequence_number: str | None
    error_code: str | None = None


class ShardInfo(NamedTuple):
    """A shard as the API describes it; times are in epoch seconds.

    No record has the number ``last``, which a shard has once it is closed.
    """

    shard_id: str
    parents: tuple[str, ...]
    hash_keys: rules.HashKeyRange
    first: str
    last: str | None
    opened_at: float
    closed_at: float | None


class KinesisStream:
    """A stream of shards whose hash keys cover everything; order is kept within a shard.

    With ``release_consumed``, records also leave when ``consumed`` says that everybody is done
    with them; without, only by retention. ``on_put`` is told of every record once, before it
    can be read, ``on_reshard`` of every split and merge. Errors are ServiceErrors with AWS's
    codes.
    """

    def __init__(
        self,
        name: str,
        shard_count: int,
        clock: Now,
        *,
        account: str = ACCOUNT,
        region: str = REGION,
        retention_hours: int = 24,
        release_consumed: bool = False,
        limits: bool = False,
        on_put: OnPut = nobody,
    ) -> None:
        if not 1 <= shard_count <= rules.SHARDS_MAX:
            reason = f"ShardCount {shard_count} is not between 1 and {rules.SHARDS_MAX}"
            raise ServiceError("InvalidArgumentException", reason)
        self.name, self.account, self.region = name, account, region
        self.arn = rules.stream_arn(name, account, region)
        self.retention_seconds = retention_hours * 3600.0
        self._clock = clock
        self._epoch = round(clock.timestamp() - clock.time(), 3)
        self._release_consumed, self.limits, self._on_put = release_consumed, limits, on_put
        self.on_reshard: OnReshard = unwatched
        self._shards = ShardMap(name, account, shard_count, clock.timestamp())

    def shards(self) -> list[Shard]:
        """Return every shard, parents before children.

        A closed shard is forgotten once everything in it has passed the retention; a child then
        has no parent. Raises ServiceError when the stream was deleted.
        """
        return self._shards.listed(self._epoch + self._clock.time() - self.retention_seconds)

    def described(self) -> list[ShardInfo]:
        """Return what is known of every shard that ``shards`` lists, in its order.

        What has passed the retention is let go of, on every shard, read or not.
        """
        now = self._clock.time()
        for shard in self._shards:
            self._settle(shard, now)
        return [self._described(shard) for shard in self.shards()]

    def hash_keys(self, shard_id: str) -> rules.HashKeyRange:
        """Return the range of hash keys that belong to a shard."""
        return self._shards.get(shard_id).hash_keys

    def split(self, shard_id: str, new_starting_hash_key: int | None = None) -> Resharding:
        """Split a shard now, in its middle unless told where; its children take over at once.

        What is scheduled for it comes to them. Raises ServiceError for what AWS refuses.
        """
        now = self._settled_at(shard_id)
        return self._resharded(self._shards.split(shard_id, new_starting_hash_key, now))

    def merge(self, shard_id: str, adjacent_shard_id: str) -> Resharding:
        """Merge two shards now that are next to each other; their child takes over at once.

        What is scheduled for them comes to it. Raises ServiceError for what AWS refuses.
        """
        now = self._settled_at(shard_id, adjacent_shard_id)
        return self._resharded(self._shards.merge(shard_id, adjacent_shard_id, now))

    def put_records(self, records: Iterable[PutRecord]) -> list[Put]:
        """Put records now, in order; with ``limits``, some may be refused for their throughput.

        Raises ServiceError, and puts nothing, when a record is not what the API takes or the
        stream is closed.
        """
        routed = [(self._shards.route(record), record) for record in records]
        now = self._clock.time()
        by_shard: dict[ShardLog, list[int]] = {}
        for index, (shard, _) in enumerate(routed):
            by_shard.setdefault(shard, []).append(index)
        puts: dict[int, Put] = {}
        for shard, indexes in by_shard.items():
            mine = self._put(shard, [routed[index][1] for index in indexes], now)
            puts.update(zip(indexes, mine, strict=True))
        return [puts[index] for index in range(len(routed))]

    def schedule(self, records: Iterable[TimedRecord]) -> None:
        """Take records that will arrive at their times, in seconds since the run began.

        Times may be in any order; at equal times the record scheduled first arrives first.
        """
        earlier: dict[str, ShardLog] = {}
        routes = self._shards.routes
        for timed in records:
            record = timed[1]
            shard = routes.get(record[0])
            if shard is None or record[2] is not None or len(record[1]) > shard.largest:
                shard = self._shards.route(record)
            pending = shard.pending
            if not pending:
                earlier[shard.shard_id] = shard
                pending.append(timed)
            elif timed[0] >= pending[-1][0]:
                pending.append(timed)
            else:
                if timed[0] < pending[0][0]:
                    earlier[shard.shard_id] = shard
                shard.insert(timed)
        for shard in earlier.values():
            shard.wake()

    def settle(self) -> None:
        """Make visible, on every shard, what has arrived by now."""
        now = self._clock.time()
        for shard in self._shards.open:
            pending = shard.pending
            if pending and pending[0].time <= now:
                self._settle(shard, now)

    def get_shard_iterator(self, shard_id: str, position: Position) -> ShardIterator:
        """Return an iterator at *position*, where ``trimmed`` tells what is not there any more.

        A sequence number of the shard may still be to come. Raises ServiceError for a shard
        that is not there, a number of another shard, or a timestamp in the future.
        """
        shard, now = self._shards.get(shard_id), self._clock.time()
        self._settle(shard, now)
        at = number_at(shard, position, self._epoch + now, self._shards.place)
        number = at if position.sequence_number is not None else max(shard.oldest, at)
        return iterator_at(shard, number, now)

    def get_records(
        self, iterator: ShardIterator, limit: int = rules.READ_RECORDS_MAX
    ) -> GetRecords:
        """Return the records at the iterator and the iterator behind them.

        Raises ServiceError: ExpiredIteratorException, InvalidArgumentException for a limit that
        is not 1 to 10,000, and with ``limits`` ProvisionedThroughputExceededException.
        """
        check(rules.refuse_limit(limit))
        shard, now = self._shards.get(iterator.shard_id), self._clock.time()
        check_age(iterator, now)
        if self.limits and not shard.reads.open(now):
            raise ServiceError("ProvisionedThroughputExceededException", self._rate(shard))
        answer = self._read(shard, iterator, limit, now)
        if self.limits:
            shard.reads.count(sum(map(rules.record_size, answer.records)), now)
        return answer

    def push(self, iterator: ShardIterator) -> GetRecords:
        """Return what a consumer with enhanced fan-out is sent: as GetRecords, but no request.

        It takes nothing of the shard's throughput. Raises ServiceError when the stream was deleted.
        """
        shard = self._shards.get(iterator.shard_id)
        return self._read(shard, iterator, rules.READ_RECORDS_MAX, self._clock.time())

    def trimmed(self, iterator: ShardIterator) -> Trimmed | None:
        """Return what has left the shard by its retention since the iterator, unread."""
        shard = self._shards.get(iterator.shard_id)
        self._settle(shard, self._clock.time())
        return trimmed(shard, iterator)

    def skip(self, iterator: ShardIterator) -> ShardIterator:
        """Return the iterator at the oldest record there is, if it stood before that."""
        return skip(self._shards.get(iterator.shard_id), iterator)

    def next_arrival(self, iterator: ShardIterator) -> float | None:
        """Return when there is something to ask for at the iterator, None if that is unknown.

        It is -inf when a record is there, or the end of a shard that was split or merged.
        """
        shard = self._shards.get(iterator.shard_id)
        if next_number(shard, iterator) < shard.next or shard.closed_at is not None:
            return float("-inf")
        return shard.pending[0].time if shard.pending else None

    def arrival(self, iterator: ShardIterator) -> float | None:
        """Return when the record at the iterator arrived or will, as AWS stamps it.

        In seconds since the run began; None when no such record is known.
        """
        shard = self._shards.get(iterator.shard_id)
        number = next_number(shard, iterator)
        if number < shard.next:
            return round(shard.arrival_of(number) - self._epoch, 3)
        if shard.pending:
            return round(rules.arrival_stamp(self._epoch + shard.pending[0].time) - self._epoch, 3)
        return None

    def ended(self, iterator: ShardIterator) -> bool:
        """Whether no record will ever follow the iterator, as the run puts no more.

        The end of a shard that was split or merged is found by asking for its records.
        """
        shard = self._shards.get(iterator.shard_id)
        at_end = shard.drained and shard.closed_at is None
        return at_end and next_number(shard, iterator) >= shard.next

    def consumed(self, shard_id: str, sequence_number: str) -> None:
        """Everybody is done with the shard up to here; does nothing unless releasing."""
        shard = self._shards.find(shard_id)
        if self._release_consumed and shard is not None:
            shard.release(own_number(shard, sequence_number, self._shards.place))

    def close(self) -> None:
        """No record will be put any more; what is scheduled still arrives."""
        self._shards.close()

    def delete(self) -> None:
        """The stream is gone with all that is in it: to read or write it is an error from now."""
        self._shards.delete()

    def call_on_change(self, shard_id: str, key: object, callback: Callable[[], None]) -> None:
        """Call back, once, when ``next_arrival`` or ``ended`` of the shard may have changed."""
        self._shards.get(shard_id).waiting[key] = callback

    def forget(self, shard_id: str, key: object) -> bool:
        """Take back what ``call_on_change`` asked for; False if it was called, or never asked."""
        shard = self._shards.find(shard_id)
        return shard is not None and shard.waiting.pop(key, None) is not None

    def retained(self) -> int:
        """Return how many records are kept now, those to come included."""
        return sum(shard.next - shard.oldest + len(shard.pending) for shard in self._shards)

    def _described(self, listed: Shard) -> ShardInfo:
        shard = self._shards.get(listed.shard_id)
        closed = shard.closed_at
        return ShardInfo(
            shard.shard_id,
            listed.parent_shard_ids,
            shard.hash_keys,
            shard.sequence_number(0),
            None if closed is None else shard.sequence_number(shard.next),
            shard.opened_at,
            closed,
        )

    def _read(self, shard: ShardLog, iterator: ShardIterator, limit: int, now: float) -> GetRecords:
        self._settle(shard, now)
        start = next_number(shard, iterator)
        children = shard.children if shard.drained else None
        records = shard.get(start, limit)
        return answered(shard, start, records, now, self._epoch + now, children)

    def _put(self, shard: ShardLog, records: Sequence[PutRecord], now: float) -> list[Put]:
        self._settle(shard, now)
        fits = len(records)
        if self.limits:
            sizes = map(rules.record_size, records)
            fits = next(
                (n for n, size in enumerate(sizes) if not shard.writes.take(size, now)), fits
            )
        arrived = shard.append(records[:fits], rules.arrival_stamp(self._epoch + now))
        if arrived:
            self._tell(shard, arrived, now, now)
            shard.wake()
        refused = Put(shard.shard_id, None, "ProvisionedThroughputExceededException")
        placed = [Put(shard.shard_id, record.sequence_number) for record in arrived]
        return placed + [refused] * (len(records) - fits)

    def _settle(self, shard: ShardLog, now: float) -> None:
        arrived = shard.settle(now, self._epoch)
        if arrived is not None:
            self._tell(shard, *arrived)
        shard.expire(self._epoch + now - self.retention_seconds)

    def _tell(self, shard: ShardLog, records: Sequence[Record], since: float, until: float) -> None:
        first, last = records[0].sequence_number, records[-1].sequence_number
        self._on_put(PutSummary(shard.shard_id, first, last, len(records), since, until, records))

    def _settled_at(self, *shard_ids: str) -> float:
        """The epoch time, now that everything that has arrived on these shards is there."""
        now = self._clock.time()
        for shard_id in shard_ids:
            self._settle(self._shards.get(shard_id), now)
        return self._epoch + now

    def _resharded(self, change: Resharding) -> Resharding:
        self.on_reshard(change)
        return change

    def _rate(self, shard: ShardLog) -> str:
        return f"Rate exceeded for shard {shard.shard_id} {self._shards.place}."
