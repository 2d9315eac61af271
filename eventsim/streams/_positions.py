"""Where in a Kinesis shard a position is, and for how long an iterator is good."""

from __future__ import annotations

from eventsim.errors import ServiceError
from eventsim.rules import kinesis as rules
from eventsim.streams import ShardIterator
from eventsim.streams._shard import ShardLog
from eventsim.types import Position


def number_at(shard: ShardLog, position: Position, now: float, place: str) -> int:
    """Return the number of the first record at *position*, at epoch time *now*.

    Raises ServiceError for a number of another shard or a timestamp in the future.
    """
    match position.type:
        case "TRIM_HORIZON":
            return shard.oldest
        case "LATEST":
            return shard.next
        case "AT_SEQUENCE_NUMBER":
            return own_number(shard, position.sequence_number, place)
        case "AFTER_SEQUENCE_NUMBER":
            return own_number(shard, position.sequence_number, place) + 1
        case "AT_TIMESTAMP":
            return shard.number_at(_past(position.timestamp, now))


def own_number(shard: ShardLog, sequence: str | None, place: str) -> int:
    """Return which record of the shard *sequence* stands for, one that may still be to come."""
    if sequence is None:
        reason = "AT_ and AFTER_SEQUENCE_NUMBER need a StartingSequenceNumber"
        raise ServiceError("InvalidArgumentException", reason)
    number = shard.number_of(sequence)
    if number is None:
        raise ServiceError(
            "InvalidArgumentException",
            f"StartingSequenceNumber {sequence} used in GetShardIterator on shard "
            f"{shard.shard_id} {place} is invalid because it did not come from this stream.",
        )
    return number


def check_age(iterator: ShardIterator, now: float) -> None:
    """Raises ServiceError when the iterator has expired; *now* is seconds since the run began."""
    if now - iterator.issued > rules.ITERATOR_SECONDS:
        raise ServiceError(
            "ExpiredIteratorException",
            f"Iterator expired. The iterator was created at time {iterator.issued:g} s of the "
            f"run while right now it is {now:g} s which is further in the future than the "
            f"tolerated delay of {rules.ITERATOR_SECONDS:g} seconds.",
        )


def _past(timestamp: float | None, now: float) -> float:
    if timestamp is None:
        raise ServiceError("InvalidArgumentException", "AT_TIMESTAMP needs a Timestamp")
    if timestamp > now + 0.001:
        raise ServiceError(
            "InvalidArgumentException",
            "The timestampInMillis parameter cannot be greater than the "
            f"currentTimestampInMillis. timestampInMillis: {int(timestamp * 1000)}, "
            f"currentTimestampInMillis: {int(now * 1000)}",
        )
    return timestamp
