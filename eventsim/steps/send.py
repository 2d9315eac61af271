"""
``send``: messages to a queue, in this order, all at once.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from eventsim.scenario.attributes import Attribute
from eventsim.scenario.block import Block
from eventsim.scenario.block import Step as TimelineStep
from eventsim.scenario.problem import refuse
from eventsim.scenario.stage import Stage
from eventsim.scenario.values import BodyText, Seconds, Text, resource_name
from eventsim.types import SendMessage


def _whole(seconds: float) -> float:
    if seconds % 1:
        raise refuse(f"is {seconds:g}s; SQS delays by whole seconds")
    return seconds


class MessageBlock(Block):
    """One message: mappings and lists as ``body`` become compact JSON.

    ``group`` and ``deduplication_id`` are MessageGroupId and MessageDeduplicationId; ``delay``
    is DelaySeconds, the queue's own without it.
    """

    body: BodyText = Field(examples=["{id: 1}"])
    group: Text | None = None
    deduplication_id: Text | None = None
    attributes: dict[Text, Attribute] = Field(default_factory=dict)
    delay: Annotated[Seconds, AfterValidator(_whole)] | None = None

    def message(self) -> SendMessage:
        """What a queue takes."""
        delay = None if self.delay is None else int(self.delay)
        return SendMessage(self.body, self.attributes, delay, self.group, self.deduplication_id)


class Step(TimelineStep):
    """Send ``messages`` to the queue ``send``."""

    resource_keys: ClassVar[Collection[str]] = ("send",)
    resource_opener: ClassVar[str | None] = "open_queue"

    send: Annotated[Text, AfterValidator(resource_name)] = Field(examples=["orders"])
    messages: tuple[MessageBlock, ...] = Field(examples=["[{body: {id: 1}}]"])

    async def perform(self, stage: Stage) -> None:
        """Return when the last message is sent. Raises ServiceError when one is refused."""
        await stage.queues[self.send].send([block.message() for block in self.messages])
