"""
``merge``: two shards whose hash keys meet become one, which has the keys of both.

``merge: orders/shardId-000000000000`` and ``with: shardId-000000000001``. The two take no record
from then on; what a recording still has for them goes to the one.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_MergeShards.html
"""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from pydantic import Field

from eventsim.scenario.block import Step as TimelineStep
from eventsim.scenario.stage import Stage
from eventsim.steps._shards import ShardId, ShardOfStream, reshardable


class Step(TimelineStep):
    """Merge the shard ``merge`` with the one beside it, ``with``."""

    shard_keys: ClassVar[Collection[str]] = ("merge",)

    merge: ShardOfStream
    adjacent: ShardId = Field(alias="with")

    async def perform(self, stage: Stage) -> None:
        """Return when the child takes records.

        Raises ServiceError when a shard is not there, is closed or is not beside the other,
        BackendError on moto.
        """
        stream = reshardable(stage, self.merge.stream, "merge")
        await stream.merge(self.merge.shard_id, self.adjacent)
