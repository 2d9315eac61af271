"""
``push``: a service sends an event to a function.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-services.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, ClassVar

import anyio
from pydantic import Field, ValidationError

from eventsim.errors import EventsimError, UnknownPlugin
from eventsim.push.builders import Builder, builder, module_of
from eventsim.rules.paths import changed, parse_path
from eventsim.scenario.block import Step as TimelineStep
from eventsim.scenario.block import validated
from eventsim.scenario.problem import Path, Problem, problems_of
from eventsim.scenario.stage import Stage
from eventsim.scenario.values import Flag, Text, Whole
from eventsim.types import Bus, Delivery, InvocationType, Scene


class Step(TimelineStep):
    """Send an ``event`` of the source ``push`` to the function ``to``, ``count`` times at once.

    What comes in EventBridge's envelope may also be put on a bus; ``default`` is always there.
    What is said below ``with`` are parameters of the event (see ``eventsim generate``), below
    ``set`` any of its fields by its path, which ``create`` lets make what is not there.
    ``EventSourceToken`` is what the service shows to a permission that asks for one; a skill of
    Alexa's shows its id without it.
    """

    push: Text = Field(examples=["s3"])
    event: Text | None = None
    to: Text = Field(examples=["consumer"])
    type: InvocationType | None = None
    parameters: dict[str, Any] = Field(default_factory=dict, alias="with")
    changes: dict[str, Any] = Field(default_factory=dict, alias="set")
    token: Text | None = Field(None, alias="EventSourceToken")
    create: Flag = False
    count: Whole = Field(1, ge=1, le=100_000)

    receiver_keys: ClassVar[Collection[str]] = ("to",)

    @classmethod
    def problems(cls, values: Mapping[str, Any], at: Path) -> Iterable[Problem]:
        """A source or event that is not there, parameters that it does not take, no such field."""
        source, event = values.get("push"), values.get("event")
        if not isinstance(source, str) or not source or not isinstance(event, str | None):
            return ()
        try:
            module_of(source)
        except UnknownPlugin as error:
            return [Problem((*at, "push"), f" is '{source}': {error}")]
        try:
            found = builder(source, event or None)
        except UnknownPlugin as error:
            return [Problem((*at, "event"), f" is '{event}': {error}")]
        return _problems(found, values, at)

    async def perform(self, stage: Stage) -> None:
        """Return when the service is done. Raises EventsimError for what cannot be built."""
        module, build, scene = module_of(self.push), builder(self.push, self.event), stage.scene()
        async with anyio.create_task_group() as tasks:
            for _ in range(self.count):
                event = build.event(scene, self.parameters)
                for path, value in self.changes.items():
                    event = changed(event, parse_path(path), value, create=self.create)
                if stage.is_function(self.to):
                    delivery = Delivery(
                        self.push, module, event, self.to, self.type, event_source_token=self.token
                    )
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


def _problems(event: Builder, values: Mapping[str, Any], at: Path) -> Iterator[Problem]:
    given, changes = values.get("with") or {}, values.get("set") or {}
    if not isinstance(given, dict) or not isinstance(changes, dict):
        return
    try:
        validated(event.model, given)
        built = event.event(Scene(), given)
    except ValidationError as error:
        yield from problems_of(error, (*at, "with"))
        return
    except EventsimError as error:
        yield Problem((*at, "with"), f": {error}")
        return
    for path, value in changes.items():
        try:
            built = changed(
                built, parse_path(str(path)), value, create=values.get("create") is True
            )
        except EventsimError as error:
            yield Problem((*at, "set", path), f": {error}", at_key=True)
