"""
``send``: messages to a queue, in this order, all at once.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Collection
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema

from eventsim.scenario.block import Block
from eventsim.scenario.block import Step as TimelineStep
from eventsim.scenario.problem import refuse, show
from eventsim.scenario.stage import Stage
from eventsim.scenario.values import Seconds, Text, encoded, resource_name
from eventsim.types import SendMessage


def _body(value: Any) -> str:
    try:
        return encoded(value).decode()
    except UnicodeDecodeError:
        raise refuse("is not text in UTF-8, and a body is") from None


def _attribute(value: Any) -> dict[str, Any]:
    """A message attribute in AWS's words, or its value alone."""
    match value:
        case str():
            return {"DataType": "String", "StringValue": value}
        case bool():
            pass
        case int() | float():
            return {"DataType": "Number", "StringValue": str(value)}
        case bytes():
            return {"DataType": "Binary", "BinaryValue": value}
        case {"DataType": str() as kind, "StringValue": str() as text, **rest} if not rest:
            return {"DataType": kind, "StringValue": text}
        case {"DataType": str() as kind, "BinaryValue": str() | bytes() as data, **rest} if (
            not rest
        ):
            return {"DataType": kind, "BinaryValue": _binary(data)}
    raise refuse(f"is {show(value)}; write text, a number, or {{DataType: String, StringValue: …}}")


def _binary(value: str | bytes) -> bytes:
    if isinstance(value, bytes):
        return value
    try:
        return b64decode(value, validate=True)
    except ValueError:
        raise refuse(f"is {show(value)}; a BinaryValue is in base64") from None


def _whole(seconds: float) -> float:
    if seconds % 1:
        raise refuse(f"is {seconds:g}s; SQS delays by whole seconds")
    return seconds


Attribute = Annotated[dict[str, Any], PlainValidator(_attribute), WithJsonSchema({})]


class MessageBlock(Block):
    """One message: mappings and lists as ``body`` become compact JSON.

    ``group`` and ``deduplication_id`` are MessageGroupId and MessageDeduplicationId; ``delay``
    is DelaySeconds, the queue's own without it.
    """

    body: Annotated[str, PlainValidator(_body), WithJsonSchema({})] = Field(examples=["{id: 1}"])
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
