"""Lets a stream forget what its slowest mapping has checkpointed."""

from __future__ import annotations

from collections.abc import Sequence

from eventsim.types import Stream


class Consumption:
    """Follows the checkpoints of every mapping on one stream."""

    def __init__(self, stream: Stream, mappings: Sequence[str]) -> None:
        self._stream = stream
        self._mappings = set(mappings)
        self._done: dict[str, dict[str, str]] = {}

    def advance(self, mapping: str, shard_id: str, sequence_number: str) -> None:
        """Tell the stream, if the slowest mapping of the shard has moved."""
        if len(self._mappings) == 1:
            self._stream.consumed(shard_id, sequence_number)
            return
        done = self._done.setdefault(shard_id, {})
        before = self._slowest(done)
        done[mapping] = sequence_number
        slowest = self._slowest(done)
        if slowest is not None and slowest != before:
            self._stream.consumed(shard_id, slowest)

    def forget(self, mapping: str) -> None:
        """The mapping is gone: it holds nothing back any more."""
        self._mappings.discard(mapping)
        for shard_id, done in self._done.items():
            done.pop(mapping, None)
            slowest = self._slowest(done)
            if slowest is not None:
                self._stream.consumed(shard_id, slowest)

    def _slowest(self, done: dict[str, str]) -> str | None:
        """What every mapping is done with; None while one of them has done nothing."""
        return min(done.values(), key=int) if done and len(done) == len(self._mappings) else None
