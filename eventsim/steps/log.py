"""
``log``: write lines to a log group, for the functions that subscribe to it.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
"""

from __future__ import annotations

from pydantic import Field

from eventsim.scenario.block import Step as TimelineStep
from eventsim.scenario.stage import Stage
from eventsim.scenario.values import Text


class Step(TimelineStep):
    """Write ``messages`` to the ``stream`` of the log group ``log``, at once."""

    log: Text = Field(examples=["/shop/web"])
    stream: Text = Field("stream", examples=["web-1"])
    messages: tuple[str, ...] = Field(examples=["[one line, another]"], min_length=1)

    async def perform(self, stage: Stage) -> None:
        """Return when they are written."""
        stage.write_log(self.log, self.stream, self.messages)
