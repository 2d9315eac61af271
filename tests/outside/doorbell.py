"""A doorbell: a service that pushes, and asks the function whether to open the door."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import orjson

from eventsim import InvokeResult
from eventsim.types import Answer, InvocationType, Scene

INVOCATION_TYPES: tuple[InvocationType, ...] = ("RequestResponse",)
PRINCIPAL = "doorbell.amazonaws.com"


def ring(
    scene: Scene,
    *,
    door: Annotated[str, "which door"] = "front",
    visitors: Annotated[int, "how many stand there"] = 1,
    mood: Annotated[Literal["calm", "angry"], "how they ring"] = "calm",
) -> dict[str, Any]:
    """Somebody rang."""
    return {
        "id": scene.uuid(),
        "at": scene.at.isoformat(),
        "door": door,
        "visitors": visitors,
        "mood": mood,
    }


def battery_low(scene: Scene, *, door: Annotated[str, "which door"] = "front") -> dict[str, Any]:
    """The battery of a bell is nearly empty."""
    return {"id": scene.uuid(), "at": scene.at.isoformat(), "door": door}


EVENTS = (ring, battery_low)


def answer(result: InvokeResult, event: dict[str, Any]) -> Answer:
    """The door opens for ``true`` and stays closed for ``false``; it takes nothing else."""
    value = None if result.function_error else orjson.loads(result.payload)
    if isinstance(value, bool):
        return Answer(value="open" if value else "closed")
    return Answer(False, None, "the answer is neither true nor false")
