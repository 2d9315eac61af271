"""Where each shard of a mapping stands: the last sequence number that is done with."""

from __future__ import annotations

from typing import Protocol


class Checkpoints(Protocol):
    """Sequence numbers by mapping and shard; never an iterator, which would expire."""

    def get(self, mapping: str, shard_id: str) -> str | None:
        """Return the last sequence number done, or None when the shard is new."""

    def set(self, mapping: str, shard_id: str, sequence_number: str) -> None:
        """Keep it. When this returns, a poller that starts again goes on behind it."""


class MemoryCheckpoints:
    """Checkpoints that last as long as the process."""

    def __init__(self) -> None:
        self._done: dict[tuple[str, str], str] = {}

    def get(self, mapping: str, shard_id: str) -> str | None:
        return self._done.get((mapping, shard_id))

    def set(self, mapping: str, shard_id: str, sequence_number: str) -> None:
        self._done[mapping, shard_id] = sequence_number
