"""
``replay``: send what an archive of a bus has kept to the bus's rules again.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_StartReplay.html
"""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from pydantic import Field

from eventsim.scenario.block import Step as TimelineStep
from eventsim.scenario.stage import Stage
from eventsim.scenario.values import Seconds, Text


class Step(TimelineStep):
    """Replay what the ``archive`` of the bus ``replay`` got from ``since`` to ``until``.

    Each event has the ``name`` of the replay as its ``replay-name``. Without ``until``, everything
    up to now.
    """

    resource_keys: ClassVar[Collection[str]] = ("replay",)
    resource_opener: ClassVar[str | None] = "open_bus"

    replay: Text = Field(examples=["audit"])
    archive: Text = Field(examples=["everything"])
    name: Text = Field("replay", examples=["again"])
    since: Seconds = 0.0
    until: Seconds | None = None

    async def perform(self, stage: Stage) -> None:
        """Return when every rule has been asked. Raises EventsimError for an unknown archive."""
        until = stage.clock.time() if self.until is None else self.until
        stage.replay(self.replay, self.archive, self.name, self.since, until)
