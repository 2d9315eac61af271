"""
Which shards are read, from where, and in what order: parents are drained before their children.

https://docs.aws.amazon.com/streams/latest/dev/kinesis-using-sdk-java-after-resharding.html

Pure. A shard with a checkpoint goes on behind it. One that came of a shard that the mapping has
been reading is read from its start, whatever the mapping's StartingPosition; so is every shard
that appears later. With LATEST, a shard that was already closed when the mapping began has
nothing for it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from math import floor

from eventsim.types import Checkpoint, EventSourceMapping, Position, Shard

TRIM_HORIZON = Position("TRIM_HORIZON")


def first_positions(
    shards: Sequence[Shard],
    checkpoints: Mapping[str, Checkpoint],
    mapping: EventSourceMapping,
    began: float | None,
) -> dict[str, Position]:
    """Return where each shard is read from when the mapping starts; the others are not read.

    *began* is the epoch time at which the mapping started first, if this is not the first time:
    a shard on which nothing was done since is read from there, or from the beginning of that
    millisecond, since arrivals are stamped with its beginning.
    """
    parents = {parent for shard in shards for parent in shard.parent_shard_ids}
    known: set[str] = set(checkpoints)
    positions: dict[str, Position] = {}
    start = _start(mapping, began)
    for shard in shards:
        checkpoint = checkpoints.get(shard.shard_id)
        if checkpoint is not None:
            after = checkpoint.sequence_number
            positions[shard.shard_id] = Position("AFTER_SEQUENCE_NUMBER", after)
        elif known.intersection(shard.parent_shard_ids):
            known.add(shard.shard_id)
            positions[shard.shard_id] = TRIM_HORIZON
        elif start.type != "LATEST" or shard.shard_id not in parents:
            positions[shard.shard_id] = start
    return positions


def ready(shards: Sequence[Shard], begun: Collection[str], drained: Collection[str]) -> list[Shard]:
    """Return the shards that may be read now and are not yet: those without a parent to drain.

    A parent that the stream does not list any more has nothing left to read.
    """
    listed = {shard.shard_id for shard in shards}
    return [
        shard
        for shard in shards
        if shard.shard_id not in begun
        and all(parent in drained for parent in shard.parent_shard_ids if parent in listed)
    ]


def _start(mapping: EventSourceMapping, began: float | None) -> Position:
    start = mapping.position()
    if start.type == "LATEST" and began is not None:
        return Position("AT_TIMESTAMP", timestamp=floor(began * 1000) / 1000)
    return start
