"""Where the workers are, as ``--on`` says it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from eventsim.errors import EventsimError
from eventsim.workers import Opening
from eventsim.workers.local import cores, open_worker

LOCAL, DASK, SCHEME = "local", "dask", "dask://"


@asynccontextmanager
async def opening(
    on: str, count: int | None, *, at_once: bool = False
) -> AsyncIterator[tuple[Opening, int]]:
    """What brings a worker up, and how many there are at a time.

    *on* is ``local``, ``dask`` or ``dask://ADDRESS``. Raises EventsimError for anything else, and
    for a cluster that cannot be had, or that has no room for all of them *at_once*.
    """
    check(on)
    if on == LOCAL:
        yield open_worker, count or cores()
    else:
        from eventsim.workers.dask import cluster

        address = on.removeprefix(SCHEME) if on != DASK else None
        async with cluster(address, count, at_once=at_once) as opened:
            yield opened


def check(on: str) -> None:
    """Raise EventsimError for what says no place."""
    if on not in (LOCAL, DASK) and not (on.startswith(SCHEME) and on != SCHEME):
        raise EventsimError(f"--on is '{on}'; write local, dask, or dask://ADDRESS")
