"""
``publish``: a version of a function, as it is now, that never changes; or a message on a topic.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html
https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from eventsim.scenario.attributes import Attribute
from eventsim.scenario.block import Step as TimelineStep
from eventsim.scenario.function import AliasName
from eventsim.scenario.problem import refuse
from eventsim.scenario.stage import Stage
from eventsim.scenario.values import BodyText, Text, Whole, resource_name
from eventsim.types import Publish


class Step(TimelineStep):
    """Publish the function ``publish``; its ``alias``, if one is named, leads there at once.

    With a ``message`` it is a topic on which that is published, ``count`` times: a mapping or a
    list becomes compact JSON.
    """

    function_keys: ClassVar[Collection[str]] = ("publish",)
    meanings: ClassVar[Mapping[str, tuple[str, str]]] = {"message": ("publish", "open_topic")}

    publish: Text = Field(examples=["consumer"])
    alias: AliasName | None = None
    description: str | None = Field(None, max_length=256)
    message: BodyText | None = None
    subject: Annotated[Text | None, Field(max_length=100)] = None
    attributes: dict[Text, Attribute] = Field(default_factory=dict)
    count: Whole = Field(1, ge=1, le=100_000)

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        of_a_version, of_a_message = {"alias", "description"}, {"subject", "attributes", "count"}
        others = of_a_version if self.message is not None else of_a_message
        wrong = sorted(others & self.model_fields_set)
        if wrong and self.message is not None:
            raise refuse(f"has a message, which is for a topic, and {wrong[0]}, for a function")
        if wrong:
            raise refuse(f"has {wrong[0]}, which is for a topic; write its message too")
        return self

    async def perform(self, stage: Stage) -> None:
        """Raises EventsimError for a function that runs elsewhere, ServiceError for a message that
        the topic refuses.
        """
        if self.message is not None:
            topic = stage.topics[resource_name(self.publish)]
            for _ in range(self.count):
                await topic.publish(Publish(self.message, self.subject, self.attributes))
            return
        functions = stage.functions(self.publish)
        version = functions.publish(self.publish, self.description)
        if self.alias is not None:
            functions.shift(self.publish, self.alias, version)
            stage.start_soon(functions.follow, self.publish, self.alias)
