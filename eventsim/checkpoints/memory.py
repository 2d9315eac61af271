"""Checkpoints that nobody needs after the run."""

from __future__ import annotations

from eventsim.types import Checkpoint


class MemoryCheckpoints:
    """Checkpoints that last as long as the process."""

    def __init__(self) -> None:
        self._began: dict[str, float] = {}
        self._done: dict[tuple[str, str], Checkpoint] = {}

    async def begin(self, mapping: str, timestamp: float) -> float | None:
        before = self._began.get(mapping)
        self._began.setdefault(mapping, timestamp)
        return before

    def get(self, mapping: str, shard_id: str) -> Checkpoint | None:
        return self._done.get((mapping, shard_id))

    async def set(self, mapping: str, shard_id: str, checkpoint: Checkpoint) -> None:
        self._done[mapping, shard_id] = checkpoint
