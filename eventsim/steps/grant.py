"""
``grant``: a statement more in the policy of a function, or of one of its versions or aliases.

https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html
"""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from pydantic import Field

from eventsim.scenario.block import Step as TimelineStep
from eventsim.scenario.permissions import PermissionBlock
from eventsim.scenario.stage import Stage
from eventsim.scenario.values import Seconds, Text


class Step(PermissionBlock, TimelineStep):
    """Let ``Principal`` do ``Action`` with the function ``grant``."""

    function_keys: ClassVar[Collection[str]] = ("grant",)
    policy_keys: ClassVar[Collection[str]] = ("grant",)

    at: Seconds = Field(alias="at", examples=["5s"])
    grant: Text = Field(alias="grant", examples=["consumer"])

    async def perform(self, stage: Stage) -> None:
        """Return when it is granted. Raises PermissionRefused, ResourceNotFound."""
        stage.permissions.add(self.grant, self.permission(stage.names, stage.identities))
