"""What is counted of asynchronous events, when there are none."""

from __future__ import annotations

from typing import Any

NO_EVENTS: dict[str, int] = {
    "queued": 0,
    "duplicated": 0,
    "retried": 0,
    "succeeded": 0,
    "discarded": 0,
    "dead_letters": 0,
    "destination_records": 0,
    "dropped": 0,
}
NO_EVENT_METRICS: dict[str, Any] = {
    "AsyncEventsReceived": 0,
    "AsyncEventAge": {"max": None, "last": None},
    "AsyncEventsDropped": 0,
    "DeadLetterErrors": 0,
    "DestinationDeliveryFailures": 0,
    "RecursiveInvocationsDropped": 0,
}
WITHOUT_EVENTS: dict[str, Any] = {"events": NO_EVENTS, "metrics": NO_EVENT_METRICS}
