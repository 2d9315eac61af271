"""
``update``: settings of an event source mapping, ``Enabled`` among them, or of a function.

A mapping stops when what is in flight is finished, and goes on behind its checkpoint. Of a
function $LATEST changes: what runs goes on as it began, what comes next gets fresh environments.
EventInvokeConfig and RecursiveLoop are of no version, and no environment knows of them.

https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html
https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html
https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar

from pydantic import Field

from eventsim.scenario.block import Step as TimelineStep
from eventsim.scenario.durations import TIMED, as_read
from eventsim.scenario.function import updated
from eventsim.scenario.identities import role_name
from eventsim.scenario.mapping import readable_settings
from eventsim.scenario.stage import Stage
from eventsim.scenario.values import Text, resource_name


class Step(TimelineStep):
    """Change ``Properties`` of ``update``: a mapping, called function.Event, or a function."""

    changeable_keys: ClassVar[Collection[str]] = ("update",)

    update: Text = Field(examples=["consumer.Orders"])
    properties: dict[str, Any] = Field(alias="Properties", examples=["{Enabled: false}"])

    async def perform(self, stage: Stage) -> None:
        """Return when the change is in effect. Raises MappingRefused during another one."""
        if "." in self.update:
            await self._mapping(stage)
        else:
            self._function(stage)

    def _function(self, stage: Stage) -> None:
        functions = stage.functions(self.update)
        changes = updated(self.properties, stage.arn_of_text)
        for key in TIMED:
            if key in changes:
                changes[key] = as_read(changes[key], key, stage.file)
        if changes.get("code_uri"):
            changes["code_uri"] = str(stage.file(changes["code_uri"]))
        if changes.get("role"):
            role = changes["role"] = stage.identities[role_name(changes["role"])]
            stage.permissions.issue(role, self.update)
        functions.update(self.update, f"updated {', '.join(self.properties)}", **changes)

    async def _mapping(self, stage: Stage) -> None:
        mapping = stage.mappings[self.update]
        changes = readable_settings(mapping.kind, self.properties)
        if changes.get("on_failure"):
            changes["on_failure"] = stage.arn(resource_name(changes["on_failure"]))
        await mapping.update(**changes)
