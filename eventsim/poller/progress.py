"""How far one shard is done: the checkpoint never passes a record that is still in flight."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from eventsim.types import Batch


@dataclass(slots=True)
class _Span:
    last: str
    done: str | None = None


class ShardProgress:
    """Follows the batches in flight of one shard, which began in the order of their records."""

    def __init__(self) -> None:
        self._spans: deque[_Span] = deque()

    def begin(self, batch: Batch) -> None:
        """The batch is in flight from now on."""
        self._spans.append(_Span(batch.records[-1].sequence_number))

    def done(self, batch: Batch) -> str | None:
        """Note a batch, or the front part of one, as done; return the checkpoint if it moved."""
        last = batch.records[-1].sequence_number
        span = next(span for span in self._spans if int(last) <= int(span.last))
        span.done = last
        moved = None
        while self._spans:
            front = self._spans[0]
            if front.done is None:
                break
            moved, front.done = front.done, None
            if moved != front.last:
                break
            self._spans.popleft()
        return moved
