"""Bytes that somebody gives as base64."""

from __future__ import annotations

from base64 import b64decode

from eventsim.errors import EventsimError

_SHOWN_CHARACTERS_MAX = 60


def decoded(text: str) -> bytes:
    """The bytes. Raises EventsimError for a text that is not base64."""
    try:
        return b64decode(text, validate=True)
    except ValueError:  # also of a text that is not ASCII
        raise EventsimError(f"'{text[:_SHOWN_CHARACTERS_MAX]}' is not base64") from None
