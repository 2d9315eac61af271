"""SNS, and what comes after it in a chain."""

from __future__ import annotations

from tests.event_validators import Validator, powertools

VALIDATORS: dict[tuple[str, str], Validator] = {
    ("sns", "notification"): powertools("SnsModel"),
    ("sns", "envelope"): powertools("SnsNotificationModel"),
}
TIMES = {"sns": ("iso_milliseconds",)}
