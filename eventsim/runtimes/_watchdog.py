"""
Ends a handler that never returns, where virtual time would wait for it for ever.

One thread looks now and then whether the same call is still running; a call costs nothing
but a few assignments. The thread outlives ``stop`` by a quarter of a second: whoever starts
again at once finds it there. In the main thread the handler is interrupted by a signal, which
also ends ``time.sleep``; in another thread only where it runs Python code. Code that swallows
every exception is interrupted again and again.
"""

from __future__ import annotations

import asyncio
import ctypes
import signal
import threading
from types import FrameType
from typing import Any

_PERIOD_SECONDS = 0.25
_SIGNAL = signal.SIGURG  # ignored by default, so that one too many does no harm


class Interrupted(BaseException):
    """Raised in a handler's thread to end it."""


class Watchdog:
    """Watches the call between ``begin`` and ``end``; only between ``start`` and ``stop``."""

    def __init__(self) -> None:
        self._limit: float | None = None
        self._call = 0
        self._thread = 0
        self._fired = 0
        self._watching = False
        self._watcher: threading.Thread | None = None
        self._coming_or_going = threading.Lock()
        self._former: Any = None
        self._former_sigint: Any = None
        self._interruptible: int | None = None  # the thread whose calls Ctrl-C ends
        self._calling = False
        self._pressed = False

    def begin(self, limit_seconds: float | None, thread: int) -> None:
        self._call += 1
        self._thread = thread
        self._limit = limit_seconds
        self._calling = thread == self._interruptible

    def end(self) -> None:
        """Raises CtrlC when that came during the call, whatever the handler made of it."""
        self._calling = False
        self._limit = None
        if self._fired == self._call:
            clear(self._thread)
        if self._pressed:
            self._pressed = False
            raise CtrlC from None

    def start(self) -> None:
        """Start watching; signals only reach calls of the main thread if that is this one."""
        if self._former is None and threading.current_thread() is threading.main_thread():
            self._former = signal.signal(_SIGNAL, self._on_signal)
            if _cancels_the_main_task(signal.getsignal(signal.SIGINT)):
                self._interruptible = threading.get_ident()
                self._former_sigint = signal.signal(signal.SIGINT, self._on_sigint)
        with self._coming_or_going:
            self._watching = True
            if self._watcher is None or not self._watcher.is_alive():  # a fork leaves none alive
                self._watcher = threading.Thread(
                    target=self._watch, name="eventsim watchdog", daemon=True
                )
                self._watcher.start()

    def stop(self) -> None:
        self._watching = False
        if self._former is not None and threading.current_thread() is threading.main_thread():
            signal.signal(_SIGNAL, self._former)
            self._former = None
            self._interruptible = None
            if signal.getsignal(signal.SIGINT) == self._on_sigint:
                signal.signal(signal.SIGINT, self._former_sigint)
            self._former_sigint = None

    def _watch(self) -> None:
        seen, waited, bell = 0, 0.0, threading.Event()
        while True:
            bell.wait(_PERIOD_SECONDS)
            with self._coming_or_going:
                if not self._watching:
                    self._watcher = None
                    return
            call, limit = self._call, self._limit
            if limit is None or call != seen:
                seen, waited = call, 0.0
                continue
            waited += _PERIOD_SECONDS
            if waited >= limit:
                self._fired = call
                self._interrupt()

    def _interrupt(self) -> None:
        if self._former is not None and self._thread == threading.main_thread().ident:
            signal.pthread_kill(self._thread, _SIGNAL)
        else:
            interrupt(self._thread)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._limit is not None and self._fired == self._call:
            raise Interrupted

    def _on_sigint(self, number: int, frame: FrameType | None) -> None:
        """Tell whoever waited for Ctrl-C, and end the handler that keeps them from acting."""
        calling, self._calling = self._calling, False  # from the second on, asyncio raises
        self._pressed = self._pressed or calling
        if self._former_sigint is not None:
            self._former_sigint(number, frame)
        if calling:
            raise CtrlC


class CtrlC(KeyboardInterrupt):
    """Raised in a handler that runs in the loop's thread, which the loop cannot end itself."""


def _cancels_the_main_task(handler: Any) -> bool:
    """Whether it is asyncio's: who else handles SIGINT need not cancel anything."""
    return isinstance(getattr(getattr(handler, "func", None), "__self__", None), asyncio.Runner)


def interrupt(thread: int) -> None:
    """Raise Interrupted in a thread, at the next Python code that it runs."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread), ctypes.py_object(Interrupted)
    )


def clear(thread: int) -> None:
    """Forget an Interrupted that has not been raised yet."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), None)
