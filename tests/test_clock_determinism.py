"""
One program, one trace: in fresh processes, whatever the hash seed and the heap look like.

The workload is also run with anyio's own sets, to show that the comparison can fail.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

WORKLOAD = """
import os, random, sys
chaos = random.SystemRandom()  # the heap is never twice the same, before the run and during it
garbage = [bytearray(chaos.randrange(16, 4096)) for _ in range(chaos.randrange(2000, 20000))]
chaos.shuffle(garbage)
del garbage[: len(garbage) // 2]

import anyio, anyio.to_thread, asyncio, time
from datetime import UTC, datetime
from eventsim.clock import VirtualClock, run
import eventsim.clock._virtual_loop as virtual_loop

if sys.argv[1] == "unordered":
    virtual_loop.order_cancellation = lambda: lambda: None

def litter():
    garbage.extend(object() if chaos.random() < 0.5 else [None] * chaos.randrange(64)
                   for _ in range(chaos.randrange(40)))
    del garbage[chaos.randrange(len(garbage)) :: 7]

async def main():
    clock = VirtualClock(datetime(2026, 1, 1, tzinfo=UTC))

    def tell(what, *numbers):
        print(repr(clock.time()), what, *numbers)

    async def cancelled(group, number):
        litter()
        try:
            with anyio.move_on_after(1000 + number % 3):
                await clock.sleep(500 + number % 2)
        finally:
            tell("cancelled", group, number)

    async def nested(group):
        async with anyio.create_task_group() as inner:
            for number in range(12):
                inner.start_soon(cancelled, group, number)

    async def cancel_groups():
        for group in range(8):
            async with anyio.create_task_group() as outer:
                outer.start_soon(nested, group)
                outer.start_soon(nested, group + 100)
                await clock.sleep(1 + group % 2)
                outer.cancel_scope.cancel()

    limiter = anyio.CapacityLimiter(3)

    async def limited(number):
        for turn in range(3):
            litter()
            async with limiter:
                tell("in", number, turn)
                await clock.sleep(0.25)

    async def produce(stream, number):
        async with stream:
            for item in range(10):
                await clock.sleep((number + item) % 3 / 4)
                await stream.send((number, item))

    async def consume(stream, number):
        async with stream:
            while True:
                with anyio.move_on_after(0.75) as window:
                    try:
                        tell("got", number, *await stream.receive())
                    except anyio.EndOfStream:
                        return
                if window.cancelled_caught:
                    tell("window", number)

    async def real_work(number):
        for turn in range(2):
            async with clock.hold():
                await anyio.to_thread.run_sync(time.sleep, chaos.random() / 100)
            tell("worked", number, turn)
            await clock.sleep(0.5)

    send, receive = anyio.create_memory_object_stream(1)
    async with anyio.create_task_group() as group:
        group.start_soon(cancel_groups)
        for number in range(10):
            group.start_soon(limited, number)
        for number in range(4):
            group.start_soon(produce, send.clone(), number)
            group.start_soon(consume, receive.clone(), number)
            group.start_soon(real_work, number)
        send.close()
        receive.close()

run(main, virtual=True)
"""


def traces(order: str, processes: int) -> list[bytes]:
    """Run the workload in so many fresh processes and return what each of them wrote."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", WORKLOAD, order],
            env={**os.environ, "PYTHONHASHSEED": str(1000 * number + 17)},
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        for number in range(processes)
    ]
    written = [process.communicate()[0] for process in started]
    assert [process.returncode for process in started] == [0] * processes
    return written


def test_fresh_processes_write_the_same_trace() -> None:
    first, *others = traces("ordered", 6)

    assert first.count(b"cancelled") == 8 * 2 * 12
    assert all(other == first for other in others)


def test_anyios_own_sets_give_another_trace_each_time() -> None:
    assert len(set(traces("unordered", 3))) > 1
