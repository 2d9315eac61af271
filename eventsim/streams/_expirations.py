"""
When items are deleted because their time to live has passed.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import NamedTuple

_SPARE = 64  # outdated entries that are not worth a cleaning


class Due(NamedTuple):
    """An item to be deleted; ``order`` keeps those of one sweep in the order of their writes."""

    time: float
    order: int
    key: str


class Expirations:
    """Deletions to come, the earliest first; at most one for each key."""

    def __init__(self) -> None:
        self._heap: list[Due] = []
        self._current: dict[str, Due] = {}
        self._orders = 0

    def set(self, key: str, time: float | None) -> None:
        """The item will be deleted at *time*, or not at all; what was set before is forgotten."""
        self._current.pop(key, None)
        if time is not None:
            self._orders += 1
            self._current[key] = due = Due(time, self._orders, key)
            heappush(self._heap, due)
        if len(self._heap) > 2 * len(self._current) + _SPARE:
            self._heap = list(self._current.values())
            heapify(self._heap)

    def next_time(self) -> float | None:
        """When the next item is deleted."""
        heap, current = self._heap, self._current
        while heap and current.get(heap[0].key) is not heap[0]:
            heappop(heap)
        return heap[0].time if heap else None

    def pop(self) -> Due:
        """Take the deletion that ``next_time`` has just told of."""
        due = heappop(self._heap)
        del self._current[due.key]
        return due
