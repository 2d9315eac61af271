"""Simulated streams: what AWS keeps, without the API in front of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from eventsim.types import Resharding


class PutSummary(NamedTuple):
    """Records that arrived on one shard, told once and before anybody has read them.

    ``since`` and ``until`` are the arrivals of the first and the last, in seconds since the run
    began.
    """

    shard_id: str
    first: str
    last: str
    records: int
    since: float
    until: float


OnPut = Callable[[PutSummary], None]


def nobody(summary: PutSummary) -> None:
    """For a stream whose puts interest nobody."""


def unwatched(change: Resharding) -> None:
    """For a stream whose splits and merges interest nobody."""
