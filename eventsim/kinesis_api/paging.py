"""Lists in pages: where the next one begins is in a token, which expires."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from eventsim.kinesis_api.held import Held, Streams
from eventsim.kinesis_api.refusing import invalid
from eventsim.server.json_members import refusal

TOKEN_SECONDS = 300.0


class Page(NamedTuple):
    """A list of a stream from behind *after* on, and what else its request asked for."""

    held: Held
    after: str
    asked: Any


def begun(streams: Streams, given: Mapping[str, Any], kind: str, asked: Any, after: str) -> Page:
    """The page that a request is for. Raises InvokeError for a token that is none or too old."""
    token = given.get("NextToken")
    if token is None:
        held = streams.named(given)
        created = given.get("StreamCreationTimestamp")
        if created is not None and int(created) != int(held.created):
            streams.of_name(held.name, created)
        return Page(held, after, asked)
    read = streams.tokens.read(token, kind)
    if read is None:
        raise invalid("Invalid NextToken.")
    name, created, after, asked, issued = read
    if streams.clock.time() - issued > TOKEN_SECONDS:
        raise refusal(
            "ExpiredNextTokenException",
            f"NextToken expired. It is good for {TOKEN_SECONDS:g} seconds.",
        )
    return Page(streams.of_name(name, created), after, asked)


def continued(streams: Streams, kind: str, page: Page, after: str) -> str:
    """The token of the page that begins behind *after*."""
    held, now = page.held, streams.clock.time()
    return streams.tokens.make(kind, held.name, held.created, after, page.asked, now)
