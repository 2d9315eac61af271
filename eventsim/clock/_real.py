"""Real time, which a speed above 1 makes the simulation live through faster."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import anyio

from eventsim.clock._alarm import Alarm


class RealClock:
    """Time as this machine measures it, *speed* times as fast. Runs from when it is made.

    Raises ValueError for a start without a time zone, or a speed that is not above 0.
    """

    virtual = False

    def __init__(self, start: datetime, speed: float = 1.0) -> None:
        if not (speed > 0 and math.isfinite(speed)):
            raise ValueError(f"a speed must be a number above 0, not {speed}")
        self.speed = speed
        self._start = in_utc(start)
        self._epoch = self._start.timestamp()
        self._began = time.monotonic()

    def time(self) -> float:
        return (time.monotonic() - self._began) * self.speed

    def wall(self) -> datetime:
        return self._start + timedelta(seconds=self.time())

    def timestamp(self) -> float:
        return self._epoch + self.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.speed)

    async def sleep_until(self, time: float) -> None:
        left = time - self.time()
        await self.sleep(left)
        while (left := time - self.time()) > 0:  # the loop's timers may fire a little early
            await self.sleep(left)

    def correct(self, seconds: float) -> None:
        """Let dates be later by so many seconds from now on; ``time()`` goes on as it did."""
        self._start += timedelta(seconds=seconds)
        self._epoch += seconds

    def move_on_at(self, time: float) -> anyio.CancelScope:
        left = (time - self.time()) / self.speed
        return anyio.CancelScope(deadline=anyio.current_time() + left)

    def alarm(self, time: float) -> Alarm:
        loop = asyncio.get_running_loop()
        return Alarm(loop, loop.time() + (time - self.time()) / self.speed)

    def hold(self) -> nullcontext[None]:
        return nullcontext()

    def stopwatch(self) -> Callable[[], float]:
        return stopwatch()


def machine_time() -> datetime:
    """The date and time as this machine has it, in UTC."""
    return datetime.now(UTC)


def stopwatch() -> Callable[[], float]:
    """Each call tells the real seconds since this one."""
    began = time.perf_counter()
    return lambda: time.perf_counter() - began


def in_utc(start: datetime) -> datetime:
    """The same instant in UTC; a start without a time zone means nothing."""
    if start.tzinfo is None:
        raise ValueError(f"the start {start.isoformat()} has no time zone; add one, such as Z")
    return start.astimezone(UTC)
