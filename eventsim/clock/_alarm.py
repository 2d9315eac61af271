"""An alarm: one task waits for it, a time or anybody else lets it ring."""

from __future__ import annotations

import asyncio
import math


class Alarm:
    """Rings at *when* on the loop's clock, or before if ``ring`` is called."""

    __slots__ = ("_rung", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, when: float) -> None:
        self._rung: asyncio.Future[None] = loop.create_future()
        self._timer = None if when == math.inf else loop.call_at(when, self.ring)

    def ring(self) -> None:
        """Let the waiting task go on; a second time does nothing."""
        if not self._rung.done():
            self._rung.set_result(None)

    async def wait(self) -> None:
        """Return when it has rung. To be called once."""
        try:
            await self._rung
        finally:
            if self._timer is not None:
                self._timer.cancel()
