"""
The one door to time: a Clock, on virtual or on real time, and ``run``, which starts either.

Virtual time is an event loop that jumps to the next timer once nothing more can run: exactly
there, equal times in the order they were scheduled, the same order in every process. Real
time is asyncio's own loop. The code in between is the same.
"""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    contextmanager,
    suppress,
)
from datetime import datetime
from functools import partial
from typing import Any, Protocol, TypeVar

import anyio

from eventsim.clock._alarm import Alarm
from eventsim.clock._real import RealClock, machine_time, stopwatch
from eventsim.clock._virtual import VirtualClock
from eventsim.clock._virtual_loop import VirtualLoop

__all__ = [
    "Alarm",
    "Clock",
    "Holding",
    "Now",
    "RealClock",
    "VirtualClock",
    "VirtualLoop",
    "machine_time",
    "run",
    "stopwatch",
]

T = TypeVar("T")

_GC_THRESHOLDS = (50_000, 20, 50)


class Holding(
    AbstractContextManager[None, None], AbstractAsyncContextManager[None, None], Protocol
):
    """What ``Clock.hold`` gives: ``with`` for work that blocks, ``async with`` for awaits."""


class Now(Protocol):
    """The part of a Clock that a store needs: what time it is."""

    def time(self) -> float:
        """Seconds since the run began."""

    def timestamp(self) -> float:
        """The date and time in the simulation, in seconds since the epoch."""


class Clock(Now, Protocol):
    """Simulated time, in seconds since the run began.

    With a speed above 1, in real time, simulated seconds pass that many times as fast.
    """

    @property
    def virtual(self) -> bool:
        """Whether time jumps instead of passing."""

    @property
    def speed(self) -> float:
        """Simulated seconds in a real one; 1 in virtual time."""

    def wall(self) -> datetime:
        """The date and time in the simulation, in UTC: the scenario's start plus ``time()``."""

    async def sleep(self, seconds: float) -> None:
        """Wait for so many simulated seconds; 0 or less lets the others run once."""

    async def sleep_until(self, time: float) -> None:
        """Return when ``time()`` has reached *time*, never before."""

    def move_on_at(self, time: float) -> anyio.CancelScope:
        """A scope that cancels its body when ``time()`` reaches *time*."""

    def alarm(self, time: float) -> Alarm:
        """An alarm that rings when ``time()`` reaches *time*; cheaper than to cancel a scope."""

    def hold(self) -> Holding:
        """Freeze virtual time around real work; nothing in real time.

        ``with clock.hold():`` around work that blocks this thread, ``async with clock.hold():``
        around work that is awaited (threads, processes, sockets): that one is left in the order
        of virtual time, whichever work was done first in reality.
        """

    def stopwatch(self) -> Callable[[], float]:
        """Start measuring: each call tells the real seconds since then, in both times."""


def run(main: Callable[[], Awaitable[T]], *, virtual: bool) -> T:
    """Run *main* to its end, on virtual or on real time, and return what it returns.

    Raises Deadlock when virtual time cannot go on, KeyboardInterrupt on Ctrl-C.
    """
    options: dict[str, Any] = {"loop_factory": VirtualLoop} if virtual else {}
    with _rare_collections():
        return anyio.run(
            main if virtual else partial(_woken_by_signals, main), backend_options=options
        )


async def _woken_by_signals(main: Callable[[], Awaitable[T]]) -> T:
    """Let every signal wake the loop.

    One that comes just before the loop begins to wait is otherwise not seen until something else
    wakes it: a Ctrl-C is lost while a handler in another thread never returns. asyncio has its
    file descriptor for this only once it handles a signal itself, whichever that is.
    """
    with suppress(NotImplementedError, RuntimeError, ValueError):  # not in the main thread
        asyncio.get_running_loop().add_signal_handler(signal.SIGWINCH, _nothing)
    return await main()


def _nothing() -> None: ...


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Look for garbage in cycles less often: a run holds many records and makes few cycles."""
    before = gc.get_threshold()
    gc.set_threshold(*_GC_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
