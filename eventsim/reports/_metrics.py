"""
What Lambda and CloudWatch would say of each event source mapping, from the entries about it.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
(The event counts of MetricsConfig, IteratorAge and DestinationDeliveryFailures, each over the
whole run.)
"""

from __future__ import annotations

from typing import Any

from eventsim.rules.mapping_states import CALL_FAILED, NOTHING_PROCESSED, PROCESSED

Fields = dict[str, Any]

RESULT = "LastProcessingResult"


class Metrics:
    """State, LastProcessingResult and metrics of one mapping, ages in milliseconds.

    A mapping whose entries name no shard is a queue's: it has no iterator and no
    LastProcessingResult, and what its function took is deleted.
    """

    __slots__ = (
        "_age_last",
        "_age_max",
        "_discarded",
        "_failed",
        "_failures",
        "_filtered",
        "_is_queue",
        "_kept",
        "_polled",
        "_refused",
        "_result",
        "_state",
        "_taken",
    )

    def __init__(self) -> None:
        self._state, self._result, self._is_queue = "", NOTHING_PROCESSED, False
        self._polled = self._filtered = self._taken = self._refused = self._failed = 0
        self._discarded = self._kept = self._failures = 0
        self._age_max: float | None = None
        self._age_last: float | None = None

    def row(self) -> dict[str, Any]:
        """The figures under AWS's names; an age is None as long as nothing was delivered."""
        result = {} if self._is_queue else {RESULT: self._result}
        return {
            "State": self._state,
            **result,
            "metrics": {
                "PolledEventCount": self._polled,
                "FilteredOutEventCount": self._filtered,
                "InvokedEventCount": self._taken + self._refused,
                "FailedInvokeEventCount": self._failed,
                "DroppedEventCount": self._discarded - self._kept,
                "OnFailureDestinationDeliveredEventCount": self._kept,
                "DeletedEventCount": self._taken if self._is_queue else 0,
                "DestinationDeliveryFailures": self._failures,
                "IteratorAge": {"max": _ms(self._age_max), "last": _ms(self._age_last)},
            },
        }

    def changed(self, fields: Fields) -> None:
        """mapping_changed"""
        self._state = fields.get("state") or ""

    def read(self, fields: Fields) -> None:
        """records_read"""
        self._polled += fields["records"]
        self._is_queue = not fields.get("shard")

    def filtered(self, fields: Fields) -> None:
        """records_filtered"""
        self._filtered += fields["records"]

    def delivered(self, fields: Fields) -> None:
        """batch_delivered"""
        self._taken += fields["records"]
        self._result = PROCESSED
        if fields["records"] and not self._is_queue:  # a window's last batch may have none
            age = self._age_last = fields["age"]
            if self._age_max is None or age > self._age_max:
                self._age_max = age

    def failed(self, fields: Fields) -> None:
        """batch_failed; what a partial response let pass has a batch_delivered of its own."""
        self._failed += fields["records"]
        if fields["invoked"]:
            self._refused += fields["records"] - fields["delivered"]
            broke = fields["error"] if "error" in fields else not fields["delivered"]
            self._result = CALL_FAILED if broke else PROCESSED

    def discarded(self, fields: Fields) -> None:
        """batch_discarded: dropped, unless its document is delivered."""
        self._discarded += fields["batch_size"]

    def kept(self, fields: Fields) -> None:
        """destination_delivered"""
        self._kept += fields["records"]

    def refused(self, fields: Fields) -> None:
        """destination_failed"""
        self._failures += 1


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)
