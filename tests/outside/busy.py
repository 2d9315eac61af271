"""An invoker that is too busy at first, and runs nothing afterwards either."""

from __future__ import annotations

from typing import Any

from eventsim import InvokeRequest, InvokeResult
from eventsim.errors import TooManyRequests


class Busy:
    """Refuses so many requests, then answers ``null`` to each and keeps its event."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals
        self.events: list[Any] = []

    async def invoke(self, request: InvokeRequest) -> InvokeResult:
        """Raises TooManyRequests when nothing ran; a function that failed is a result."""
        if self.refusals > 0:
            self.refusals -= 1
            raise TooManyRequests("Rate Exceeded.", Reason="ConcurrentInvocationLimitExceeded")
        self.events.append(request.payload.value())
        return InvokeResult(200, b"null")
