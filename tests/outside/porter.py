"""A function for the doorbell."""

from __future__ import annotations

from typing import Any


def handler(event: dict[str, Any], context: Any) -> bool | None:
    print(event["door"], event.get("mood", "no mood"))
    return event["mood"] == "calm" if "mood" in event else None
