"""
``revoke``: a statement less in the policy of a function, or of one of its versions or aliases.

https://docs.aws.amazon.com/lambda/latest/api/API_RemovePermission.html
"""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from pydantic import Field

from eventsim.scenario.block import Step as TimelineStep
from eventsim.scenario.stage import Stage
from eventsim.scenario.values import Text


class Step(TimelineStep):
    """Take the statement ``StatementId`` out of the policy of the function ``revoke``."""

    function_keys: ClassVar[Collection[str]] = ("revoke",)
    policy_keys: ClassVar[Collection[str]] = ("revoke",)

    revoke: Text = Field(examples=["consumer"])
    statement_id: Text = Field(alias="StatementId", examples=["s3"])
    qualifier: Text | None = Field(None, alias="Qualifier")

    async def perform(self, stage: Stage) -> None:
        """Return when it is gone. Raises PermissionRefused where it is not, ResourceNotFound."""
        stage.permissions.remove(self.revoke, self.statement_id, self.qualifier)
