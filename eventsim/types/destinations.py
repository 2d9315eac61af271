"""What is sent to a destination or a dead-letter queue, and the seam that it is sent through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from eventsim.types.invocations import Payload


@dataclass(frozen=True, slots=True)
class Document:
    """What a destination gets; each kind of destination takes the part that it can hold.

    ``body`` is a JSON value (``orjson.Fragment`` where its bytes must stay as they are), and
    ``brief`` what a topic gets where that is too large for it. A bucket gets ``body``, with
    ``event`` as text besides where there is one, under a key that begins with ``prefix`` and
    goes on with the time of ``timestamp``, in seconds since the epoch. ``attributes`` go with a
    message; ``detail_type`` and ``function_arn`` are for an event bus.
    """

    body: Any
    event: Payload | None
    prefix: str
    timestamp: float
    brief: Any = None
    attributes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    trace_header: str | None = None
    detail_type: str = ""
    function_arn: str = ""


class Destination(Protocol):
    """A queue, topic, bucket, bus or function that documents are sent to."""

    arn: str

    async def send(self, document: Document) -> None:
        """Deliver it. Raises ServiceError when it is refused, Unreachable without an answer."""
