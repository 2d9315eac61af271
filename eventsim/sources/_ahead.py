"""A recording, read some way ahead of the clock."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import islice

from eventsim.clock import Clock
from eventsim.errors import EventsimError
from eventsim.types import PutRecord, TimedRecord

LOOK_AHEAD_RECORDS = 1_000


class Ahead:
    """Records with their times, oldest first, of which 1,000 at most are held.

    An EventsimError of the recording comes after every record before it has been taken.
    """

    def __init__(self, records: Iterator[TimedRecord]) -> None:
        self._records = records
        self._held: list[TimedRecord] = []
        self._error: EventsimError | None = None

    def next_time(self) -> float | None:
        """The time of the next record, or None at the end. Raises the recording's error."""
        if not self._held and self._error is None:
            self._pull()
        if self._held:
            return self._held[0].time
        if self._error is not None:
            raise self._error
        return None

    def take(self, end: float) -> list[TimedRecord]:
        """Take the next record, and with it those up to time *end* that are held."""
        held = self._held
        if held[-1].time <= end:
            self._held = []
            return held
        count = max(1, bisect_right(held, end, key=lambda timed: timed.time))
        self._held = held[count:]
        return held[:count]

    def _pull(self) -> None:
        try:
            self._held.extend(islice(self._records, LOOK_AHEAD_RECORDS))
        except EventsimError as error:
            self._error = error  # extend has kept what came before it


async def feed(
    clock: Clock,
    records: Iterator[TimedRecord],
    put: Callable[[Sequence[PutRecord]], Awaitable[None]],
) -> None:
    """Put records at their times; those that are due together go together."""
    ahead = Ahead(records)
    while (first := ahead.next_time()) is not None:
        await clock.sleep_until(first)
        await put([timed.record for timed in ahead.take(clock.time())])
