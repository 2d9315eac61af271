"""
Resharding by numbers: the hash keys of the shards that a split or a merge makes.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SplitShard.html
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_MergeShards.html
"""

from __future__ import annotations

from eventsim.rules.kinesis import HashKeyRange
from eventsim.rules.refusals import Refusal

SHARD_INDEX_MAX = 999_999  # as many as a sequence number has digits for


def middle(keys: HashKeyRange) -> int:
    """Return the first hash key of the upper half; it has one less if the range is odd."""
    return (keys.starting_hash_key + keys.ending_hash_key + 1) // 2


def split_ranges(
    keys: HashKeyRange, new_starting_hash_key: int, shard_id: str, place: str
) -> tuple[HashKeyRange, HashKeyRange] | Refusal:
    """Return the ranges of the children, lower first; *place* is the stream as AWS says it."""
    start, end = keys
    if start + 1 < new_starting_hash_key < end:
        return HashKeyRange(start, new_starting_hash_key - 1), HashKeyRange(
            new_starting_hash_key, end
        )
    return Refusal(
        "InvalidArgumentException",
        f"NewStartingHashKey {new_starting_hash_key} used in SplitShard() on shard {shard_id} "
        f"{place} is not both greater than one plus the shard's StartingHashKey {start} and less "
        f"than the shard's EndingHashKey {end - 1}.",
    )


def merged_range(one: HashKeyRange, other: HashKeyRange) -> HashKeyRange | None:
    """Return the range of the child, or None where the two are not adjacent."""
    lower, upper = sorted((one, other))
    if lower.ending_hash_key + 1 != upper.starting_hash_key:
        return None
    return HashKeyRange(lower.starting_hash_key, upper.ending_hash_key)


def not_adjacent(shard_id: str, adjacent_shard_id: str, place: str) -> Refusal:
    """Return why MergeShards refuses two shards between which there is a third, or none."""
    return Refusal(
        "InvalidArgumentException",
        f"Shards {shard_id} and {adjacent_shard_id} {place} are not an adjacent pair of shards "
        "eligible for merging",
    )


def not_eligible(shard_id: str, place: str) -> Refusal:
    """Return why a shard that was split or merged is neither split nor merged again."""
    return Refusal(
        "InvalidArgumentException",
        f"Shard {shard_id} {place} has already been merged or split, and thus is not eligible "
        "for merging or splitting.",
    )
