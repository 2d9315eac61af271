"""
What a queue holds, and how it is written and read.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol


@dataclass(frozen=True, slots=True)
class SendMessage:
    """What a sender hands to a queue, in SendMessage's own fields.

    A value of ``message_attributes`` is as the API takes it: ``{"DataType": "String",
    "StringValue": "x"}``. ``delay_seconds`` None is the queue's own delay; ``trace_header`` is the
    system attribute AWSTraceHeader.
    """

    body: str
    message_attributes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    delay_seconds: int | None = None
    message_group_id: str | None = None
    message_deduplication_id: str | None = None
    trace_header: str | None = None


class TimedMessage(NamedTuple):
    """A message to be sent at a time, in seconds since the run began."""

    time: float
    message: SendMessage


@dataclass(frozen=True, slots=True)
class Message:
    """A message as one ReceiveMessage returned it; ``attributes`` are the system's own."""

    message_id: str
    receipt_handle: str
    body: str
    md5_of_body: str
    attributes: Mapping[str, str]
    message_attributes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    md5_of_message_attributes: str | None = None


class Received(NamedTuple):
    """What one wait on a queue brought.

    ``polls`` counts the requests that AWS would have made; ``ended`` says that the queue is
    empty, nothing is in flight in it and nobody will send another message.
    """

    messages: Sequence[Message]
    polls: int = 1
    ended: bool = False


class Queue(Protocol):
    """A queue on one back end, as senders and mappings see it."""

    arn: str
    fifo: bool
    visibility_timeout: float  # seconds

    async def send(self, messages: Sequence[SendMessage]) -> None:
        """Send messages now, in this order."""

    async def feed(self, messages: Iterator[TimedMessage]) -> None:
        """Send messages at their times; return after the last. Never holds them all."""

    async def receive(
        self, most: int, until: float | None, visibility_timeout: float | None = None
    ) -> Received:
        """Return up to *most* (1 to 10) messages, waiting for the first until *until*.

        None waits for as long as it takes. What is returned is invisible to others for
        *visibility_timeout* seconds, the queue's own when None.
        """

    async def delete(self, receipt_handles: Sequence[str]) -> None:
        """Delete received messages; one that is not there any more is no error."""

    async def change_visibility(self, receipt_handles: Sequence[str], seconds: float) -> None:
        """Make received messages visible again after so many seconds from now."""

    def finish(self) -> None:
        """Nobody will send another message: ``receive`` says ended once everything is gone."""
