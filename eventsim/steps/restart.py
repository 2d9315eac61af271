"""
``restart``: the poller of a mapping crashes, and another takes over.

What was in flight is broken off. The new poller goes on behind the checkpoint, so whatever was
not checkpointed comes again: at least once, not exactly once.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html
"""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from pydantic import Field

from eventsim.scenario.block import Step as TimelineStep
from eventsim.scenario.stage import Stage
from eventsim.scenario.values import Text


class Step(TimelineStep):
    """Let the poller of the mapping ``restart``, which is called function.Event, crash."""

    mapping_keys: ClassVar[Collection[str]] = ("restart",)

    restart: Text = Field(examples=["consumer.Orders"])

    async def perform(self, stage: Stage) -> None:
        """Return when the new poller has started; does nothing to a mapping that is disabled."""
        await stage.mappings[self.restart].restart()
