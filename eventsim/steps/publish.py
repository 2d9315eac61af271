"""
``publish``: a version of a function, as it is now, that never changes.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html
"""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from pydantic import Field

from eventsim.scenario.block import Step as TimelineStep
from eventsim.scenario.function import AliasName
from eventsim.scenario.stage import Stage
from eventsim.scenario.values import Text


class Step(TimelineStep):
    """Publish the function ``publish``; its ``alias``, if one is named, leads there at once."""

    function_keys: ClassVar[Collection[str]] = ("publish",)

    publish: Text = Field(examples=["consumer"])
    alias: AliasName | None = None
    description: str | None = Field(None, max_length=256)

    async def perform(self, stage: Stage) -> None:
        """Raises EventsimError for a function that runs elsewhere."""
        functions = stage.functions(self.publish)
        version = functions.publish(self.publish, self.description)
        if self.alias is not None:
            functions.shift(self.publish, self.alias, version)
            stage.start_soon(functions.follow, self.publish, self.alias)
