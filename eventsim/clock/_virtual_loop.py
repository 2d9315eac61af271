"""
The asyncio event loop on virtual time.

It replaces the heart of asyncio's loop (``_run_once`` and the timers) and keeps the rest:
sockets, processes, threads and signals work, inside a hold. Ties are broken by the order in
which timers were set. A loop with nothing to run, nothing due and nothing held ends in
Deadlock, which names what every task waits for.
"""

from __future__ import annotations

import asyncio
import heapq
import math
import selectors
import sys
import time
from asyncio import AbstractEventLoop, Future, Handle, TimerHandle
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator
from concurrent.futures import Executor
from contextvars import Context, copy_context
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple, cast

from eventsim.clock._holds import Ticket, ticket_of, wake
from eventsim.clock._ordered import order_cancellation
from eventsim.clock._suspended import where_tasks_wait
from eventsim.errors import Deadlock

T = TypeVar("T")
Args = TypeVarTuple("Args")

_PATIENCE = 5.0  # real seconds for sockets that nobody holds to say something
_ROUNDS_PER_POLL = 1024  # a signal handler or a thread is heard even if time never stops jumping
_REAL_TIMERS_MIN = 256


class _Timer(TimerHandle):
    """A TimerHandle made in one step instead of three: timers are what a run makes most of."""

    __slots__ = ()

    if TYPE_CHECKING:
        _callback: Callable[..., object]
        _context: Context
        _loop: AbstractEventLoop
        _repr: str | None
        _scheduled: bool
        _source_traceback: Any
        _when: float

    def __init__(
        self,
        when: float,
        callback: Callable[..., object],
        args: tuple[Any, ...],
        loop: AbstractEventLoop,
        context: Context | None,
    ) -> None:
        self._context = copy_context() if context is None else context
        self._loop = loop
        self._callback = callback
        self._args = args
        self._cancelled = False
        self._repr = None
        self._source_traceback = None
        self._when = when
        self._scheduled = True


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time starts at 0 and jumps exactly to the next timer.

    Pass it as ``loop_factory``. While it exists, anyio cancels in a fixed order; raises
    UnsupportedVersion when the installed anyio cannot be made to.
    """

    if TYPE_CHECKING:
        _closed: bool
        _debug: bool
        _ready: deque[Handle]
        _selector: selectors.BaseSelector
        _stopping: bool

        def _check_closed(self) -> None: ...
        def _process_events(self, event_list: object) -> None: ...

    def __init__(self) -> None:
        self.now = 0.0
        self.jumps = 0
        self.rounds = 0
        self._timers: list[tuple[float, int, TimerHandle]] = []
        self._timers_set = 0
        self._timers_cancelled = 0
        self._real_timers: list[tuple[float, int, TimerHandle]] = []
        self._frozen = 0
        self._tickets: deque[Ticket] = deque()
        self._main: Future[Any] | None = None
        self._deadlock: Deadlock | None = None
        self._closed = True  # what asyncio's __del__ asks, should the next line raise
        self._restore_order = order_cancellation()
        super().__init__()

    def close(self) -> None:
        super().close()
        self._timers.clear()
        self._real_timers.clear()
        self._restore_order()

    def time(self) -> float:
        if self._frozen and (ticket := ticket_of(self)):
            return ticket.time()
        return self.now

    def call_soon(
        self, callback: Callable[[*Args], object], *args: *Args, context: Context | None = None
    ) -> Handle:
        if self._debug or self._closed:
            return super().call_soon(callback, *args, context=context)
        handle = Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_later(
        self,
        delay: float,
        callback: Callable[[*Args], object],
        *args: *Args,
        context: Context | None = None,
    ) -> TimerHandle:
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[*Args], object],
        *args: *Args,
        context: Context | None = None,
    ) -> TimerHandle:
        if self._closed:
            self._check_closed()
        timer = _Timer(when, callback, args, self, context)
        self._timers_set = number = self._timers_set + 1
        if self._frozen and (ticket := ticket_of(self)):
            self._set_real_timer(ticket.deadline(when), number, timer)
        else:
            heappush(self._timers, (when, number, timer))
        return timer

    async def sleep_until(self, when: float) -> None:
        """Return when the time is *when*; a task that is cancelled leaves no timer behind."""
        future: Future[None] = self.create_future()
        timer = self.call_at(when, wake, future)
        try:
            await future
        except BaseException:
            timer.cancel()
            raise

    def _set_real_timer(self, deadline: float, number: int, timer: TimerHandle) -> None:
        cast(_Timer, timer)._scheduled = False
        if len(self._real_timers) >= _REAL_TIMERS_MIN:
            self._real_timers = [entry for entry in self._real_timers if not entry[2].cancelled()]
            heapq.heapify(self._real_timers)
        heappush(self._real_timers, (deadline, number, timer))

    def _timer_handle_cancelled(self, handle: TimerHandle) -> None:
        """Called by TimerHandle.cancel. Rebuilds the heap when most of it is cancelled."""
        if not cast(_Timer, handle)._scheduled:
            return
        self._timers_cancelled += 1
        timers = self._timers
        if len(timers) > 100 and self._timers_cancelled * 2 > len(timers):
            cast(_Timer, handle)._scheduled = False
            timers[:] = [e for e in timers if not e[2]._cancelled and e[2] is not handle]
            heapq.heapify(timers)
            self._timers_cancelled = 0

    def freeze(self) -> None:
        self._frozen += 1

    def thaw(self) -> None:
        self._frozen -= 1

    def open_ticket(self) -> Ticket:
        """Freeze time until the ticket is closed, and remember the order of opening."""
        ticket = Ticket(self, self.now)
        self._tickets.append(ticket)
        self._frozen += 1
        return ticket

    def close_ticket(self, ticket: Ticket) -> None:
        if ticket.open:
            ticket.open = False
            self._frozen -= 1
            self._tickets.remove(ticket)

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Args], T], *args: *Args
    ) -> Future[T]:
        """As asyncio's, inside a hold of its own: the result comes in the order of the calls."""
        work = super().run_in_executor(executor, func, *args)
        if ticket_of(self):
            self.freeze()
            work.add_done_callback(lambda _: self.thaw())
            return work
        ticket = self.open_ticket()
        result: Future[T] = self.create_future()
        work.add_done_callback(lambda _: ticket.done(lambda: _copy(work, result)))
        result.add_done_callback(lambda _: self._give_up(work, ticket))
        return result

    def _give_up(self, work: Future[Any], ticket: Ticket) -> None:
        work.cancel()
        self.close_ticket(ticket)

    async def shutdown_default_executor(
        self,
        timeout: float | None = None,  # noqa: ASYNC109  # asyncio's own signature
    ) -> None:
        self.freeze()
        try:
            if sys.version_info >= (3, 12):
                await super().shutdown_default_executor(timeout)
            else:
                await super().shutdown_default_executor()
        finally:
            self.thaw()

    def run_until_complete(self, future: Generator[Any, None, T] | Awaitable[T]) -> T:
        outer = self._main
        self._main = main = asyncio.ensure_future(cast(Coroutine[Any, Any, T], future), loop=self)
        try:
            return super().run_until_complete(main)
        finally:
            self._main = outer
            deadlock, self._deadlock = self._deadlock, None
            if deadlock is not None:
                raise deadlock from None

    def _run_once(self) -> None:
        """Run what is ready; if that is nothing, make something ready first."""
        ready = self._ready
        timers = self._timers
        self.rounds += 1
        if self._frozen:
            self._wait_in_real_time()
        elif not ready and not self._stopping:
            self._jump()
        elif not self.rounds % _ROUNDS_PER_POLL:
            self._process_events(self._selector.select(0))

        now = self.now
        while timers and timers[0][0] <= now:
            timer = heappop(timers)[2]
            if timer._cancelled:
                self._timers_cancelled -= 1
            else:
                timer._scheduled = False  # type: ignore[attr-defined]  # a _Timer: not cast, hot
                ready.append(timer)

        next_handle = ready.popleft
        for _ in range(len(ready)):
            handle = next_handle()
            if not handle._cancelled:
                handle._run()

    def _jump(self) -> None:
        """Move time to the first timer that is still wanted."""
        timers = self._timers
        while timers and timers[0][2]._cancelled:
            heappop(timers)
            self._timers_cancelled -= 1
        if not timers or timers[0][0] == math.inf:
            self._starve()
        elif timers[0][0] > self.now:
            self.now = timers[0][0]
            self.jumps += 1

    def _wait_in_real_time(self) -> None:
        """Let real work go on; when nothing else can happen at this instant, end one hold."""
        tickets, timers = self._tickets, self._timers
        timeout: float | None = 0
        if not self._ready and not self._stopping and not (timers and timers[0][0] <= self.now):
            if tickets and (finish := tickets[0].finish):
                self.close_ticket(tickets[0])
                finish()
            elif self._real_timers:
                timeout = max(0.0, self._real_timers[0][0] - time.monotonic())
            else:
                timeout = None
        self._process_events(self._selector.select(timeout))
        self._ring_real_timers()

    def _ring_real_timers(self) -> None:
        timers = self._real_timers
        while timers and (timers[0][2].cancelled() or timers[0][0] <= time.monotonic()):
            timer = heappop(timers)[2]
            if not timer.cancelled():
                self._ready.append(timer)

    def _starve(self) -> None:
        """Nothing is ready, due or held: hear what sockets have to say, else it is a deadlock."""
        sockets = len(self._selector.get_map()) > 1  # one is the loop's own
        events = self._selector.select(_PATIENCE if sockets else 0)
        self._process_events(events)
        if events or self._ready:
            return
        if self._deadlock is None:
            self._deadlock = Deadlock(where_tasks_wait(self))
            if self._main is not None and self._main.cancel():
                return
        raise self._deadlock


def _copy(work: Future[T], result: Future[T]) -> None:
    """Give the result of one future to another."""
    if result.done():
        return
    if work.cancelled():
        result.cancel()
    elif (error := work.exception()) is not None:
        result.set_exception(error)
    else:
        result.set_result(work.result())
