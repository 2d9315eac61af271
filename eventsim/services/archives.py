"""
A simulated archive of an event bus: the events that match its pattern, to be replayed.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-archive.html
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from eventsim.clock import Now
from eventsim.errors import ServiceError
from eventsim.rules.patterns import Pattern
from eventsim.types import BusEvent

EVENTS_MAX = 100_000
DAY = 86_400


class Archive:
    """Keeps events for so many days, or for ever with 0; no more than ``EVENTS_MAX`` of them."""

    def __init__(
        self, name: str, clock: Now, pattern: Pattern | None = None, retention_days: int = 0
    ) -> None:
        self.name = name
        self._clock, self._pattern, self._days = clock, pattern, retention_days
        self._events: deque[tuple[float, Mapping[str, Any]]] = deque(maxlen=EVENTS_MAX)
        self._overflowed = False

    def on_event(self, event: BusEvent) -> None:
        """Keep an event that matches. What is replayed is not archived again."""
        if "replay-name" in event.document:
            return
        if self._pattern is None or self._pattern.matches(event.document):
            self._overflowed = self._overflowed or len(self._events) == EVENTS_MAX
            self._events.append((self._clock.time(), event.document))

    def replay(self, name: str, since: float, until: float) -> Iterator[BusEvent]:
        """The events of that span of the run, both ends included, as the replay *name* sends them.

        Raises ServiceError when events had to go to make room for later ones.
        """
        if self._overflowed:
            text = f"the archive {self.name} has kept its last {EVENTS_MAX} events only"
            raise ServiceError("LimitExceededException", text)
        oldest = self._clock.time() - self._days * DAY if self._days else 0.0
        for at, document in tuple(self._events):
            if max(since, oldest) <= at <= until:
                yield BusEvent(str(document["id"]), {**document, "replay-name": name})
