"""The shards of one stream: which of them takes a record, and what splits and merges make."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from heapq import merge

from eventsim.errors import ServiceError
from eventsim.rules import kinesis as rules
from eventsim.rules import resharding
from eventsim.rules.refusals import Refusal, check
from eventsim.streams._shard import ShardLog
from eventsim.types import PutRecord, Resharding, Shard, TimedRecord

_ROUTES_MAX = 65_536


class ShardMap:
    """Every shard there has been; the open ones cover every hash key once.

    ``routes`` remembers which shard a partition key goes to, for open shards only. ``place`` is
    the stream as AWS names it in an error.
    """

    def __init__(self, stream: str, account: str, shard_count: int, opened: float) -> None:
        self._stream, self._account = stream, account
        self.place = f"in stream {stream} under account {account}"
        self.routes: dict[str, ShardLog] = {}
        self._shards: dict[str, ShardLog] = {}
        self._deleted = False
        ranges = rules.hash_key_ranges(shard_count)
        self._set_open([self._opened(keys, opened, ()) for keys in ranges])

    def __iter__(self) -> Iterator[ShardLog]:
        return iter(self._shards.values())

    def find(self, shard_id: str) -> ShardLog | None:
        """The shard of that id, if there is one."""
        return self._shards.get(shard_id)

    def get(self, shard_id: str) -> ShardLog:
        """The shard of that id; raises ServiceError when it or the whole stream is not there."""
        shard = self._shards.get(shard_id)
        if shard is None:
            self._check_there()
            reason = f"Could not find shard {shard_id} {self.place}."
            raise ServiceError("ResourceNotFoundException", reason)
        return shard

    def listed(self, horizon: float) -> list[Shard]:
        """Every shard but those closed at or before epoch time *horizon*, parents first."""
        self._check_there()
        known = {
            shard.shard_id: shard
            for shard in self
            if shard.closed_at is None or shard.closed_at > horizon
        }
        return [
            Shard(shard_id, tuple(parent for parent in shard.parents if parent in known))
            for shard_id, shard in known.items()
        ]

    def route(self, record: PutRecord) -> ShardLog:
        """The shard that takes the record. Raises ServiceError if the record is not acceptable."""
        check(rules.refuse_record(record))
        self._check_there()
        shard = self._taking(record)
        if shard.closed:
            raise self._closed()
        if record.explicit_hash_key is None:
            self._remember(record.partition_key, shard)
        shard.note(record)
        return shard

    def split(self, shard_id: str, new_starting_hash_key: int | None, now: float) -> Resharding:
        """Close a settled shard at epoch time *now*; two take its place, in its middle on None.

        Raises ServiceError for what AWS refuses.
        """
        shard = self._eligible(shard_id)
        self._check_room(children=2)
        start = new_starting_hash_key
        if start is None:
            start = resharding.middle(shard.hash_keys)
        ranges = resharding.split_ranges(shard.hash_keys, start, shard_id, self.place)
        if isinstance(ranges, Refusal):
            raise ServiceError(*ranges)
        return self._reshard([shard], ranges, now)

    def merge(self, shard_id: str, adjacent_shard_id: str, now: float) -> Resharding:
        """Close two settled shards at epoch time *now*; one takes their place.

        Raises ServiceError for what AWS refuses.
        """
        parents = [self._eligible(shard_id), self._eligible(adjacent_shard_id)]
        self._check_room(children=1)
        keys = resharding.merged_range(parents[0].hash_keys, parents[1].hash_keys)
        if keys is None:
            raise ServiceError(*resharding.not_adjacent(shard_id, adjacent_shard_id, self.place))
        return self._reshard(parents, [keys], now)

    def close(self) -> None:
        """No record will be put any more; what is to come still arrives."""
        self.routes.clear()
        for shard in self.open:
            shard.closed = True
            shard.wake()

    def delete(self) -> None:
        """Everything is gone; whoever asks for it is told so."""
        gone = list(self._shards.values())
        self._deleted = True
        self.routes.clear()
        self._shards.clear()
        self._set_open([])
        for shard in gone:
            shard.wake()

    def _reshard(
        self, parents: Sequence[ShardLog], ranges: Sequence[rules.HashKeyRange], now: float
    ) -> Resharding:
        names = tuple(parent.shard_id for parent in parents)
        children = [self._opened(keys, now, names) for keys in ranges]
        for child in children:
            child.follow(parents, rules.arrival_stamp(now))
        left = [shard for shard in self.open if shard not in parents]
        self._set_open(sorted([*left, *children], key=_start))
        self.routes.clear()
        # At equal times the lower shard's come first: who was told of first is not known any more.
        coming = merge(*(parent.pending for parent in sorted(parents, key=_start)), key=_time)
        for timed in list(coming):
            self._taking(timed.record).pending.append(timed)
        change = Resharding(names, tuple(child.shard_id for child in children))
        for parent in parents:
            parent.end(change.children, now)
        return change

    def _opened(
        self, keys: rules.HashKeyRange, opened: float, parents: tuple[str, ...]
    ) -> ShardLog:
        """A new shard, the next in number."""
        index = len(self._shards)
        shard_id, prefix = rules.shard_id(index), rules.sequence_prefix(opened, index)
        self._shards[shard_id] = shard = ShardLog(shard_id, keys, prefix, parents)
        shard.opened_at = opened
        return shard

    def _set_open(self, shards: list[ShardLog]) -> None:
        self.open = shards
        self._starts = [shard.hash_keys.starting_hash_key for shard in shards]

    def _taking(self, record: PutRecord) -> ShardLog:
        """The open shard whose range has the record's hash key."""
        key = record.explicit_hash_key
        shard = self.routes.get(record.partition_key) if key is None else None
        if shard is not None:
            return shard
        hashed = rules.hash_key(record.partition_key) if key is None else key
        return self.open[bisect_right(self._starts, hashed) - 1]

    def _remember(self, partition_key: str, shard: ShardLog) -> None:
        if len(self.routes) >= _ROUTES_MAX:
            self.routes.clear()
        self.routes[partition_key] = shard

    def _eligible(self, shard_id: str) -> ShardLog:
        """A shard that may be split or merged."""
        shard = self.get(shard_id)
        if shard.closed_at is not None:
            raise ServiceError(*resharding.not_eligible(shard_id, self.place))
        if shard.closed:
            raise self._closed()
        return shard

    def _check_room(self, children: int) -> None:
        too_many = len(self.open) >= rules.SHARDS_MAX and children > 1
        if too_many or len(self._shards) + children - 1 > resharding.SHARD_INDEX_MAX:
            reason = f"stream {self._stream} has as many shards as a stream can have"
            raise ServiceError("LimitExceededException", reason)

    def _check_there(self) -> None:
        if self._deleted:
            reason = f"Stream {self._stream} under account {self._account} not found."
            raise ServiceError("ResourceNotFoundException", reason)

    def _closed(self) -> ServiceError:
        reason = f"stream {self._stream} is closed: nobody was to put another record"
        return ServiceError("ResourceInUseException", reason)


def _start(shard: ShardLog) -> int:
    return shard.hash_keys.starting_hash_key


def _time(timed: TimedRecord) -> float:
    return timed.time
