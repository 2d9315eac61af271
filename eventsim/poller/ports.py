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
from eventsim.types import Invoker, Origin, Record


class StreamSource(Protocol):
    """What a file in ``sources/`` knows of its records, and the poller does not."""

    def event(self, records: Sequence[Record], origin: Origin) -> dict[str, Any]:
        """The event that the function gets, built afresh."""

    def encoded_size(self, records: Sequence[Record], origin: Origin) -> int:
        """How many bytes that event has as compact JSON."""

    def encoded_size_at_most(self, records: Sequence[Record], origin: Origin) -> int:
        """No fewer bytes than it has, found faster: exactness matters near 6 MB only."""


class Words:
    """A source's event and its size, for one shard of one mapping."""

    __slots__ = ("_origin", "_source")

    def __init__(self, source: StreamSource, origin: Origin) -> None:
        self._source, self._origin = source, origin

    def event(self, records: Sequence[Record]) -> dict[str, Any]:
        """The event that the function gets, built afresh."""
        return self._source.event(records, self._origin)

    def size(self, records: Sequence[Record]) -> int:
        """How many bytes it has; no fewer, and exactly where it might be too large."""
        size = self._source.encoded_size_at_most(records, self._origin)
        if size <= PAYLOAD_BYTES_MAX:
            return size
        return self._source.encoded_size(records, self._origin)


@dataclass(frozen=True, slots=True)
class Ports:
    """The doors of a poller; ``role_arn`` is the execution role that stands in its events."""

    invoker: Invoker
    journal: Journal
    clock: Clock
    chance: Chance
    checkpoints: Checkpoints
    role_arn: str
    on_checkpoint: Callable[[str, str, str], None]
