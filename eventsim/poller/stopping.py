"""Ends the waits of a poller that is to stop, and nothing else that it does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

T = TypeVar("T")


class Stop:
    """A request to stop, which every wait that can be given up is told of."""

    def __init__(self) -> None:
        self.asked = False
        self._waits: dict[anyio.CancelScope, None] = {}

    def ask(self) -> None:
        """End the waits that are under way, and every later one at once."""
        self.asked = True
        for scope in list(self._waits):
            scope.cancel()

    async def until(self, wait: Callable[[], Awaitable[T]]) -> T | None:
        """What *wait* returns, or None when the poller is to stop first."""
        if self.asked:
            return None
        with anyio.CancelScope() as scope:
            self._waits[scope] = None
            try:
                return await wait()
            finally:
                del self._waits[scope]
        return None
