"""Recorded messages as a queue takes them, and as it would have shown them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eventsim.recordings import RecordedRecord
from eventsim.types import Message, SendMessage


def recorded_resource(shards: int) -> dict[str, Any]:
    """The queue that messages are replayed into."""
    return {"type": "sqs"}


def recorded_put(record: RecordedRecord, shards: Sequence[str] = ()) -> SendMessage:
    """What to send."""
    return SendMessage(_body(record))


def recorded_read(record: RecordedRecord) -> Message:
    """The message as a receiver of the recorded queue saw it."""
    return Message(record.sequence_number or "", "", _body(record), "", {})


def _body(record: RecordedRecord) -> str:
    return record.data.decode("utf-8", "replace")
