"""
Reads a shard of a simulated stream, whichever service it is of.

A reader asks at ticks, one interval apart from when it was made, and again at once while records
are waiting. It does not make the requests that would bring nothing: it sleeps to the first tick
at or after the next arrival, and counts those that AWS would have made in between.
"""

from __future__ import annotations

from math import inf
from typing import NamedTuple, Protocol

from eventsim.clock import Clock
from eventsim.errors import ServiceError
from eventsim.sources._changes import Watched, changed
from eventsim.sources._ticks import Ticks
from eventsim.streams import GetRecords, ShardIterator
from eventsim.types import Position, Read, Trimmed

THROTTLED_SECONDS = 0.2


class Store(Watched, Protocol):
    """A simulated stream, as a reader of its shards uses it."""

    def settle(self) -> None:
        """Make visible what has arrived by now."""

    def get_shard_iterator(self, shard_id: str, position: Position) -> ShardIterator:
        """An iterator at *position*. Raises ServiceError."""

    def get_records(self, iterator: ShardIterator) -> GetRecords:
        """The records at the iterator. Raises ServiceError, also when it has expired."""

    def trimmed(self, iterator: ShardIterator) -> Trimmed | None:
        """What has left the shard by its retention since the iterator, unread."""

    def skip(self, iterator: ShardIterator) -> ShardIterator:
        """The iterator at the oldest record there is, if it stood before that."""

    def next_arrival(self, iterator: ShardIterator) -> float | None:
        """When the record at the iterator arrives (or -inf: it has), None if unknown."""

    def ended(self, iterator: ShardIterator) -> bool:
        """Whether no record will ever follow the iterator, as the run puts no more.

        The end of a shard that has children is found by asking for its records.
        """


class _Waited(NamedTuple):
    """How a wait ended: at a tick that is worth a poll or not, after so many that were not."""

    due: bool
    polls: int


class SimulatedReader:
    """Reads one shard at the cadence of a poller, and sleeps where a poller would find nothing."""

    def __init__(
        self,
        store: Store,
        shard_id: str,
        position: Position,
        clock: Clock,
        interval: float,
    ) -> None:
        self._store, self._shard_id, self._clock = store, shard_id, clock
        self._ticks = Ticks(clock.time(), interval)
        self._position: Position | None = position
        self._iterator = ShardIterator(shard_id, "", 0.0)
        self._next = 1  # the first tick not yet used, counted from the start
        self._due = True
        if position.type == "LATEST":
            self._begin()  # what comes before the first read is not to be missed

    async def read(self, until: float | None) -> Read:
        """Return the next records, or none when the clock reaches *until* first.

        A poll that would fall on *until* is not made. Raises ServiceError when there is no such
        shard or position.
        """
        deadline = inf if until is None else until
        polls = 0
        while True:
            if not self._due:
                waited = await self._wait(deadline)
                polls += waited.polls
                if not waited.due:
                    trimmed = self._skip_trimmed()
                    ended = self._store.ended(self._iterator)
                    return Read((), polls, ended=ended, trimmed=trimmed)
            elif self._clock.time() >= deadline:
                return Read((), polls)
            else:
                self._next = max(self._next, self._ticks.after(self._clock.time()))
            polls += 1
            self._begin()
            trimmed = self._skip_trimmed()
            answer = self._get_records()
            if answer is None and trimmed is None:
                await self._clock.sleep_until(min(deadline, self._clock.time() + THROTTLED_SECONDS))
            elif answer is None:
                return Read((), polls, trimmed=trimmed)
            elif trimmed or answer.records or answer.next_iterator is None:
                ended, closed = answer.next_iterator is None, bool(answer.child_shards)
                return Read(
                    answer.records,
                    polls,
                    answer.behind,
                    ended=ended,
                    trimmed=trimmed,
                    closed=closed,
                )

    def _begin(self) -> None:
        if self._position is not None:
            self._iterator = self._store.get_shard_iterator(self._shard_id, self._position)
            self._position = None

    def _skip_trimmed(self) -> Trimmed | None:
        """What was lost to the retention since the last read; the iterator is past it now."""
        self._store.settle()
        trimmed = self._store.trimmed(self._iterator)
        if trimmed is not None:
            self._iterator = self._store.skip(self._iterator)
        return trimmed

    def _get_records(self) -> GetRecords | None:
        """Poll once; None when the shard is throttled, which makes the next poll due at once.

        The iterator is fresh: the polls that were not made would have renewed it.
        """
        shard_id, after, _ = self._iterator
        self._iterator = ShardIterator(shard_id, after, self._clock.time())
        try:
            answer = self._store.get_records(self._iterator)
        except ServiceError as error:
            if error.code != "ProvisionedThroughputExceededException":
                raise
            self._due = True
            return None
        if answer.next_iterator is not None:
            self._iterator = answer.next_iterator
        elif answer.records:
            self._iterator = self._iterator._replace(after=answer.records[-1].sequence_number)
        self._due = answer.behind > 0
        return answer

    async def _wait(self, deadline: float) -> _Waited:
        """Sleep to the first tick with something to read, but no further than *deadline*."""
        clock, store, iterator = self._clock, self._store, self._iterator
        first = earliest = max(self._next, self._ticks.at_or_after(clock.time()))
        while not store.ended(iterator):
            arrival = store.next_arrival(iterator)
            tick = inf if arrival is None else max(earliest, self._ticks.at_or_after(arrival))
            due = self._ticks.time(tick)
            settled = due < deadline and tick == earliest  # nothing can make it come earlier
            if not settled and await changed(store, self._shard_id, clock, min(due, deadline)):
                earliest = max(first, self._ticks.at_or_after(clock.time()))
                continue
            if due >= deadline:
                return self._skip(first, deadline)
            if due > clock.time():
                await clock.sleep_until(due)
            return self._at_tick(first, int(tick))
        return self._skip(first, clock.time())

    def _at_tick(self, first: int, tick: int) -> _Waited:
        self._next = tick + 1
        return _Waited(True, tick - first)

    def _skip(self, first: int, time: float) -> _Waited:
        """Count the polls from tick *first* until *time*, all of them empty."""
        tick = max(first, self._ticks.at_or_after(time))
        self._next = tick
        return _Waited(False, tick - first)
