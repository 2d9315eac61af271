"""
Workers on a Dask cluster, one that is there or one of this command's own on this machine.

A part is one task, and is done by a process of its own beside the Dask worker, as on this
machine: so eventsim has to be installed there, and what a scenario names has to be at the same
path. Dask tries nothing again by itself.

https://distributed.dask.org/en/stable/asynchronous.html
"""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from itertools import count as numbers
from typing import Any

import anyio

from eventsim.errors import EventsimError, WorkerLost
from eventsim.workers import Opening, Told, Worker, nobody
from eventsim.workers.local import command, cores, ended
from eventsim.workers.process import MESSAGE

WAIT_SECONDS = 10
QUIET = {"distributed.scheduler.allowed-failures": 0, "logging.distributed": "critical"}
_NUMBERS = numbers()
_RUNNING: dict[str, subprocess.Popen[bytes]] = {}  # in a Dask worker: what it asks, by task
MISSING = "--on dask needs Dask: pip install 'eventsim[dask]'"


@asynccontextmanager
async def cluster(
    address: str | None, count: int | None, *, at_once: bool = False
) -> AsyncIterator[tuple[Opening, int]]:
    """What gives a part to the cluster, and how many of them it is given at a time.

    Without an *address* the cluster is a new one, of so many processes. Raises EventsimError
    where Dask is not installed, when the cluster does not answer, and when it does fewer parts at a
    time than have to be done *at_once*.
    """
    try:
        import dask

        dask.config.set(QUIET)  # before it sets up its logging, and nothing is tried again by it
        import distributed
    except ImportError:
        raise EventsimError(MISSING) from None
    closing = AsyncExitStack()
    try:
        if address is None:
            here = distributed.LocalCluster(
                n_workers=count or cores(),
                threads_per_worker=1,
                host="127.0.0.1",
                dashboard_address=None,
                asynchronous=True,
            )
            client = await _client(closing, await closing.enter_async_context(here), "here")
            yield _opening(client), count or cores()
        else:
            client = await _client(closing, address, address)
            if count is None or at_once:
                threads = await _threads(client, address, count or 1)
                count = count or threads
            yield _opening(client), count
    finally:
        with anyio.move_on_after(WAIT_SECONDS, shield=True):
            await closing.aclose()


async def _client(closing: AsyncExitStack, target: Any, name: str) -> Any:
    import distributed

    try:
        client = await distributed.Client(target, asynchronous=True, timeout=WAIT_SECONDS)
    except (OSError, ValueError) as error:
        raise EventsimError(f"no Dask scheduler answers at {name}: {error}") from None
    return await closing.enter_async_context(client)


async def _threads(client: Any, address: str, count: int) -> int:
    """How many parts the cluster does at a time. Raises EventsimError below *count*."""
    try:
        await client.wait_for_workers(1, timeout=WAIT_SECONDS)
    except TimeoutError:
        raise EventsimError(f"the Dask scheduler at {address} has no workers") from None
    threads: int = sum((await client.nthreads()).values())
    if threads < count:
        raise EventsimError(
            f"the Dask scheduler at {address} does {threads} parts at a time, and all {count} have "
            f"to be done at once; write --workers {threads}"
        )
    return threads


def _opening(client: Any) -> Opening:
    def opened() -> AbstractAsyncContextManager[Worker]:
        return _opened(client)

    return opened


@asynccontextmanager
async def _opened(client: Any) -> AsyncIterator[Worker]:
    yield DaskWorker(client)


class DaskWorker:
    """Gives one part after another to a cluster, which has it done wherever there is room.

    A part that is not waited for any more is ended there too.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._key = ""

    async def ask(self, part: bytes, told: Told = nobody) -> bytes:
        from distributed.scheduler import KilledWorker

        client = self._client
        key = self._key = f"{client.id}-{next(_NUMBERS)}"
        client.subscribe_topic(key, lambda event: told(event[1]))
        future = client.submit(ask_once, part, key, key=key, retries=0)
        answered = False
        try:
            answer: bytes = await future
            answered = True
        except KilledWorker:
            answered = True  # there is nothing left to be ended
            raise WorkerLost("its Dask worker was lost") from None
        finally:
            with anyio.CancelScope(shield=True), anyio.move_on_after(WAIT_SECONDS):
                if not answered:
                    await client.run(say, key, None)
                client.unsubscribe_topic(key)
                await future.cancel()
        return answer

    async def say(self, message: bytes) -> None:
        await self._client.run(say, self._key, message)


def ask_once(part: bytes, key: str) -> bytes:
    """The answer of a process for this part alone, asked by a Dask worker.

    What it tells are Dask's events under *key*. Raises WorkerLost when there is no answer.
    """
    from distributed import get_worker

    worker = get_worker()
    with subprocess.Popen(
        command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        _RUNNING[key] = process
        try:
            _write(process, part + b"\n")
            assert process.stdout is not None
            while (answer := process.stdout.readline()).startswith(MESSAGE):
                worker.log_event(key, answer.removeprefix(MESSAGE))
        finally:
            del _RUNNING[key]
            say_to(process, None)
    if not answer.endswith(b"\n"):
        raise WorkerLost(ended(process.returncode))
    return answer


def say(key: str, message: bytes | None) -> None:
    """Say something to the part of this task if this Dask worker asks it; None ends it."""
    process = _RUNNING.get(key)
    if process is not None:
        say_to(process, message)


def say_to(process: subprocess.Popen[bytes], message: bytes | None) -> None:
    """Write a line to a process, or end its lines."""
    with suppress(OSError, ValueError):  # it has ended, or its lines have
        if message is not None:
            _write(process, MESSAGE + message + b"\n")
        elif process.stdin is not None:
            process.stdin.close()


def _write(process: subprocess.Popen[bytes], line: bytes) -> None:
    assert process.stdin is not None
    process.stdin.write(line)
    process.stdin.flush()
