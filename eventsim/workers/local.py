"""
Workers on this machine: each a process that is asked over its stdin, and answers on its stdout.

It ends when its stdin does, so that none is left behind whatever becomes of who asks.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

import eventsim
from eventsim.errors import EventsimError, WorkerLost
from eventsim.workers import Told, nobody
from eventsim.workers.process import MESSAGE

ANSWER_BYTES_MAX = 64 * 1024 * 1024
GRACE_SECONDS = 5.0

# The same eventsim as here, and no module of the folder that the command is given in.
_BOOT = (
    "import sys; place = sys.argv[1]; sys.path.insert(0, place); import eventsim; "
    "sys.path.remove(place); from eventsim.workers.process import main; main()"
)


def command() -> list[str]:
    """The command line of a worker."""
    return [sys.executable, "-P", "-c", _BOOT, str(Path(eventsim.__file__).parent.parent)]


def cores() -> int:
    """How many processes can run at once here."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@asynccontextmanager
async def open_worker() -> AsyncIterator[LocalWorker]:
    """A worker of its own session: Ctrl-C reaches it only through who asks it.

    Raises EventsimError when no process can be started.
    """
    try:
        process = await anyio.open_process(command(), stderr=None, start_new_session=True)
    except OSError as error:
        raise EventsimError(f"no worker can be started: {error.strerror or error}") from None
    try:
        yield LocalWorker(process)
    finally:
        with anyio.CancelScope(shield=True):
            await _end(process)


class LocalWorker:
    """Asks one process."""

    def __init__(self, process: Process) -> None:
        self._process = process
        assert process.stdin is not None
        assert process.stdout is not None
        self._stdin = process.stdin
        self._answers = BufferedByteReceiveStream(process.stdout)

    async def ask(self, part: bytes, told: Told = nobody) -> bytes:
        try:
            await self._stdin.send(part + b"\n")
            while (line := await self._line()).startswith(MESSAGE):
                told(line.removeprefix(MESSAGE))
            return line
        except (anyio.BrokenResourceError, anyio.EndOfStream, anyio.IncompleteRead):
            raise WorkerLost(ended(await self._process.wait())) from None

    async def say(self, message: bytes) -> None:
        with suppress(anyio.BrokenResourceError):  # who asks hears that it is lost
            await self._stdin.send(MESSAGE + message + b"\n")

    async def _line(self) -> bytes:
        return await self._answers.receive_until(b"\n", ANSWER_BYTES_MAX)


def ended(code: int) -> str:
    """How a process ended, in words."""
    if code < 0:
        return f"its worker was ended by {signal.Signals(-code).name}"
    return f"its worker ended with exit code {code}"


async def _end(process: Process) -> None:
    """Let it end by itself; in the middle of a part it is given a moment to clean up."""
    assert process.stdin is not None
    await process.stdin.aclose()
    with anyio.move_on_after(GRACE_SECONDS):
        await process.wait()
    if process.returncode is None:
        process.kill()
    await process.aclose()
