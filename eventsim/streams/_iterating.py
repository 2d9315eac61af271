"""Where a shard iterator stands, and what is read there, whichever service it is of."""

from __future__ import annotations

from collections.abc import Sequence

from eventsim.errors import ServiceError
from eventsim.streams import GetRecords, ShardIterator
from eventsim.streams._log import RecordLog
from eventsim.types import Record, Trimmed

_MILLISECOND = 0.001


def iterator_at(shard: RecordLog, number: int, now: float) -> ShardIterator:
    """Return an iterator at record *number*, issued *now*."""
    return ShardIterator(shard.shard_id, shard.sequence_number(number - 1), now)


def next_number(shard: RecordLog, iterator: ShardIterator) -> int:
    """The number of the record at the iterator, or of the oldest there is if it was trimmed."""
    after = shard.number_of(iterator.after)
    if after is None:
        reason = "Invalid ShardIterator: it did not come from this stream."
        raise ServiceError(shard.numbering.INVALID_ITERATOR, reason)
    return max(shard.oldest, after + 1)


def trimmed(shard: RecordLog, iterator: ShardIterator) -> Trimmed | None:
    """Return what has left the shard since the iterator, unread."""
    wanted = (shard.number_of(iterator.after) or 0) + 1
    if wanted >= shard.oldest:
        return None
    first, last = shard.sequence_number(wanted), shard.sequence_number(shard.oldest - 1)
    return Trimmed(first, last, shard.oldest - wanted)


def skip(shard: RecordLog, iterator: ShardIterator) -> ShardIterator:
    """Return the iterator at the oldest record there is, if it stood before that."""
    return iterator_at(shard, next_number(shard, iterator), iterator.issued)


def answered(
    shard: RecordLog,
    start: int,
    records: Sequence[Record],
    now: float,
    timestamp: float,
    children: tuple[str, ...] | None,
) -> GetRecords:
    """Return the answer to GetRecords with *records*, which are those from number *start* on.

    It is *now* in seconds since the run began, *timestamp* in those since the epoch. *children*
    go on for a shard in which nothing will arrive any more; None while something may.
    """
    end = start + len(records)
    if records and end < shard.next:
        behind = max(_MILLISECOND, round(timestamp - records[-1].arrival, 3))
        return GetRecords(records, iterator_at(shard, end, now), behind)
    if children is not None and end >= shard.next:
        return GetRecords(records, None, 0.0, children)
    return GetRecords(records, iterator_at(shard, end, now), 0.0)
