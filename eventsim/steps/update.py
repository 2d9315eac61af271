"""
``update``: settings of an event source mapping, ``Enabled`` among them.

The mapping stops when what is in flight is finished, and goes on behind its checkpoint.

https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar

from pydantic import Field

from eventsim.scenario.block import Step as TimelineStep
from eventsim.scenario.mapping import readable_settings
from eventsim.scenario.stage import Stage
from eventsim.scenario.values import Text, resource_name


class Step(TimelineStep):
    """Change ``Properties`` of the mapping ``update``, which is called function.Event."""

    mapping_keys: ClassVar[Collection[str]] = ("update",)

    update: Text = Field(examples=["consumer.Orders"])
    properties: dict[str, Any] = Field(alias="Properties", examples=["{Enabled: false}"])

    async def perform(self, stage: Stage) -> None:
        """Return when the change is in effect. Raises MappingRefused during another one."""
        mapping = stage.mappings[self.update]
        changes = readable_settings(mapping.kind, self.properties)
        if changes.get("on_failure"):
            changes["on_failure"] = stage.arn(resource_name(changes["on_failure"]))
        await mapping.update(**changes)
