"""
Several shards read at once, told as one sequence in order of arrival.

Pure. A record may be told once every other shard is known to have none that arrived before it:
it has a later one waiting, or was read up to a later time, or has ended. Within a shard order is
the shard's own. Where the service stamped a record earlier than one that was told already (its
times are approximate), it is told with that one's arrival: an order in time never goes back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from heapq import heapify, heappop, heappush
from math import inf
from typing import NamedTuple

from eventsim.types import Record


class Told(NamedTuple):
    """A record of a shard in its turn; its arrival never lies before that of the one before."""

    shard_id: str
    record: Record


class Merge:
    """The shards that are being read, and what of them waits for its turn.

    *since* is the epoch time that nothing is told before. ``restamped`` counts the records whose
    arrival had to be moved.
    """

    def __init__(self, since: float) -> None:
        self.restamped = 0
        self._last = since
        self._waiting: dict[str, deque[Record]] = {}
        self._reached: dict[str, float] = {}

    def open(self, shard_id: str) -> None:
        """A shard is read from now on: nothing is told that could come after its records."""
        self._waiting.setdefault(shard_id, deque())
        self._reached[shard_id] = -inf

    def add(self, shard_id: str, records: Sequence[Record]) -> None:
        """The shard's next records have been read."""
        self._waiting[shard_id].extend(records)

    def reach(self, shard_id: str, time: float) -> None:
        """What the shard brings from now on arrived at *time*, in epoch seconds, or later."""
        self._reached[shard_id] = max(self._reached[shard_id], time)

    def end(self, shard_id: str) -> None:
        """The shard brings nothing any more."""
        self._reached[shard_id] = inf

    def waits(self, shard_id: str) -> bool:
        """Whether something of the shard waits for its turn."""
        return bool(self._waiting.get(shard_id))

    @property
    def empty(self) -> bool:
        """Whether every shard has ended and everything of it was told."""
        return not self._reached

    @property
    def reached(self) -> float:
        """The time that every shard has been read to, in epoch seconds."""
        return min(self._reached.values(), default=-inf)

    def take(self, most: int, *, all_: bool = False) -> list[Told]:
        """The next records whose turn it is, at most so many; with *all_* of all that wait."""
        waiting = self._waiting
        turns = [(each[0].arrival, shard_id) for shard_id, each in waiting.items() if each]
        heapify(turns)
        silent = (self._reached[shard_id] for shard_id, each in waiting.items() if not each)
        floor = inf if all_ else min(silent, default=inf)
        told: list[Told] = []
        while turns and len(told) < most and turns[0][0] <= floor:
            _, shard_id = heappop(turns)
            lane = waiting[shard_id]
            told.append(Told(shard_id, self._stamped(lane.popleft())))
            if lane:
                heappush(turns, (lane[0].arrival, shard_id))
            elif not all_:
                floor = min(floor, self._reached[shard_id])
        self._forget_ended()
        return told

    def _stamped(self, record: Record) -> Record:
        if record.arrival < self._last:
            self.restamped += 1
            return record._replace(arrival=self._last)
        self._last = record.arrival
        return record

    def _forget_ended(self) -> None:
        for shard_id in [name for name, time in self._reached.items() if time == inf]:
            if not self._waiting[shard_id]:
                del self._waiting[shard_id], self._reached[shard_id]
