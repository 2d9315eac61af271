"""Simulated streams: what AWS keeps, without the API in front of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from eventsim.types import Record, Resharding


class PutSummary(NamedTuple):
    """Records that arrived on one shard, told once and before anybody has read them.

    ``since`` and ``until`` are the arrivals of the first and the last, in seconds since the run
    began. ``held`` are the records themselves, where the back end has them at hand.
    """

    shard_id: str
    first: str
    last: str
    records: int
    since: float
    until: float
    held: Sequence[Record] = ()


class ShardIterator(NamedTuple):
    """A place in a shard: behind the record ``after``. It expires, counted from ``issued``."""

    shard_id: str
    after: str
    issued: float


class GetRecords(NamedTuple):
    """The answer to GetRecords; ``behind`` is MillisBehindLatest in seconds.

    ``next_iterator`` is None at the end of a closed shard; ``child_shards`` then are those that
    go on for it, none where the run puts no more records.
    """

    records: Sequence[Record]
    next_iterator: ShardIterator | None
    behind: float
    child_shards: tuple[str, ...] = ()


OnPut = Callable[[PutSummary], None]


def nobody(summary: PutSummary) -> None:
    """For a stream whose puts interest nobody."""


def unwatched(change: Resharding) -> None:
    """For a stream whose splits and merges interest nobody."""
