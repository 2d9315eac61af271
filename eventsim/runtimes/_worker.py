"""
The thread in which handlers run in real time.

It is our own, and a daemon: a handler that overruns its Timeout is told to end and left
behind, and must keep neither the next call nor the end of the process waiting.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

from eventsim.runtimes._watchdog import Interrupted, interrupt

T = TypeVar("T")
_Job = tuple[asyncio.AbstractEventLoop, "asyncio.Future[Any]", Callable[[], Any]]


class Worker:
    """Runs one job at a time in a thread, which is made when the first job comes."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    async def run(self, job: Callable[[], T]) -> T:
        """Return what *job* returns; a job whose waiting is cancelled is abandoned."""
        loop = asyncio.get_running_loop()
        result: asyncio.Future[T] = loop.create_future()
        if self._thread is None:
            self._thread = threading.Thread(
                target=_work, args=(self._jobs,), name="eventsim handlers", daemon=True
            )
            self._thread.start()
        self._jobs.put((loop, result, job))
        try:
            return await result
        except asyncio.CancelledError:
            self.abandon()
            raise

    def abandon(self) -> None:
        """Tell the running job to end, and leave the thread behind; the next gets a new one."""
        thread, self._thread = self._thread, None
        if thread is not None and thread.ident is not None:
            self.close(thread)
            interrupt(thread.ident)

    def close(self, thread: threading.Thread | None = None) -> None:
        """Let the thread end after the job it has."""
        if thread or self._thread:
            self._jobs.put(None)
            self._jobs, self._thread = SimpleQueue(), None


def _work(jobs: SimpleQueue[_Job | None]) -> None:
    try:
        while (order := jobs.get()) is not None:
            loop, result, job = order
            try:
                _hand_over(loop, result.set_result, result, job())
            except Interrupted:
                return
            except BaseException as error:  # noqa: BLE001  # it belongs to whoever waits
                _hand_over(loop, result.set_exception, result, error)
    except Interrupted:
        return


def _hand_over(
    loop: asyncio.AbstractEventLoop,
    deliver: Callable[[Any], None],
    result: asyncio.Future[Any],
    value: Any,
) -> None:
    def finish() -> None:
        if not result.done():
            deliver(value)

    if not loop.is_closed():
        loop.call_soon_threadsafe(finish)
