from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import anyio
import pytest

from eventsim.clock import VirtualClock, run

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def ctrl_c_soon() -> Iterator[None]:
    """Ctrl-C in 50 ms; one that came too late would hit the next test, so wait for it."""
    timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    yield
    timer.join()


@pytest.fixture
def ended() -> list[str]:
    return []


@pytest.mark.usefixtures("ctrl_c_soon")
def test_ctrl_c_ends_a_run_whose_time_jumps(ended: list[str]) -> None:
    async def main() -> None:
        try:
            while True:
                await anyio.sleep(3600)
        finally:
            ended.append("cleaned up")

    with pytest.raises(KeyboardInterrupt):
        run(main, virtual=True)
    assert ended == ["cleaned up"]


@pytest.mark.usefixtures("ctrl_c_soon")
def test_ctrl_c_ends_a_run_that_sleeps_for_no_time(ended: list[str]) -> None:
    async def spin() -> None:
        try:
            while True:
                await anyio.sleep(0)
        finally:
            ended.append("cleaned up")

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(spin)
            group.start_soon(spin)

    with pytest.raises(KeyboardInterrupt):
        run(main, virtual=True)
    assert ended == ["cleaned up", "cleaned up"]


@pytest.mark.usefixtures("ctrl_c_soon")
def test_ctrl_c_ends_a_run_that_is_held(ended: list[str]) -> None:
    async def main() -> None:
        silent, mine = socket.socketpair()
        mine.setblocking(False)
        try:
            with silent, mine:
                async with VirtualClock(START).hold():
                    await asyncio.get_running_loop().sock_recv(mine, 1)
        finally:
            ended.append("cleaned up")

    with pytest.raises(KeyboardInterrupt):
        run(main, virtual=True)
    assert ended == ["cleaned up"]


def test_a_signal_handler_of_the_program_is_heard_while_time_jumps() -> None:
    async def main() -> list[int]:
        with anyio.open_signal_receiver(signal.SIGUSR1) as signals:
            os.kill(os.getpid(), signal.SIGUSR1)
            async with anyio.create_task_group() as group:

                async def jump() -> None:
                    while True:
                        await anyio.sleep(1)

                group.start_soon(jump)
                async for number in signals:
                    group.cancel_scope.cancel()
                    return [number]
        return []

    assert run(main, virtual=True) == [signal.SIGUSR1]
