"""
Sends a load: by the clock, whether it is answered or not, or so many at a time.

In the open model each request has an instant. One generator wakes up, sends everything that is
due and sleeps again; a request that finds as many in flight as there may be waits, and its latency
goes on counting. In the closed model each of N senders waits for its answer before it sends again,
so that a target that stalls is asked less, and nobody measures what would have come meanwhile.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Protocol

import anyio
from anyio.abc import TaskGroup

from eventsim.clock import Clock
from eventsim.traffic.measuring import Meter, Sending

IN_FLIGHT_MAX = 1_000
WAITING_MAX = 100_000
SPIN_SECONDS = 0.002  # a timer is a millisecond late as often as not
AT_ONCE_MAX = 50  # requests that are late, before those on their way get a turn
PAUSE_SECONDS = 0.001  # of a closed sender whose answer took no time at all


class Target(Protocol):
    """What a load is on. Who sends tells the meter of the answer, whenever that comes."""

    async def send(self, sending: Sending) -> None:
        """Send one request; return when it is answered, or when its answer comes otherwise."""


class OpenModel:
    """Sends at each of the *instants*, in seconds of the load, until *seconds* have passed.

    At most *in_flight_max* wait for an answer to ``send`` at once. Beyond ``WAITING_MAX`` without
    an answer of any kind a request is dropped, and counted. With *precise* the last moments before
    an instant are waited for awake, at the cost of a whole core.
    """

    def __init__(
        self,
        target: Target,
        meter: Meter,
        clock: Clock,
        *,
        in_flight_max: int = IN_FLIGHT_MAX,
        precise: bool = False,
    ) -> None:
        self._target, self._meter, self._clock = target, meter, clock
        self._free, self._precise = in_flight_max, precise
        self._backlog: deque[float] = deque()
        self._sending = anyio.CancelScope()

    async def drive(self, instants: Iterable[float], seconds: float) -> None:
        """Return when the time is up and every request that was sent is answered."""
        meter, clock = self._meter, self._clock
        begun = clock.time() - meter.now
        async with anyio.create_task_group() as tasks:
            with self._sending:
                await self._pace(tasks, instants, begun, seconds)
                await clock.sleep_until(begun + seconds)

    def stop(self) -> None:
        """Send nothing more; ``drive`` returns when what was sent is answered."""
        self._sending.cancel()

    async def _pace(
        self, tasks: TaskGroup, instants: Iterable[float], begun: float, seconds: float
    ) -> None:
        meter, at_once = self._meter, 0
        for at in instants:
            if at >= seconds:
                return
            if meter.now < at:
                await self._until(begun + at)
                at_once = 0
            elif (at_once := at_once + 1) % AT_ONCE_MAX == 0:
                await self._clock.sleep(0)
            self._start(tasks, at)

    def _start(self, tasks: TaskGroup, at: float) -> None:
        meter = self._meter
        meter.due(at)
        if meter.in_flight > WAITING_MAX:
            meter.dropped(at)
        elif self._free:
            self._free -= 1
            tasks.start_soon(self._send, at)
        else:
            self._backlog.append(at)
            meter.measured.counts["waited"] += 1

    async def _send(self, at: float) -> None:
        """Send one, and then whatever has had to wait for it."""
        try:
            while True:
                await self._target.send(Sending(at, self._meter.now))
                if not self._backlog:
                    return
                at = self._backlog.popleft()
        finally:
            self._free += 1

    async def _until(self, time: float) -> None:
        clock = self._clock
        if not self._precise or clock.virtual:
            await clock.sleep_until(time)
            return
        if time - SPIN_SECONDS > clock.time():
            await clock.sleep_until(time - SPIN_SECONDS)
        while clock.time() < time:
            await clock.sleep(0)


class ClosedModel:
    """Has *in_flight* requests on their way at all times, until *seconds* have passed."""

    def __init__(self, target: Target, meter: Meter, clock: Clock, in_flight: int) -> None:
        self._target, self._meter, self._clock = target, meter, clock
        self._in_flight, self._stopped = in_flight, False

    async def drive(self, seconds: float) -> None:
        """Return when the time is up and every request that was sent is answered."""
        async with anyio.create_task_group() as tasks:
            for _ in range(self._in_flight):
                tasks.start_soon(self._send, seconds)

    def stop(self) -> None:
        """Send nothing more; ``drive`` returns when what was sent is answered."""
        self._stopped = True

    async def _send(self, seconds: float) -> None:
        meter = self._meter
        while (now := meter.now) < seconds and not self._stopped:
            meter.due(now)
            await self._target.send(Sending(now, now))
            if meter.now == now:
                await self._clock.sleep(PAUSE_SECONDS)
