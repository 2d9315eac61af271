"""Where each shard of a mapping stands: the last sequence number that is done with."""

from __future__ import annotations

from typing import Protocol

from eventsim.types import Checkpoint


class Checkpoints(Protocol):
    """Checkpoints by mapping and shard; sequence numbers, never an iterator, which would expire."""

    async def begin(self, mapping: str, timestamp: float) -> float:
        """Return when the mapping began: *timestamp*, in epoch seconds, if it has not yet.

        A shard on which nothing was done yet is read from there when the mapping starts again,
        so that LATEST does not lose what came in between.
        """

    def get(self, mapping: str, shard_id: str) -> Checkpoint | None:
        """Return what was set last, or None when the shard is new."""

    async def set(self, mapping: str, shard_id: str, checkpoint: Checkpoint) -> None:
        """Keep it. When this returns, a poller that starts again goes on behind it."""


class MemoryCheckpoints:
    """Checkpoints that last as long as the process."""

    def __init__(self) -> None:
        self._began: dict[str, float] = {}
        self._done: dict[tuple[str, str], Checkpoint] = {}

    async def begin(self, mapping: str, timestamp: float) -> float:
        return self._began.setdefault(mapping, timestamp)

    def get(self, mapping: str, shard_id: str) -> Checkpoint | None:
        return self._done.get((mapping, shard_id))

    async def set(self, mapping: str, shard_id: str, checkpoint: Checkpoint) -> None:
        self._done[mapping, shard_id] = checkpoint
