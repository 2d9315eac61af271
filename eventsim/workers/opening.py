"""Where the workers are, as ``--on`` says it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from eventsim.errors import EventsimError
from eventsim.workers import Opening
from eventsim.workers.local import cores, open_worker

SCHEME = "dask://"


@asynccontextmanager
async def opening(on: str, count: int | None) -> AsyncIterator[tuple[Opening, int]]:
    """What brings a worker up, and how many there are at a time.

    *on* is ``local``, ``dask`` or ``dask://ADDRESS``. Raises EventsimError for anything else, and
    for a cluster that cannot be had.
    """
    if on == "local":
        yield open_worker, count or cores()
    elif on == "dask" or on.startswith(SCHEME):
        from eventsim.workers.dask import cluster

        address = on.removeprefix(SCHEME) if on != "dask" else None
        async with cluster(address, count) as opened:
            yield opened
    else:
        raise EventsimError(f"--on is '{on}'; write local, dask, or dask://ADDRESS")
