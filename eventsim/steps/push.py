"""
``push``: a service sends an event to a function.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-services.html
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar

import anyio
from pydantic import Field

from eventsim.errors import EventsimError
from eventsim.push.builders import builder, module_of
from eventsim.rules.paths import changed, parse_path
from eventsim.scenario.block import Step as TimelineStep
from eventsim.scenario.stage import Stage
from eventsim.scenario.values import Text, Whole
from eventsim.types import Bus, Delivery, InvocationType


class Step(TimelineStep):
    """Send an ``event`` of the source ``push`` to the function ``to``, ``count`` times at once.

    What comes in EventBridge's envelope may also be put on a bus; ``default`` is always there.
    What is said below ``with`` are parameters of the event (see ``eventsim generate``), below
    ``set`` any of its fields by its path.
    """

    push: Text = Field(examples=["s3"])
    event: Text | None = None
    to: Text = Field(examples=["consumer"])
    type: InvocationType | None = None
    parameters: dict[str, Any] = Field(default_factory=dict, alias="with")
    changes: dict[str, Any] = Field(default_factory=dict, alias="set")
    count: Whole = Field(1, ge=1, le=100_000)

    receiver_keys: ClassVar[Collection[str]] = ("to",)

    async def perform(self, stage: Stage) -> None:
        """Return when the service is done. Raises EventsimError for what cannot be built."""
        module, build, scene = module_of(self.push), builder(self.push, self.event), stage.scene()
        async with anyio.create_task_group() as tasks:
            for _ in range(self.count):
                event = build.event(scene, self.parameters)
                for path, value in self.changes.items():
                    event = changed(event, parse_path(path), value)
                if stage.is_function(self.to):
                    delivery = Delivery(self.push, module, event, self.to, self.type)
                    tasks.start_soon(stage.pusher.push, delivery, scene)
                else:
                    await put_on(stage.buses[self.to], event, f"{self.push} {build.name}")


async def put_on(bus: Bus, event: Any, what: str) -> None:
    """Put an event on a bus. Raises EventsimError for one that is not in EventBridge's envelope,
    or that the bus refuses.
    """
    if not isinstance(event, dict) or not {"id", "detail-type", "source", "detail"} <= event.keys():
        raise EventsimError(f"a {what} is no event of a bus; it has no detail-type")
    await bus.put_document(event)
