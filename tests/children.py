"""Functions in child processes for tests, and what must not be left of them."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel

from eventsim.clock import Clock
from eventsim.environments import Environments
from eventsim.ids import Chance
from eventsim.invokers.local import LocalInvoker
from eventsim.journal import Detail, Journal
from eventsim.journal.sinks import MemorySink
from eventsim.runtimes import RuntimeOptions, Runtimes
from eventsim.types import Function
from tests.functions import Local


@asynccontextmanager
async def children(
    clock: Clock, *functions: Function, detail: Detail = "batch", **options: Any
) -> AsyncIterator[Local]:
    """As ``tests.functions.local``, for every ``run_in``; nothing may be left of it at the end."""
    sink, logged = MemorySink(), list[tuple[str, str]]()
    journal = Journal(clock, detail=detail, sinks=[sink])
    runtimes = Runtimes(RuntimeOptions(clock, **options))
    before = files()
    environments = Environments(
        functions,
        runtimes,
        clock=clock,
        journal=journal,
        chance=Chance(0),
        on_log=lambda name, line: logged.append((name, line)),
    )
    try:
        yield Local(LocalInvoker(environments, journal), environments, sink, logged)
    finally:
        environments.close()
        with anyio.CancelScope(shield=True):
            await runtimes.aclose()
    assert await soon(lambda: files() == before), (files(), before)


def files() -> int:
    """How many files this process has open, where the system tells."""
    folder = Path("/proc/self/fd" if sys.platform == "linux" else "/dev/fd")
    return sum(1 for _ in folder.iterdir())


async def soon(holds: Any, seconds: float = 5.0) -> bool:
    """Whether it holds within so many real seconds: the system ends processes in its own time."""
    for _ in range(int(seconds / 0.01)):
        if holds():
            return True
        await anyio.lowlevel.checkpoint()
        time.sleep(0.01)
    return bool(holds())


def alive(pid: int) -> bool:
    """Whether a process runs or is stopped: one that only waits to be collected does neither."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return sys.platform != "linux"
