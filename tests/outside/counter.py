"""A function for the ticks."""

from __future__ import annotations

from typing import Any


def handler(event: dict[str, Any], context: Any) -> int:
    return len(event["ticks"])
