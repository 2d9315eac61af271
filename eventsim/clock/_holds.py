"""
Holds: virtual time stands still while real work is under way.

Work that blocks the thread is held by ``with``. Work that is awaited is held by ``async with``,
which is left in a fixed order: when everything else that can happen at this instant has
happened, the hold that was opened first is left first, whichever finished first in reality.
That is what keeps a run with threads, processes and sockets in it the same run every time.

A hold opened inside another belongs to it. Inside an awaited hold the loop's own time, and
with it every timeout and back-off of a client library, runs on in real seconds.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextvars import ContextVar
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eventsim.clock._virtual_loop import VirtualLoop


class Ticket:
    """A place in the order in which holds are left. *finish* is set when the work is done."""

    __slots__ = ("_began", "_loop", "_real", "finish", "open")

    def __init__(self, loop: VirtualLoop, began: float) -> None:
        self._loop, self._began, self._real = loop, began, time.monotonic()
        self.open = True
        self.finish: Callable[[], None] | None = None

    def time(self) -> float:
        """The loop's time inside the hold: virtual when it was opened, real from there."""
        return self._began + time.monotonic() - self._real

    def deadline(self, when: float) -> float:
        """The monotonic time of this machine at which ``time()`` reaches *when*."""
        return self._real + when - self._began

    def done(self, finish: Callable[[], None]) -> None:
        """The real work is done; *finish* hands out its result once it is this one's turn."""
        self.finish = finish

    def holds(self, loop: VirtualLoop) -> bool:
        return self.open and self._loop is loop


innermost: ContextVar[Ticket | None] = ContextVar("eventsim_hold", default=None)


def ticket_of(loop: VirtualLoop) -> Ticket | None:
    """The open hold that the running code is inside of, or None."""
    ticket = innermost.get()
    return ticket if ticket is not None and ticket.holds(loop) else None


def wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


class Hold:
    """Freezes virtual time: ``with`` around work that blocks, ``async with`` around awaits.

    Raises RuntimeError when a plain ``with`` turns out to have awaited something.
    """

    __slots__ = ("_entered", "_loop", "_ticket")

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self._entered = 0
        self._ticket: Ticket | None = None

    def __enter__(self) -> None:
        self._entered = self._loop.rounds
        self._loop.freeze()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._loop.thaw()
        if self._entered != self._loop.rounds and exc is None:
            raise RuntimeError(
                "'with clock.hold()' awaited something, so what follows depends on how fast "
                "this machine was; write 'async with clock.hold()'"
            )

    async def __aenter__(self) -> None:
        if ticket_of(self._loop) is None:
            self._ticket = self._loop.open_ticket()
            innermost.set(self._ticket)
        else:
            self._loop.freeze()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        ticket = self._ticket
        if ticket is None:
            self._loop.thaw()
            return
        innermost.set(None)
        try:
            if not isinstance(exc, asyncio.CancelledError):
                await self._turn(ticket)
        finally:
            self._loop.close_ticket(ticket)

    async def _turn(self, ticket: Ticket) -> None:
        turn = self._loop.create_future()
        ticket.done(lambda: wake(turn))
        await turn
