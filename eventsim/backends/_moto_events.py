"""
Rules of moto's EventBridge whose targets are functions of the run, which moto has no way to tell.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from eventsim.backends._taking import Taker

Send = Callable[..., None]


def sending(taker: Taker, theirs: Send) -> Send:
    """What stands in place of ``Rule.send_to_targets``; other targets are told by *theirs*."""

    def send_to_targets(self: Any, original_event: Any, transform_input: bool = True) -> None:
        ours = [target for target in self.targets if taker.knows(target["Arn"])]
        if self.state == "ENABLED":
            for target in ours:
                told = {
                    "rule": self.name,
                    "rule_arn": self.arn,
                    "pattern": self.event_pattern.get_pattern(),
                    "event": _document(original_event),
                    "target": dict(target),
                }
                taker.take("eventbridge", told, target["Arn"])
        rest = self
        if ours:
            rest = copy.copy(self)
            rest.targets = [target for target in self.targets if target not in ours]
        theirs(rest, original_event, transform_input)

    return send_to_targets


def _document(event: Any) -> dict[str, Any]:
    """The event as EventBridge sends it, out of moto's own."""
    found = {key: value for key, value in event.items() if key != "ingestion-time"}
    time = found.get("time")
    if isinstance(time, int | float) or (isinstance(time, str) and time.isdecimal()):
        found["time"] = f"{datetime.fromtimestamp(float(time), UTC):%Y-%m-%dT%H:%M:%SZ}"
    elif isinstance(time, datetime):
        found["time"] = f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return found
