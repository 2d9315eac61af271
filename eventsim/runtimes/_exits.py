"""Hears that a process has ended, without collecting its status: until then its id is its own."""

from __future__ import annotations

import asyncio
import os
import select
import sys
import threading
from collections.abc import Callable
from contextlib import suppress


class ExitWatch:
    """Calls *ended* once in the loop when the process has ended, unless closed before."""

    def __init__(self, pid: int, ended: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._file: int | None = _pidfd(pid)
        self._queue: object = None
        if self._file is None:
            self._file = self._watch_otherwise(pid)
        self._ended = ended
        self._loop.add_reader(self._file, self._on_end)

    def close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            self._loop.remove_reader(file)
            if self._queue is None:
                os.close(file)
            self._queue = None

    def _on_end(self) -> None:
        if self._file is not None:
            self.close()
            self._ended()

    def _watch_otherwise(self, pid: int) -> int:
        if sys.platform == "darwin":
            queue = select.kqueue()
            event = select.kevent(pid, select.KQ_FILTER_PROC, select.KQ_EV_ADD, select.KQ_NOTE_EXIT)
            self._queue = queue
            try:
                queue.control([event], 0)
            except ProcessLookupError:  # it has ended already
                self._loop.call_soon(self._on_end)
            return queue.fileno()
        reads, writes = os.pipe()
        threading.Thread(
            target=_wait, args=(pid, writes), name="eventsim exit watch", daemon=True
        ).start()
        return reads


def _pidfd(pid: int) -> int | None:
    """A file that can be read when the process has ended; None where there is no such thing."""
    if sys.platform == "linux" and hasattr(os, "pidfd_open"):
        with suppress(OSError):  # an old kernel, or a sandbox that does not know it
            return os.pidfd_open(pid)
    return None


def _wait(pid: int, file: int) -> None:
    if sys.platform != "darwin":
        with suppress(ChildProcessError):  # collected already: then it has ended
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    os.close(file)
