"""
``shift``: an alias leads to another version, at once or for a share of the calls.

https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html
"""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from pydantic import Field

from eventsim.scenario.block import Step as TimelineStep
from eventsim.scenario.stage import Stage
from eventsim.scenario.values import Text


class Step(TimelineStep):
    """Let the alias ``shift``, written function:alias, lead ``to`` a version.

    With a ``weight`` below 1 only that share of the calls goes there, and the others to the
    version that the alias led to. An alias that is not there yet is made. Provisioned
    concurrency follows its alias, which takes as long as the initialisations there.
    """

    alias_keys: ClassVar[Collection[str]] = ("shift",)

    shift: Text = Field(examples=["consumer:live"])
    to: str = Field(pattern=r"^([1-9][0-9]*|\$LATEST)$", examples=['"2"'])
    weight: float = Field(1.0, ge=0, le=1)

    async def perform(self, stage: Stage) -> None:
        """Raises InvokeError for a version that is not there, EventsimError for a function
        that runs elsewhere.
        """
        name, _, alias = self.shift.partition(":")
        functions = stage.functions(name)
        before = functions.functions.alias(name, alias)
        if before is None or self.weight == 1:
            functions.shift(name, alias, self.to)
        else:
            functions.shift(name, alias, before.version, {self.to: self.weight})
        stage.start_soon(functions.follow, name, alias)
