"""
Reads one shard by GetRecords, as a poller of AWS does: at its ticks, or back to back.

How a request is made and what its answer means is the stream's to know, whichever service it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import NamedTuple, Protocol

from eventsim.clock import Clock
from eventsim.errors import ServiceError, Unreachable
from eventsim.sources._patience import FAREWELL_SECONDS, Patience, passes
from eventsim.sources._ticks import Ticks
from eventsim.types import Position, Read, Record

_MILLISECOND = 0.001  # behind, and nobody knows how far


class Page(NamedTuple):
    """One answer to GetRecords; ``behind`` in seconds, above 0 where more is known to wait.

    ``time`` is the endpoint's, in seconds since the epoch; ``next_iterator`` is None at the end
    of a closed shard.
    """

    records: Sequence[Record]
    next_iterator: str | None
    behind: float
    time: float


class Requests(Protocol):
    """The stream, as its readers use it. Each raises ServiceError or Unreachable."""

    finished_at: float | None

    async def get_shard_iterator(self, shard_id: str, position: Position) -> str: ...

    async def get_records(self, iterator: str) -> Page: ...

    async def told(self, shard_id: str, records: Sequence[Record]) -> None:
        """Return when it has been told that these records were put."""


class _Answer(NamedTuple):
    records: Sequence[Record]
    behind: float
    closed: bool


class ClientReader:
    """Fetches one shard's records, oldest first, each once, whatever becomes of an iterator.

    Once nobody puts records any more, so many answers without one as there are ``quiet_polls``
    mean the end.
    """

    def __init__(
        self,
        stream: Requests,
        shard_id: str,
        position: Position,
        clock: Clock,
        interval: float,
        quiet_polls: int = 1,
    ) -> None:
        self._stream, self._shard_id, self._clock = stream, shard_id, clock
        self._ticks = Ticks(clock.time(), interval)
        self._position = position  # where to go on without an iterator
        self._latest = position.type == "LATEST"
        self._after = position.sequence_number
        self._quiet_polls = self._quiet_polls_left = quiet_polls
        self._iterator: str | None = None
        self._next = 1
        self._due = True
        self._ended = self._closed = False
        self._renewed = False
        self._patience = Patience(clock)

    async def read(self, until: float | None) -> Read:
        """Return the next records, or none when the clock reaches *until* first.

        None are behind 0 only if the last request was answered so. A request that would fall on
        *until* is not made. Raises ServiceError when the stream or the shard is not there,
        Unreachable when the endpoint stays away after the stream's end.
        """
        deadline = inf if until is None else until
        polls = 0
        while not self._ended:
            if not await self._tick(deadline):
                return Read((), polls, _MILLISECOND if self._due else 0.0)
            polls += 1
            finished = self._stream.finished_at is not None
            answer = await self._ask(deadline)
            if answer is None:
                continue
            self._due = answer.behind > 0
            self._closed = answer.closed
            quiet = finished and not answer.records and not self._due
            self._quiet_polls_left = self._quiet_polls_left - 1 if quiet else self._quiet_polls
            self._ended = self._closed or self._quiet_polls_left == 0
            if answer.records:
                await self._stream.told(self._shard_id, answer.records)
                ended, closed = self._ended, self._closed
                return Read(answer.records, polls, answer.behind, ended=ended, closed=closed)
        return Read((), polls, ended=True, closed=self._closed)

    async def _tick(self, deadline: float) -> bool:
        """Wait for the next request's time; False when *deadline* comes first."""
        now = self._clock.time()
        if self._due:
            if now >= deadline:
                return False
            self._next = max(self._next, self._ticks.after(now))
            return True
        tick = max(self._next, self._ticks.at_or_after(now))
        due = self._ticks.time(tick)
        if due >= deadline:
            await self._clock.sleep_until(deadline)
            return False
        if due > now:
            await self._clock.sleep_until(due)
        self._next = tick + 1
        return True

    async def _ask(self, deadline: float) -> _Answer | None:
        """Make one request; None when it is to be made again."""
        try:
            if self._iterator is None:
                self._iterator = await self._stream.get_shard_iterator(
                    self._shard_id, self._position
                )
            page = await self._stream.get_records(self._iterator)
        except Unreachable as error:
            self._give_up_after_the_end(error)
            await self._again(error, deadline)
            return None
        except ServiceError as error:
            if error.code == "ExpiredIteratorException":
                await self._renew(error, deadline)
            elif error.code == "TrimmedDataAccessException":
                self._position = Position("TRIM_HORIZON")  # nobody says what was lost
                await self._renew(error, deadline)
            elif passes(error):
                await self._again(error, deadline)
            else:
                raise
            return None
        self._patience, self._renewed = Patience(self._clock), False
        return self._take(page)

    async def _renew(self, error: ServiceError, deadline: float) -> None:
        """Ask for a new iterator, at once unless the last one was new already."""
        self._iterator = None
        self._due = True
        if self._renewed:
            await self._again(error, deadline)
        self._renewed = True

    async def _again(self, error: Exception, deadline: float) -> None:
        self._due = True
        await self._patience.wait(error, deadline)

    def _give_up_after_the_end(self, error: Unreachable) -> None:
        finished = self._stream.finished_at
        if finished is not None and self._clock.time() > finished + FAREWELL_SECONDS:
            raise error

    def _take(self, page: Page) -> _Answer:
        records = page.records
        since = self._position.timestamp
        if since is not None:  # an iterator may begin earlier than it was asked to
            records = [record for record in records if record.arrival >= since]
        elif self._position.type == "TRIM_HORIZON" and self._after is not None:
            after = int(self._after)
            records = [record for record in records if int(record.sequence_number) > after]
        if records:
            self._after = records[-1].sequence_number
            self._position = Position("AFTER_SEQUENCE_NUMBER", self._after)
            self._latest = False
        elif self._latest:  # without a record read, the only place to go on from
            self._position = Position("AT_TIMESTAMP", timestamp=page.time)
        self._iterator = page.next_iterator
        return _Answer(records, page.behind, closed=self._iterator is None)
