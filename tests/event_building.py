"""What the tests of events share: a scene, an event by its names, and a function's answer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson

from eventsim.ids import Chance
from eventsim.push.builders import builder
from eventsim.types import InvokeResult, Scene

AT = datetime(2026, 3, 1, 9, 23, 45, 678_000, UTC)


def scene(region: str = "us-east-1", seed: int = 1) -> Scene:
    """A scene that is the same each time."""
    return Scene(region, "123456789012", AT, Chance(seed))


def event(source: str, name: str, /, **given: Any) -> Any:
    """An event of a scene of its own."""
    return builder(source, name).event(scene(), given)


def answered(value: Any) -> InvokeResult:
    """The result of a function that answered *value*: bytes as they are, anything else as JSON."""
    return InvokeResult(200, value if isinstance(value, bytes) else orjson.dumps(value))


FAILED = InvokeResult(200, b'{"errorMessage":"no"}', "Unhandled")
