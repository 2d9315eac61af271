"""What a service answers when it refuses a request."""

from __future__ import annotations

from typing import NamedTuple

from eventsim.errors import ServiceError


class Refusal(NamedTuple):
    """Why AWS would refuse a request: its error code, and the text."""

    code: str
    message: str


def check(refusal: Refusal | None) -> None:
    """Raise ServiceError for a refusal; None is none."""
    if refusal is not None:
        raise ServiceError(*refusal)
