"""
Workers on a Dask cluster, one that is there or one of this command's own on this machine.

A part is one task, and is done by a process of its own beside the Dask worker, as on this
machine: so eventsim has to be installed there, and what a scenario names has to be at the same
path. Dask tries nothing again by itself.

https://distributed.dask.org/en/stable/asynchronous.html
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

import anyio

from eventsim.errors import EventsimError, WorkerLost
from eventsim.workers import Opening, Worker
from eventsim.workers.local import ask_once, cores

WAIT_SECONDS = 10
QUIET = {"distributed.scheduler.allowed-failures": 0, "logging.distributed": "critical"}
MISSING = "--on dask needs Dask: pip install 'eventsim[dask]'"


@asynccontextmanager
async def cluster(address: str | None, count: int | None) -> AsyncIterator[tuple[Opening, int]]:
    """What gives a part to the cluster, and how many of them it is given at a time.

    Without an *address* the cluster is a new one, of so many processes. Raises EventsimError
    where Dask is not installed, and when the cluster does not answer.
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
            yield _opening(client), count or await _threads(client, address)
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


async def _threads(client: Any, address: str) -> int:
    """How many parts the cluster does at a time. Raises EventsimError when nobody does any."""
    try:
        await client.wait_for_workers(1, timeout=WAIT_SECONDS)
    except TimeoutError:
        raise EventsimError(f"the Dask scheduler at {address} has no workers") from None
    return sum((await client.nthreads()).values())


def _opening(client: Any) -> Opening:
    def opened() -> AbstractAsyncContextManager[Worker]:
        return _opened(client)

    return opened


@asynccontextmanager
async def _opened(client: Any) -> AsyncIterator[Worker]:
    yield DaskWorker(client)


class DaskWorker:
    """Gives one part after another to a cluster, which has it done wherever there is room."""

    def __init__(self, client: Any) -> None:
        self._client = client

    async def ask(self, part: bytes) -> bytes:
        from distributed.scheduler import KilledWorker

        future = self._client.submit(ask_once, part, pure=False, retries=0)
        try:
            answer: bytes = await future
        except KilledWorker:
            raise WorkerLost("its Dask worker was lost") from None
        finally:
            await future.cancel()
        return answer
