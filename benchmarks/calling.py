"""Warm calls of a Python handler in a child process, and of eight of them beside each other.

The baseline is awslambdaric on the least that a Runtime API can be, on asyncio's streams: it
neither checks what it is told, nor freezes, logs, measures or limits anything. Both serve from
this process, and for both a call is over when the runtime asks for the next event.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from benchmarks.timing import Figure, compare
from eventsim.clock import RealClock
from eventsim.environments import Environments
from eventsim.ids import Chance
from eventsim.invokers.local import LocalInvoker
from eventsim.journal import Journal
from eventsim.runtimes import RuntimeOptions, Runtimes
from eventsim.types import Function, InvokeRequest, Payload

START = datetime(2026, 1, 1, tzinfo=UTC)
EVENT = b'{"id": 1, "text": "a small event"}'
HANDLERS = """\
def echo(event, context):
    return event

def spin(event, context):
    return sum(number * number for number in range(200_000))
"""
ENVIRONMENTS = 8
PAIRS = 10  # of a short piece of work, which whatever else runs here disturbs most


def possible() -> bool:
    """Whether awslambdaric is installed."""
    return find_spec("awslambdaric") is not None


class Least:
    """A Runtime API for one process and one call at a time, in as few lines as there can be."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[bytes] = asyncio.Queue()
        self.answers: asyncio.Queue[bytes] = asyncio.Queue()
        self.asking = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection's requests in turn."""
        ended = asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError
        with suppress(*ended):  # the runtime hung up, or the benchmark is over
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                body = await _body(head, reader)
                if head.startswith(b"get "):
                    self.asking.set()
                    writer.write(await self.events.get())
                else:
                    writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
                    self.answers.put_nowait(body)
        writer.close()

    async def call(self, request_id: str) -> bytes:
        """What the handler answers to an event."""
        head = (
            f"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: {request_id}\r\n"
            "Lambda-Runtime-Deadline-Ms: 2000000000000\r\n"
            "Lambda-Runtime-Invoked-Function-Arn: arn\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(EVENT)}\r\n\r\n"
        )
        self.asking.clear()
        self.events.put_nowait(head.encode() + EVENT)
        answer = await self.answers.get()
        await self.asking.wait()
        return answer


async def _body(head: bytes, reader: asyncio.StreamReader) -> bytes:
    if b"\r\ntransfer-encoding: chunked\r\n" in head:
        parts = []
        while size := int(await reader.readline(), 16):
            parts.append((await reader.readexactly(size + 2))[:-2])
        await reader.readline()
        return b"".join(parts)
    length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
    return await reader.readexactly(int(length or 0))


async def open_least(folder: Path, closing: AsyncExitStack) -> Callable[[str], Awaitable[object]]:
    """One process of awslambdaric on it, warm; what calls it."""
    least = Least()
    server = await asyncio.start_server(least.serve, "127.0.0.1", 0)
    closing.callback(server.close)
    port = server.sockets[0].getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "awslambdaric", "app.echo"),
        cwd=folder,
        env=os.environ | {"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}"},
        stderr=subprocess.DEVNULL,  # it says that it has lost its server
    )
    closing.push_async_callback(process.wait)
    closing.callback(process.kill)
    await least.asking.wait()
    await least.call("first")
    return least.call


async def open_ours(folder: Path, closing: AsyncExitStack) -> Callable[[str, str], Awaitable[None]]:
    """Functions ``echo`` and ``spin`` behind the Invoke API, in child processes."""
    clock = RealClock(START)
    journal = Journal(clock, detail="off")
    runtimes = Runtimes(RuntimeOptions(clock))
    closing.push_async_callback(runtimes.aclose)
    functions = [
        Function(name, f"app.{name}", code_uri=str(folder), run_in="python", timeout=60)
        for name in ("echo", "spin")
    ]
    environments = Environments(functions, runtimes, clock=clock, journal=journal, chance=Chance(0))
    closing.callback(environments.close)
    invoker = LocalInvoker(environments, journal)

    async def call(name: str, request_id: str) -> None:
        result = await invoker.invoke(InvokeRequest(name, Payload.of_bytes(EVENT), request_id))
        if result.function_error is not None:
            raise AssertionError(result.payload)

    return call


async def in_turn(call: Callable[[str], Awaitable[object]], count: int) -> None:
    for number in range(count):
        await call(f"request-{number}")


async def spread(call: Callable[[str, str], Awaitable[None]], lanes: int, count: int) -> None:
    """So many calls of ``spin``, in so many environments at once."""
    await asyncio.gather(
        *(in_turn(lambda name: call("spin", name), count // lanes) for _ in range(lanes))
    )


def figures(calls: int = 100, spins: int = 64, pairs: int = 5) -> Iterator[Figure]:
    """A warm call at most 1.5 times the least; eight environments 1.6 times as fast as one."""
    with tempfile.TemporaryDirectory() as name, asyncio.Runner() as runner:
        folder, closing = Path(name), AsyncExitStack()
        (folder / "app.py").write_text(HANDLERS)
        try:
            least = runner.run(open_least(folder, closing))
            ours = runner.run(open_ours(folder, closing))
            yield compare(
                "a warm call of a Python handler in a child process",
                lambda: runner.run(in_turn(lambda name: ours("echo", name), calls)),
                "awslambdaric on the least Runtime API",
                lambda: runner.run(in_turn(least, calls)),
                reach=1.5,
                pairs=pairs * PAIRS,
                note=f"{calls:,} calls in each of {pairs * PAIRS} pairs",
            )
            yield compare(
                f"{spins} calls that compute, in {ENVIRONMENTS} environments at once",
                lambda: runner.run(spread(ours, ENVIRONMENTS, spins)),
                "the same in 1 environment",
                lambda: runner.run(spread(ours, 1, spins)),
                reach=1 / 1.6 if (os.cpu_count() or 1) > 1 else None,
                pairs=pairs,
            )
        finally:
            runner.run(closing.aclose())
