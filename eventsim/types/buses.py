"""
What an event bus takes.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class PutEvent:
    """What a sender hands to a bus; ``detail`` is the text of a JSON object."""

    source: str
    detail_type: str
    detail: str
    resources: tuple[str, ...] = ()
    trace_header: str | None = None


@dataclass(frozen=True, slots=True)
class BusEvent:
    """An event as its targets would get it, in EventBridge's own fields."""

    id: str
    document: dict[str, Any]
    hops: int = 0  # how many buses it came through before


class Bus(Protocol):
    """An event bus on one back end, as senders see it."""

    arn: str

    async def put_document(self, document: Mapping[str, Any], hops: int = 0) -> None:
        """Put an event of a service, or of another bus, in its envelope.

        Raises as ``put_event`` does.
        """

    async def put_event(self, event: PutEvent) -> None:
        """Put it. Raises ServiceError when it is refused, Unreachable without an answer."""
