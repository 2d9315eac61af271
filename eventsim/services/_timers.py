"""What will become of a queue's messages by itself, and when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from heapq import heapify, heappop, heappush

from eventsim.services._order import STALE_MAX, Stored

EXPIRES, SHOWS = 0, 1  # at the same moment a message is gone rather than visible


class Timers:
    """The moments at which messages expire or become visible.

    A message whose moment has moved gets another timer; the old one is out of date, as is one
    of a message that is gone. Of those there are never more than four a message and 1,024.
    """

    def __init__(self, messages: Mapping[int, Stored]) -> None:
        self._messages = messages
        self._timers: list[tuple[float, int, int]] = []

    def expires(self, stored: Stored) -> None:
        """Remember when the message will be gone."""
        self._add(stored.expires_at, EXPIRES, stored)

    def shows(self, stored: Stored) -> None:
        """Remember when the message will be visible."""
        self._add(stored.visible_at, SHOWS, stored)

    def due(self, now: float) -> Iterator[tuple[int, Stored]]:
        """What is due by now, in order, each once; the queue may change in between."""
        while self._timers and self._timers[0][0] <= now:
            timer = heappop(self._timers)
            if self._matters(timer):
                yield timer[1], self._messages[timer[2]]

    def next(self) -> float | None:
        """When something is due next."""
        while self._timers and not self._matters(self._timers[0]):
            heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def _add(self, time: float, what: int, stored: Stored) -> None:
        heappush(self._timers, (time, what, stored.number))
        if len(self._timers) > 4 * len(self._messages) + STALE_MAX:
            self._timers = [timer for timer in self._timers if self._matters(timer)]
            heapify(self._timers)

    def _matters(self, timer: tuple[float, int, int]) -> bool:
        time, what, number = timer
        stored = self._messages.get(number)
        if stored is None:
            return False
        return what == EXPIRES or (stored.visible_at == time and stored.state != "ready")
