"""Waits for something to happen on a shard of a simulated stream."""

from __future__ import annotations

from math import inf

import anyio

from eventsim.clock import Clock
from eventsim.streams.kinesis import KinesisStream


async def changed(store: KinesisStream, shard_id: str, clock: Clock, deadline: float) -> bool:
    """Return when the shard changes, True, or when the clock reaches *deadline* first, False."""
    event = anyio.Event()
    store.call_on_change(shard_id, event, event.set)
    try:
        if deadline == inf:
            await event.wait()
        else:
            with clock.move_on_at(deadline):
                await event.wait()
    finally:
        store.forget(shard_id, event)
    return event.is_set()
