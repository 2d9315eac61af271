"""Virtual time, as the simulation sees it: read from the loop that jumps."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from datetime import datetime, timedelta

import anyio

from eventsim.clock._alarm import Alarm
from eventsim.clock._holds import Hold
from eventsim.clock._real import in_utc, stopwatch
from eventsim.clock._virtual_loop import VirtualLoop


class VirtualClock:
    """Time that stands still while anything can run, then jumps to the next thing due.

    To be made inside a running VirtualLoop; raises RuntimeError elsewhere, and ValueError
    for a start without a time zone.
    """

    virtual = True
    speed = 1.0

    def __init__(self, start: datetime) -> None:
        loop = asyncio.get_running_loop()
        if not isinstance(loop, VirtualLoop):
            raise RuntimeError("a VirtualClock needs a VirtualLoop; see eventsim.clock.run")
        self._loop = loop
        self._origin = loop.now
        self._start = in_utc(start)
        self._epoch = self._start.timestamp()

    def time(self) -> float:
        return self._loop.now - self._origin

    def wall(self) -> datetime:
        return self._start + timedelta(seconds=self._loop.now - self._origin)

    def timestamp(self) -> float:
        return self._epoch + (self._loop.now - self._origin)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def sleep_until(self, time: float) -> None:
        due = self._due(time)
        if due <= self._loop.now:
            await asyncio.sleep(0)
        else:
            await self._loop.sleep_until(due)

    def move_on_at(self, time: float) -> anyio.CancelScope:
        return anyio.CancelScope(deadline=self._due(time))

    def alarm(self, time: float) -> Alarm:
        return Alarm(self._loop, self._due(time))

    def hold(self) -> Hold:
        return Hold(self._loop)

    def stopwatch(self) -> Callable[[], float]:
        return stopwatch()

    def _due(self, time: float) -> float:
        """The loop's time at which ``time()`` is *time* or a rounding error more, never less."""
        due = self._origin + time
        while due - self._origin < time:
            due = math.nextafter(due, math.inf)
        return due
