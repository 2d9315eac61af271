"""
A child process: leader of a session and group of its own, stopped and continued as a whole.

stdout and stderr are one pipe, so that their order is kept. What the process starts ends with
it, unless it leaves its group where no environment can be read (macOS).
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from eventsim.runtimes._exits import ExitWatch
from eventsim.runtimes._guardian import end_group, end_marked
from eventsim.runtimes._memory import Gauge, of_usage

_READ_BYTES = 64 * 1024
_DRAIN_READS_MAX = 32  # more than a pipe holds


class Process:
    """Runs until ``end``. Raises OSError when the command cannot be run.

    *output* gets what it writes; *ended* is called in the loop when it has ended by itself.
    """

    def __init__(
        self,
        command: Sequence[str],
        folder: str,
        variables: Mapping[str, str],
        address: str,
        output: Callable[[bytes], None],
        ended: Callable[[], None],
    ) -> None:
        self._address, self._output = address, output
        self._loop = asyncio.get_running_loop()
        self._reading = self._stopped = self._collected = False
        self._watch: ExitWatch | None = None
        self._gauge: Gauge | None = None
        self.status = self._peak = 0
        self._pipe, write = os.pipe()
        try:
            self._popen = subprocess.Popen(
                command,
                cwd=folder,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=write,
                stderr=write,
                start_new_session=True,
            )
        except BaseException:
            os.close(self._pipe)
            raise
        finally:
            os.close(write)
        self.pid = self._popen.pid
        try:
            self._attend(ended)
        except BaseException:
            self.end()
            raise

    def _attend(self, ended: Callable[[], None]) -> None:
        os.set_blocking(self._pipe, False)
        self._loop.add_reader(self._pipe, self._read)
        self._reading = True
        self._gauge = Gauge(self.pid)
        self._watch = ExitWatch(self.pid, ended)

    def freeze(self) -> None:
        """Stop the whole group where it is."""
        self._stopped = self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let the group go on."""
        if self._stopped:
            self._stopped = not self._signal(signal.SIGCONT)

    def drain(self) -> None:
        """Take what was written so far."""
        for _ in range(_DRAIN_READS_MAX):
            if not (self._reading and self._read()):
                return

    def memory_used(self) -> int | None:
        """The most memory that it has had, with its children, in bytes; None if nobody knows."""
        if self._gauge is not None:
            self._peak = max(self._peak, self._gauge.peak() or 0)
        return self._peak or None

    def end(self) -> None:
        """Kill the group and all that it started, and collect its status. May be called again."""
        if self._collected:
            return
        end_group(self.pid)
        if self._watch is not None:
            self._watch.close()
        if self._gauge is not None:
            self._gauge.close()
            self._gauge = None
        end_marked(self._address)
        with suppress(ChildProcessError):  # somebody else collected it
            _, status, usage = os.wait4(self.pid, 0)
            self.status = os.waitstatus_to_exitcode(status)
            self._peak = max(self._peak, of_usage(usage.ru_maxrss))
        self._popen.returncode = self.status
        self._collected = True
        self.drain()
        self._stop_reading()
        os.close(self._pipe)

    def _signal(self, number: int) -> bool:
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):  # ended; macOS says so of a zombie
            return False
        return True

    def _read(self) -> bool:
        """Take one piece of output; whether there was any."""
        try:
            content = os.read(self._pipe, _READ_BYTES)
        except BlockingIOError:
            return False
        if content:
            self._output(content)
        else:
            self._stop_reading()
        return bool(content)

    def _stop_reading(self) -> None:
        if self._reading:
            self._reading = False
            self._loop.remove_reader(self._pipe)
