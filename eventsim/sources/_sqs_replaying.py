"""Recorded messages as a queue takes them, and as it would have shown them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eventsim.recordings import RecordedRecord
from eventsim.rules.sqs import SEND_MESSAGES_MAX
from eventsim.types import Message, SendMessage

AT_ONCE = SEND_MESSAGES_MAX
LOOKED_FOR = False  # nobody can look into a queue; a FIFO queue drops what it had already
_FIFO = ".fifo"


def resource(name: str, shards: int, first: RecordedRecord | None) -> tuple[str, dict[str, Any]]:
    """The queue that messages are replayed into, and its name: of groups only a FIFO queue."""
    grouped = first is not None and "MessageGroupId" in first.data.attributes
    if grouped and not name.endswith(_FIFO):
        name += _FIFO
    return (name if grouped else name.removesuffix(_FIFO)), {"type": "sqs"}


def put(record: RecordedRecord, shards: Sequence[str] = ()) -> SendMessage:
    """What to send."""
    message: Message = record.data
    group = message.attributes.get("MessageGroupId")
    once = message.attributes.get("MessageDeduplicationId", message.message_id)
    return SendMessage(
        message.body,
        message.message_attributes,
        message_group_id=group,
        message_deduplication_id=None if group is None else once,
        trace_header=message.attributes.get("AWSTraceHeader"),
    )


def write(record: RecordedRecord, shards: Sequence[str] = ()) -> SendMessage:
    """What to send to a queue that lives on."""
    return put(record)


def read(record: RecordedRecord) -> Message:
    """The message as a receiver of the recorded queue saw it."""
    message: Message = record.data
    return message
