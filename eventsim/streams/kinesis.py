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

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

from eventsim.errors import ServiceError
from eventsim.rules import kinesis as rules
from eventsim.streams import OnPut, PutSummary, nobody
from eventsim.streams._shard import ShardLog
from eventsim.types import Position, PutRecord, Record, Shard, TimedRecord, Trimmed

_ROUTES_MAX = 65_536


class Now(Protocol):
    """The part of a Clock that a store needs."""

    def time(self) -> float: ...

    def timestamp(self) -> float: ...


class ShardIterator(NamedTuple):
    """A place in a shard: behind the record ``after``. Expires 5 minutes after ``issued``."""

    shard_id: str
    after: str
    issued: float


class GetRecords(NamedTuple):
    """The answer to GetRecords; ``behind`` is MillisBehindLatest in seconds.

    ``next_iterator`` is None at the end of a closed shard.
    """

    records: Sequence[Record]
    next_iterator: ShardIterator | None
    behind: float


class Put(NamedTuple):
    """What became of one record: its place, or the error code that refused it."""

    shard_id: str
    sequence_number: str | None
    error_code: str | None = None


class KinesisStream:
    """A stream of shards whose hash keys cover everything; order is kept within a shard.

    With ``release_consumed``, records also leave when ``consumed`` says that everybody is done
    with them; without, only by retention. ``on_put`` is told of every record once, before it
    can be read. Errors are ServiceErrors with AWS's codes.
    """

    def __init__(
        self,
        name: str,
        shard_count: int,
        clock: Now,
        *,
        account: str = "123456789012",
        region: str = "us-east-1",
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
        self._release_consumed, self._limits, self._on_put = release_consumed, limits, on_put
        self._routes: dict[str, ShardLog] = {}
        opened = clock.timestamp()
        self._shards = {
            shard.shard_id: shard
            for shard in (
                ShardLog(rules.shard_id(n), keys, rules.sequence_prefix(opened, n), ())
                for n, keys in enumerate(rules.hash_key_ranges(shard_count))
            )
        }
        self._open = list(self._shards.values())
        self._starts = [shard.hash_keys.starting_hash_key for shard in self._open]

    def shards(self) -> list[Shard]:
        """Return every shard, parents before children."""
        return [Shard(shard.shard_id, shard.parents) for shard in self._shards.values()]

    def hash_keys(self, shard_id: str) -> rules.HashKeyRange:
        """Return the range of hash keys that belong to a shard."""
        return self._shard(shard_id).hash_keys

    def put_records(self, records: Iterable[PutRecord]) -> list[Put]:
        """Put records now, in order; with ``limits``, some may be refused for their throughput.

        Raises ServiceError, and puts nothing, when a record is not what the API takes or the
        stream is closed.
        """
        routed = [(self._route(record), record) for record in records]
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
        routes = self._routes
        for timed in records:
            record = timed[1]
            shard = routes.get(record[0])
            if shard is None or record[2] is not None or len(record[1]) > shard.largest:
                shard = self._route(record)
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
        for shard in self._open:
            self._settle(shard, now)

    def get_shard_iterator(self, shard_id: str, position: Position) -> ShardIterator:
        """Return an iterator at *position*; one that was trimmed becomes the trim horizon.

        A sequence number of the shard may still be to come. Raises ServiceError for a shard
        that is not there, a number of another shard, or a timestamp in the future.
        """
        shard, now = self._shard(shard_id), self._clock.time()
        self._settle(shard, now)
        number = max(shard.oldest, self._number(shard, position))
        return ShardIterator(shard_id, rules.sequence_number(shard.prefix, number - 1), now)

    def get_records(
        self, iterator: ShardIterator, limit: int = rules.READ_RECORDS_MAX
    ) -> GetRecords:
        """Return the records at the iterator and the iterator behind them.

        Raises ServiceError: ExpiredIteratorException, InvalidArgumentException for a limit that
        is not 1 to 10,000, and with ``limits`` ProvisionedThroughputExceededException.
        """
        refusal = rules.refuse_limit(limit)
        if refusal is not None:
            raise ServiceError(*refusal)
        shard, now = self._shard(iterator.shard_id), self._clock.time()
        self._check_age(iterator, now)
        if self._limits and not shard.reads.open(now):
            raise ServiceError("ProvisionedThroughputExceededException", self._rate(shard))
        self._settle(shard, now)
        start = _next(shard, iterator)
        records = shard.get(start, limit)
        if self._limits:
            size = sum(len(record.data) + len(record.partition_key.encode()) for record in records)
            shard.reads.count(size, now)
        end = start + len(records)
        behind = 0.0
        if records and end < shard.next:
            behind = max(0.001, round(self._epoch + now - records[-1].arrival, 3))
        elif shard.drained and end >= shard.next:
            return GetRecords(records, None, 0.0)
        after = rules.sequence_number(shard.prefix, end - 1)
        return GetRecords(records, ShardIterator(shard.shard_id, after, now), behind)

    def trimmed(self, iterator: ShardIterator) -> Trimmed | None:
        """Return what has left the shard by its retention since the iterator, unread."""
        shard = self._shard(iterator.shard_id)
        wanted = (rules.number_in_shard(shard.prefix, iterator.after) or 0) + 1
        if wanted >= shard.oldest:
            return None
        first = rules.sequence_number(shard.prefix, wanted)
        last = rules.sequence_number(shard.prefix, shard.oldest - 1)
        return Trimmed(first, last, shard.oldest - wanted)

    def skip(self, iterator: ShardIterator) -> ShardIterator:
        """Return the iterator at the oldest record there is, if it stood before that."""
        shard = self._shard(iterator.shard_id)
        after = rules.sequence_number(shard.prefix, _next(shard, iterator) - 1)
        return iterator._replace(after=after)

    def next_arrival(self, iterator: ShardIterator) -> float | None:
        """Return when the record at the iterator arrives (or -inf: it has), None if unknown."""
        shard = self._shard(iterator.shard_id)
        if _next(shard, iterator) < shard.next:
            return float("-inf")
        return shard.pending[0].time if shard.pending else None

    def ended(self, iterator: ShardIterator) -> bool:
        """Whether no record will ever follow the iterator."""
        shard = self._shard(iterator.shard_id)
        return shard.drained and _next(shard, iterator) >= shard.next

    def consumed(self, shard_id: str, sequence_number: str) -> None:
        """Everybody is done with the shard up to here; does nothing unless releasing."""
        if self._release_consumed:
            shard = self._shard(shard_id)
            shard.release(self._own_number(shard, sequence_number))

    def close(self) -> None:
        """No record will be put any more; what is scheduled still arrives."""
        self._routes.clear()
        for shard in self._open:
            shard.closed = True
            shard.wake()

    def call_on_change(self, shard_id: str, key: object, callback: Callable[[], None]) -> None:
        """Call back, once, when ``next_arrival`` or ``ended`` of the shard may have changed."""
        self._shard(shard_id).waiting[key] = callback

    def forget(self, shard_id: str, key: object) -> None:
        """Take back what ``call_on_change`` asked for, if it is still asked for."""
        self._shard(shard_id).waiting.pop(key, None)

    def retained(self) -> int:
        """Return how many records are kept now, those to come included."""
        shards = self._shards.values()
        return sum(shard.next - shard.oldest + len(shard.pending) for shard in shards)

    def _put(self, shard: ShardLog, records: Sequence[PutRecord], now: float) -> list[Put]:
        self._settle(shard, now)
        fits = len(records)
        if self._limits:
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
        self._on_put(PutSummary(shard.shard_id, first, last, len(records), since, until))

    def _route(self, record: PutRecord) -> ShardLog:
        """The shard that takes the record. Raises ServiceError if the record is not acceptable."""
        refusal = rules.refuse_record(record)
        if refusal is not None:
            raise ServiceError(*refusal)
        key = record.explicit_hash_key
        shard = self._routes.get(record.partition_key) if key is None else None
        if shard is None:
            hashed = rules.hash_key(record.partition_key) if key is None else key
            shard = self._open[bisect_right(self._starts, hashed) - 1]
        if shard.closed:
            reason = f"stream {self.name} is closed: nobody was to put another record"
            raise ServiceError("ResourceInUseException", reason)
        if key is None:
            self._remember(record.partition_key, shard)
        shard.note(record)
        return shard

    def _remember(self, partition_key: str, shard: ShardLog) -> None:
        if len(self._routes) >= _ROUTES_MAX:
            self._routes.clear()
        self._routes[partition_key] = shard

    def _number(self, shard: ShardLog, position: Position) -> int:
        """The number of the first record at *position*."""
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
                return shard.number_at(self._past(position.timestamp))

    def _past(self, timestamp: float | None) -> float:
        if timestamp is None:
            raise ServiceError("InvalidArgumentException", "AT_TIMESTAMP needs a Timestamp")
        now = self._epoch + self._clock.time()
        if timestamp > now + 0.001:
            raise ServiceError(
                "InvalidArgumentException",
                "The timestampInMillis parameter cannot be greater than the "
                f"currentTimestampInMillis. timestampInMillis: {int(timestamp * 1000)}, "
                f"currentTimestampInMillis: {int(now * 1000)}",
            )
        return timestamp

    def _own_number(self, shard: ShardLog, sequence: str | None) -> int:
        if sequence is None:
            reason = "AT_ and AFTER_SEQUENCE_NUMBER need a StartingSequenceNumber"
            raise ServiceError("InvalidArgumentException", reason)
        number = rules.number_in_shard(shard.prefix, sequence)
        if number is None:
            raise ServiceError(
                "InvalidArgumentException",
                f"StartingSequenceNumber {sequence} used in GetShardIterator on shard "
                f"{shard.shard_id} in stream {self.name} under account {self.account} is invalid "
                "because it did not come from this stream.",
            )
        return number

    def _check_age(self, iterator: ShardIterator, now: float) -> None:
        if now - iterator.issued > rules.ITERATOR_SECONDS:
            raise ServiceError(
                "ExpiredIteratorException",
                f"Iterator expired. The iterator was created at time {iterator.issued:g} s of the "
                f"run while right now it is {now:g} s which is further in the future than the "
                f"tolerated delay of {rules.ITERATOR_SECONDS:g} seconds.",
            )

    def _rate(self, shard: ShardLog) -> str:
        return (
            f"Rate exceeded for shard {shard.shard_id} in stream {self.name} "
            f"under account {self.account}."
        )

    def _shard(self, shard_id: str) -> ShardLog:
        shard = self._shards.get(shard_id)
        if shard is None:
            reason = (
                f"Could not find shard {shard_id} in stream {self.name} "
                f"under account {self.account}."
            )
            raise ServiceError("ResourceNotFoundException", reason)
        return shard


def _next(shard: ShardLog, iterator: ShardIterator) -> int:
    """The number of the record at the iterator, or of the oldest there is if it was trimmed."""
    after = rules.number_in_shard(shard.prefix, iterator.after)
    if after is None:
        reason = "Invalid ShardIterator: it did not come from this stream."
        raise ServiceError("InvalidArgumentException", reason)
    return max(shard.oldest, after + 1)
