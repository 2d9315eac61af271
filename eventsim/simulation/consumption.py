"""Lets a stream forget what its slowest mapping has checkpointed."""

from __future__ import annotations

from collections.abc import Sequence

from eventsim.types import Stream


class Consumption:
    """Follows the checkpoints of every mapping on one stream."""

    def __init__(self, stream: Stream, mappings: Sequence[str]) -> None:
        self._stream = stream
        self._mappings = mappings
        self._done: dict[str, dict[str, int]] = {}

    def advance(self, mapping: str, shard_id: str, sequence_number: str) -> None:
        """Tell the stream, if the slowest mapping of the shard has moved."""
        if len(self._mappings) == 1:
            self._stream.consumed(shard_id, sequence_number)
            return
        done = self._done.setdefault(shard_id, {})
        before = min(done.values()) if len(done) == len(self._mappings) else -1
        done[mapping] = int(sequence_number)
        if len(done) == len(self._mappings) and (slowest := min(done.values())) > before:
            self._stream.consumed(shard_id, str(slowest))
