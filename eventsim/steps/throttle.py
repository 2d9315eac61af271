"""
``throttle``: a function gets no concurrency for a while, as with a reservation of 0.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
"""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from pydantic import Field

from eventsim.scenario.block import Step as TimelineStep
from eventsim.scenario.stage import Stage
from eventsim.scenario.values import Seconds, Text


class Step(TimelineStep):
    """Refuse every invocation of the function ``throttle`` with 429, ``for`` so long."""

    function_keys: ClassVar[Collection[str]] = ("throttle",)

    throttle: Text = Field(examples=["consumer"])
    duration: Seconds = Field(alias="for", examples=["30s"])

    async def perform(self, stage: Stage) -> None:
        """Return when the function may be invoked again. Raises EventsimError for one elsewhere."""
        with stage.functions(self.throttle).concurrency.throttled(self.throttle):
            await stage.clock.sleep(self.duration)
