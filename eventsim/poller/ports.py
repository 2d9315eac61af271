"""What a poller is given: the source's words, and the doors to everything outside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from eventsim.checkpoints import Checkpoints
from eventsim.clock import Clock
from eventsim.ids import Chance
from eventsim.journal import Journal
from eventsim.rules.batching import PAYLOAD_BYTES_MAX
from eventsim.rules.tumbling import in_window, window_bytes
from eventsim.types import Batch, Destination, Invoker, Origin, Record


class StreamSource(Protocol):
    """What a file in ``sources/`` knows of its records, and the poller does not.

    ``BATCH_INFO`` is the key of what an on-failure document says of a batch, and
    ``ARRIVAL_TIMESPEC`` how exactly it tells arrivals: ``seconds`` or ``milliseconds``.
    """

    BATCH_INFO: str
    ARRIVAL_TIMESPEC: str

    def event(self, records: Sequence[Record], origin: Origin) -> dict[str, Any]:
        """The event that the function gets, built afresh."""

    def encoded_size(self, records: Sequence[Record], origin: Origin) -> int:
        """How many bytes that event has as compact JSON."""

    def encoded_size_at_most(self, records: Sequence[Record], origin: Origin) -> int:
        """No fewer bytes than it has, found faster: exactness matters near 6 MB only."""


class Words:
    """A source's event and its size, for one shard of one mapping."""

    __slots__ = ("origin", "source")

    def __init__(self, source: StreamSource, origin: Origin) -> None:
        self.source, self.origin = source, origin

    def event(self, batch: Batch) -> dict[str, Any]:
        """The event that the function gets, built afresh."""
        event = self.source.event(batch.records, self.origin)
        return event if batch.window is None else in_window(event, batch.window, self.origin)

    def size(self, records: Sequence[Record]) -> int:
        """How many bytes the event has; no fewer, and exactly where it might be too large."""
        size = self.source.encoded_size_at_most(records, self.origin)
        if size <= PAYLOAD_BYTES_MAX:
            return size
        return self.source.encoded_size(records, self.origin)

    def whole_size(self, batch: Batch) -> int:
        """The same with what a tumbling window adds."""
        added = 0 if batch.window is None else window_bytes(batch.window, self.origin)
        return self.size(batch.records) + added


def nobody(mapping: str, shard_id: str, sequence_number: str) -> None:
    """For checkpoints that interest nobody else."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Every way out of a poller. ``on_checkpoint`` is told mapping, shard, sequence number.

    ``matches`` says whether a record is one for the function; all are without it. What is given
    up goes to ``destination``, if there is one.
    """

    invoker: Invoker
    journal: Journal
    clock: Clock
    chance: Chance
    checkpoints: Checkpoints
    role_arn: str
    on_checkpoint: Callable[[str, str, str], None] = nobody
    matches: Callable[[Any], bool] | None = None
    destination: Destination | None = None
