"""
``split``: a shard becomes two, which share its hash keys.

``split: orders/shardId-000000000000`` splits it in the middle, ``new_starting_hash_key: "…"``
where the upper shard is to begin. The shard takes no record from then on; what a recording still
has for it goes to the two.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SplitShard.html
"""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from eventsim.scenario.block import Step as TimelineStep
from eventsim.scenario.stage import Stage
from eventsim.steps._shards import HashKey, ShardOfStream, reshardable


class Step(TimelineStep):
    """Split the shard ``split`` in its middle, or at ``new_starting_hash_key``."""

    shard_keys: ClassVar[Collection[str]] = ("split",)

    split: ShardOfStream
    new_starting_hash_key: HashKey | None = None

    async def perform(self, stage: Stage) -> None:
        """Return when the children take records.

        Raises ServiceError when the shard is not there, or is closed, BackendError on moto.
        """
        stream = reshardable(stage, self.split.stream, "split")
        await stream.split(self.split.shard_id, self.new_starting_hash_key)
