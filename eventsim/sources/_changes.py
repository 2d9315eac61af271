"""Waits for something to happen on a shard of a simulated stream."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Protocol

import anyio

from eventsim.clock import Clock


class Watched(Protocol):
    """A simulated stream that says when a shard changes."""

    def call_on_change(self, shard_id: str, key: object, callback: Callable[[], None]) -> None:
        """Call back, once, when there may be something new to find out about the shard."""

    def forget(self, shard_id: str, key: object) -> None:
        """Take back what ``call_on_change`` asked for, if it is still asked for."""


async def changed(store: Watched, shard_id: str, clock: Clock, deadline: float) -> bool:
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
