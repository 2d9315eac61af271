"""
What every event on a bus has around its detail.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eventsim.rules.timestamps import iso_seconds
from eventsim.types import Scene


def envelope(
    scene: Scene, source: str, detail_type: str, detail: Any, resources: Sequence[str]
) -> dict[str, Any]:
    """The event with *detail* in it, about *resources* by their ARNs."""
    return {
        "version": "0",
        "id": scene.uuid(),
        "detail-type": detail_type,
        "source": source,
        "account": scene.account,
        "time": iso_seconds(scene.at),
        "region": scene.region,
        "resources": list(resources),
        "detail": detail,
    }
