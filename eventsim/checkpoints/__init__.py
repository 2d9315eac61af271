"""
Where each shard of a mapping stands: the last sequence number that is done with.

Kept in memory, for as long as the process lasts, or in a file that outlives ``kill -9``.
"""

from __future__ import annotations

from typing import Protocol

from eventsim.checkpoints.file import FileCheckpoints
from eventsim.checkpoints.memory import MemoryCheckpoints
from eventsim.checkpoints.standing import Identity
from eventsim.types import Checkpoint

__all__ = ["Checkpoints", "FileCheckpoints", "Identity", "MemoryCheckpoints"]


class Checkpoints(Protocol):
    """Checkpoints by mapping and shard; sequence numbers, never an iterator, which would expire."""

    async def begin(self, mapping: str, timestamp: float) -> float | None:
        """Return when the mapping began before, in epoch seconds; None if it begins at *timestamp*.

        A shard on which nothing was done yet is read from there when the mapping starts again,
        so that LATEST does not lose what came in between.
        """

    def get(self, mapping: str, shard_id: str) -> Checkpoint | None:
        """Return what was set last, or None when the shard is new."""

    async def set(self, mapping: str, shard_id: str, checkpoint: Checkpoint) -> None:
        """Keep it. When this returns, a poller that starts again goes on behind it."""
