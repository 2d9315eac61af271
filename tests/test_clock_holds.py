from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import anyio
import anyio.to_thread
import pytest

from eventsim.clock import Clock, VirtualLoop, run


def loop() -> VirtualLoop:
    running = asyncio.get_running_loop()
    assert isinstance(running, VirtualLoop)
    return running


class Gate:
    """Real work that ends when told to, in a thread."""

    def __init__(self) -> None:
        self._opened = threading.Event()

    def open(self) -> None:
        self._opened.set()

    def pass_through(self) -> None:
        assert self._opened.wait(10)


async def test_time_stands_still_while_real_work_blocks(clock: Clock) -> None:
    with clock.move_on_at(60) as scope, clock.hold():
        subprocess.run([sys.executable, "-c", "pass"], check=True)

    assert (clock.time(), scope.cancel_called) == (0, False)


async def test_time_stands_still_while_a_thread_works(clock: Clock) -> None:
    gate = Gate()
    loop().call_later(60, gate.open)
    threading.Timer(0.05, gate.open).start()

    with clock.move_on_at(60) as scope:
        async with clock.hold():
            await anyio.to_thread.run_sync(gate.pass_through)

    assert (clock.time(), scope.cancel_called) == (0, False)


async def test_time_stands_still_while_a_process_runs(clock: Clock) -> None:
    with clock.move_on_at(1e-6) as scope:
        async with clock.hold():
            done = await anyio.run_process([sys.executable, "-c", "print(input())"], input=b"hello")

    assert (done.stdout.strip(), clock.time(), scope.cancel_called) == (b"hello", 0, False)


async def test_time_stands_still_while_sockets_talk(clock: Clock) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())
        await writer.drain()
        writer.close()

    with clock.move_on_at(1e-6) as scope:
        async with clock.hold():
            server = await asyncio.start_server(echo, "127.0.0.1", 0)
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(b"hello\n")
            answer = await reader.readline()
            writer.close()
            server.close()

    assert (answer, clock.time(), scope.cancel_called) == (b"hello\n", 0, False)


async def test_names_are_looked_up_without_a_hold(clock: Clock) -> None:
    with clock.move_on_at(1e-6) as scope:
        found = await loop().getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM)

    assert found[0][4] == ("127.0.0.1", 80)
    assert (clock.time(), scope.cancel_called) == (0, False)


async def test_results_come_out_in_virtual_order_not_in_that_of_completion(clock: Clock) -> None:
    gates = [Gate() for _ in range(6)]
    told: list[tuple[int, float]] = []
    finished: list[int] = []

    def work(number: int) -> None:
        gates[number].pass_through()
        finished.append(number)
        if number:
            gates[number - 1].open()

    async def hold(number: int) -> None:
        await clock.sleep(1)
        async with clock.hold():
            await anyio.to_thread.run_sync(work, number)
        told.append((number, clock.time()))

    gates[-1].open()
    async with anyio.create_task_group() as group:
        for number in range(6):
            group.start_soon(hold, number)

    assert finished == [5, 4, 3, 2, 1, 0]
    assert told == [(number, 1.0) for number in range(6)]


@pytest.mark.parametrize("late", [0, 0.02])
async def test_a_result_comes_out_when_the_instant_has_settled(clock: Clock, late: float) -> None:
    """However fast the work was, what follows it never mixes with what was already running."""
    trace: list[str] = []

    async def hold(name: str, seconds: float) -> None:
        async with clock.hold():
            await anyio.to_thread.run_sync(time.sleep, seconds)
        for step in range(3):
            trace.append(f"{name}{step}")
            await anyio.lowlevel.checkpoint()

    async def walk() -> None:
        for step in range(40):
            trace.append(f"walk{step}")
            with clock.hold():
                time.sleep(0.0005)
            await clock.sleep(0)

    async with anyio.create_task_group() as group:
        group.start_soon(hold, "a", late)
        group.start_soon(hold, "b", 0)
        group.start_soon(walk)

    walked = [f"walk{step}" for step in range(40)]
    assert trace == [*walked, "a0", "a1", "a2", "b0", "b1", "b2"]


async def test_an_executor_holds_by_itself_and_answers_in_order(clock: Clock) -> None:
    gate = Gate()
    told: list[object] = []

    def first() -> None:
        gate.pass_through()
        raise OSError("no")

    def second() -> str:
        threading.Timer(0.05, gate.open).start()
        return "yes"

    async def ask(work: Callable[[], object]) -> None:
        try:
            told.append(await loop().run_in_executor(None, work))
        except OSError as error:
            told.append(str(error))

    with clock.move_on_at(60) as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(ask, first)
            group.start_soon(ask, second)

    assert (told, clock.time(), scope.cancel_called) == (["no", "yes"], 0, False)


async def test_a_cancelled_executor_call_gives_time_back(clock: Clock) -> None:
    gate = Gate()
    call = loop().run_in_executor(None, gate.pass_through)
    call.cancel()

    await clock.sleep(5)
    gate.open()

    assert clock.time() == 5


async def test_a_hold_inside_a_hold_belongs_to_it(clock: Clock) -> None:
    told: list[str] = []

    async def inner(started: anyio.Event) -> None:
        await started.wait()
        async with clock.hold():
            await anyio.to_thread.run_sync(time.sleep, 0.01)
            await loop().run_in_executor(None, time.sleep, 0)
        told.append("inner")

    async def outer(started: anyio.Event) -> None:
        async with clock.hold(), anyio.create_task_group() as group:
            group.start_soon(inner, started)
        told.append("outer")

    async def other(started: anyio.Event) -> None:
        async with clock.hold():
            started.set()
        told.append("other")

    started = anyio.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(outer, started)
        group.start_soon(other, started)

    assert told == ["inner", "outer", "other"]


async def test_a_failure_comes_out_in_its_turn(clock: Clock) -> None:
    told: list[str] = []
    gate = Gate()

    async def fail() -> None:
        try:
            async with clock.hold():
                gate.open()
                raise OSError("no")
        except OSError:
            told.append("failed")

    async def succeed() -> None:
        async with clock.hold():
            await anyio.to_thread.run_sync(gate.pass_through)
        told.append("succeeded")

    async with anyio.create_task_group() as group:
        group.start_soon(succeed)
        group.start_soon(fail)

    assert told == ["succeeded", "failed"]


async def test_a_cancelled_hold_gives_time_back(clock: Clock) -> None:
    async with anyio.create_task_group() as group:

        async def hold_for_ever() -> None:
            async with clock.hold():
                await anyio.Event().wait()

        group.start_soon(hold_for_ever)
        await anyio.lowlevel.checkpoint()
        await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()

    await clock.sleep(5)

    assert clock.time() == 5


async def test_a_hold_cancelled_while_it_waits_for_its_turn_gives_time_back(clock: Clock) -> None:
    gate = Gate()
    scope = anyio.CancelScope()

    async def first() -> None:
        async with clock.hold():
            await anyio.to_thread.run_sync(gate.pass_through)

    async def second() -> None:
        with scope:
            async with clock.hold():
                pass

    async with anyio.create_task_group() as group:
        group.start_soon(first)
        group.start_soon(second)
        for _ in range(5):
            await anyio.lowlevel.checkpoint()
        scope.cancel()
        gate.open()

    await clock.sleep(5)

    assert (scope.cancelled_caught, clock.time()) == (True, 5)


async def test_timeouts_inside_a_hold_are_real(clock: Clock) -> None:
    elapsed = clock.stopwatch()
    async with clock.hold():
        with anyio.move_on_after(0.02) as scope:
            await anyio.sleep_forever()
        async with asyncio.timeout(60):
            await asyncio.sleep(0.01)

    assert (scope.cancelled_caught, clock.time()) == (True, 0)
    assert 0.03 <= elapsed() < 20
    await clock.sleep(5)
    assert clock.time() == 5


async def test_timers_forgotten_inside_a_hold_neither_ring_nor_move_time(clock: Clock) -> None:
    async with clock.hold():
        loop().call_later(3600, pytest.fail, "rang")
        for _ in range(1000):
            loop().call_later(3600, pytest.fail, "rang").cancel()

    await clock.sleep(5)

    assert clock.time() == 5
    assert len(loop()._real_timers) < 500


async def test_a_plain_with_around_an_await_is_refused(clock: Clock) -> None:
    with pytest.raises(RuntimeError, match=r"write 'async with clock\.hold\(\)'"), clock.hold():
        await anyio.lowlevel.checkpoint()


async def test_a_plain_with_lets_the_error_of_its_body_through(clock: Clock) -> None:
    with pytest.raises(OSError, match="no"), clock.hold():
        await anyio.lowlevel.checkpoint()
        raise OSError("no")

    await clock.sleep(5)
    assert clock.time() == 5


def test_a_run_ends_while_its_executor_still_works() -> None:
    gate = Gate()

    async def main() -> None:
        asyncio.get_running_loop().run_in_executor(None, gate.pass_through)
        threading.Timer(0.05, gate.open).start()

    run(main, virtual=True)


@pytest.mark.real_time
async def test_a_hold_in_real_time_does_nothing(clock: Clock) -> None:
    with clock.hold():
        await anyio.lowlevel.checkpoint()
    async with clock.hold():
        await clock.sleep(0.001)

    assert clock.time() > 0
