"""
Records sent to a stream or queue that lives on, in their order and with their recorded gaps.

One request at a time, so that what is of one shard or key stays in order. What was being sent
when a process ended is looked for on the stream, where it can be read, before it is sent again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

import anyio

from eventsim.clock import Clock
from eventsim.recordings import RecordedRecord
from eventsim.replay.playing import Due, Player
from eventsim.replay.resuming import Doubt, Resume
from eventsim.types import Position, PutRecord, Stream

Send = Callable[[Sequence[Any]], Awaitable[None]]
Landed = Callable[[Sequence[PutRecord], float], Awaitable["Counter[PutRecord]"]]
LOOK_BACK_SECONDS = 10.0
LOOK_SECONDS = 3.0


@dataclass(slots=True)
class Lateness:
    """How long after they were due records were sent, in seconds of the recording."""

    records: int = 0
    worst: float = 0.0
    total: float = 0.0

    def add(self, late: float) -> None:
        """Take one record's."""
        self.records += 1
        self.total += late
        self.worst = max(self.worst, late)

    @property
    def mean(self) -> float:
        return self.total / self.records if self.records else 0.0


@dataclass(slots=True)
class Sender:
    """Sends what *player* plays by *send*, at most *at_once* records in a request.

    With ``gaps`` each is sent when it is due by *clock*, else as fast as it is taken. *now* is
    the endpoint's time, in epoch seconds. ``landed`` finds out which records of a request in
    doubt have arrived; without it all of them are sent again.
    """

    player: Player
    put: Callable[[RecordedRecord], Any]
    send: Send
    at_once: int
    clock: Clock
    now: Callable[[], float]
    gaps: bool = True
    resume: Resume | None = None
    landed: Landed | None = None
    lateness: Lateness = field(default_factory=Lateness)
    _first: float = field(default=0.0, init=False)

    async def run(self) -> None:
        """Return when the last record is sent. Raises what sending raises."""
        sent = 0 if self.resume is None else self.resume.sent
        dues = self.player.since(sent)
        if self.resume is not None and self.resume.doubt is not None:
            await self._settle(self.resume, self.resume.doubt, dues)
        first = next(dues, None)
        if first is None:
            return
        if sent:  # what was interrupted goes on at once
            self._first = first.time - self.clock.time()
        for together in self._together(chain([first], dues)):
            if self.gaps:
                await self.clock.sleep_until(together[0].time - self._first)
            await self._send(together)

    async def _send(self, together: Sequence[Due]) -> None:
        if self.resume is not None:
            self.resume.sending(len(together), self.now())
        await self.send([self.put(due.record) for due in together])
        if self.resume is not None:
            self.resume.done(len(together))
        now = self.clock.time() + self._first
        for due in together:
            self.lateness.add(max(0.0, now - due.time) if self.gaps else 0.0)

    def _together(self, dues: Iterable[Due]) -> Iterator[list[Due]]:
        """What goes in one request: what is due by now, or anything where gaps are not kept."""
        together: list[Due] = []
        for due in dues:
            if together:
                due_by_now = max(together[0].time, self.clock.time() + self._first)
                apart = self.gaps and due.time > due_by_now
                if apart or len(together) == self.at_once:
                    yield together
                    together = []
            together.append(due)
        if together:
            yield together

    async def _settle(self, resume: Resume, doubt: Doubt, dues: Iterator[Due]) -> None:
        """Send of the request in doubt what has not arrived."""
        left = doubtful = [self.put(due.record) for due in islice(dues, doubt.records)]
        if self.landed is not None and resume.began is not None:
            arrived, wanted = await self.landed(doubtful, resume.began), set(doubtful)
            for due in self.player.dues():  # the same may have been sent before, on purpose
                if due.number >= doubt.first:
                    break
                if (before := self.put(due.record)) in wanted:
                    arrived[before] -= 1
            left = [each for each in doubtful if not _take(arrived, each)]
        if left:
            await self.send(left)
        resume.done(len(doubtful))


def _take(arrived: Counter[PutRecord], record: PutRecord) -> bool:
    """Whether the record is among those that arrived; each is there once."""
    if arrived[record] <= 0:
        return False
    arrived[record] -= 1
    return True


def landed_on(stream: Stream, clock: Clock) -> Landed:
    """Counts which records put since an epoch time are on *stream*; *clock* has no speed."""

    async def look(records: Sequence[PutRecord], since: float) -> Counter[PutRecord]:
        wanted = {(each.partition_key, each.data): each for each in records}
        found: Counter[PutRecord] = Counter()
        position = Position("AT_TIMESTAMP", timestamp=since - LOOK_BACK_SECONDS)

        async def count(shard_id: str) -> None:
            reader = stream.reader(shard_id, position)
            caught_up = False
            while not caught_up:
                read = await reader.read(clock.time() + LOOK_SECONDS)
                for record in read.records:
                    match = wanted.get((record.partition_key, record.data))
                    if match is not None:
                        found[match] += 1
                caught_up = read.ended or not read.behind

        async with anyio.create_task_group() as tasks:
            for shard in await stream.shards():
                tasks.start_soon(count, shard.shard_id)
        return found

    return look
