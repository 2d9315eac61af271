"""Waits for something to happen on a shard of a simulated stream."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from eventsim.clock import Clock


class Watched(Protocol):
    """A simulated stream that says when a shard changes."""

    def call_on_change(self, shard_id: str, key: object, callback: Callable[[], None]) -> None:
        """Call back, once, when there may be something new to find out about the shard."""

    def forget(self, shard_id: str, key: object) -> bool:
        """Take back what ``call_on_change`` asked for; False if it was called, or never asked."""


async def changed(store: Watched, shard_id: str, clock: Clock, deadline: float) -> bool:
    """Return when the shard changes, True, or when the clock reaches *deadline* first, False."""
    alarm = clock.alarm(deadline)
    store.call_on_change(shard_id, alarm, alarm.ring)
    try:
        await alarm.wait()
    finally:
        waited_on = store.forget(shard_id, alarm)
    return not waited_on
