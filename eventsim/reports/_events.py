"""
What a function's asynchronous events came to, and what CloudWatch would say of them.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html#async-invocation-metrics
"""

from __future__ import annotations

from typing import Any

Fields = dict[str, Any]

COUNTS = (
    "queued",
    "duplicated",
    "retried",
    "succeeded",
    "discarded",
    "dead_letters",
    "destination_records",
    "dropped",
)
EVENT_KINDS = (
    "event_queued",
    "event_duplicated",
    "event_retried",
    "event_succeeded",
    "event_discarded",
    "event_dropped",
)
_TAKEN = {"DeadLetterQueue": "dead_letters"}


class Events:
    """Counts and metrics of one function's events; ages are in milliseconds.

    ``destination_records`` counts the records that destinations took. AsyncEventsDropped counts
    every event that was given up, as AWS does, also where a dead-letter queue took it.
    """

    __slots__ = ("_age_last", "_age_max", "_dead_letter_errors", "_failures", "_loops", "counts")

    def __init__(self) -> None:
        self.counts = dict.fromkeys(COUNTS, 0)
        self._dead_letter_errors = self._failures = self._loops = 0
        self._age_max: float | None = None
        self._age_last: float | None = None

    def metrics(self) -> dict[str, Any]:
        """The figures under AWS's names; an age is None as long as nothing was tried."""
        return {
            "AsyncEventsReceived": self.counts["queued"],
            "AsyncEventAge": {"max": _ms(self._age_max), "last": _ms(self._age_last)},
            "AsyncEventsDropped": self.counts["discarded"],
            "DeadLetterErrors": self._dead_letter_errors,
            "DestinationDeliveryFailures": self._failures,
            "RecursiveInvocationsDropped": self._loops,
        }

    def count(self, kind: str, fields: Fields) -> None:
        """event_queued and all that follows from it."""
        self.counts[kind.removeprefix("event_")] += 1
        if "age" in fields:
            age = self._age_last = fields["age"]
            self._age_max = age if self._age_max is None else max(self._age_max, age)
        self._loops += kind == "event_discarded" and fields["condition"] == "RecursiveInvocation"

    def delivered(self, fields: Fields) -> None:
        """destination_delivered"""
        self.counts[_TAKEN.get(fields["config"], "destination_records")] += 1

    def failed(self, fields: Fields) -> None:
        """destination_failed"""
        dead_letter = fields["config"] in _TAKEN
        self._dead_letter_errors += dead_letter
        self._failures += not dead_letter


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)
