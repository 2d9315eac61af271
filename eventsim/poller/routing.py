"""
Several batches of one shard at once: its records are dealt out to lanes by their partition key.

https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html (ParallelizationFactor: order is
kept for each partition key.)

Where AWS is silent: a lane is the MD5 of the partition key modulo the factor, and a shard is not
read on while its lanes hold 10,000 records (or a batch for each lane, if that is more).
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import md5

import anyio

from eventsim.clock import Clock
from eventsim.poller.halt import Halt
from eventsim.poller.intake import Intake
from eventsim.poller.progress import ShardProgress
from eventsim.types import EventSourceMapping, Read, Record

HELD_RECORDS_MAX = 10_000


class Inbox:
    """What has been dealt out to one lane and not been taken yet."""

    def __init__(self, router: Router, clock: Clock) -> None:
        self._router, self._clock = router, clock
        self._records: list[Record] = []
        self._changed = anyio.Event()

    @property
    def next_sequence_number(self) -> str | None:
        return self._records[0].sequence_number if self._records else None

    def put(self, records: Sequence[Record]) -> None:
        """Give it more, and wake who waits for it."""
        self._records += records
        self.wake()

    def wake(self) -> None:
        """Let whoever waits look again."""
        self._changed.set()

    async def read(self, until: float | None) -> Read:
        """Return what is there; wait for it, or for the clock to reach *until*."""
        while not self._records and not self._router.ended:
            self._changed = anyio.Event()
            if until is None:
                await self._changed.wait()
                continue
            with self._clock.move_on_at(until):
                await self._changed.wait()
            if self._clock.time() >= until:
                break
        records, self._records = self._records, []
        if records:
            self._router.taken(len(records))
        router = self._router
        return Read(records, 0, ended=router.ended, closed=router.closed)


class Router:
    """Reads one shard and deals its records out to the inboxes of its lanes."""

    def __init__(self, mapping: EventSourceMapping, progress: ShardProgress, clock: Clock) -> None:
        lanes = mapping.parallelization_factor
        self.inboxes = [Inbox(self, clock) for _ in range(lanes)]
        self.halt = Halt()
        self.ended = self.closed = False
        self._progress = progress
        self._held = 0
        self._held_max = max(HELD_RECORDS_MAX, lanes * mapping.batch_size)
        self._room = anyio.Event()

    def hand_out(self, records: Sequence[Record], before: str) -> None:
        """Give each record to the lane of its key; *before* is the number ahead of the first."""
        dealt: list[list[Record]] = [[] for _ in self.inboxes]
        for record in records:
            lane = lane_of(record.partition_key, len(dealt))
            if not dealt[lane]:
                self._progress.arrived(lane, record.sequence_number, before)
            dealt[lane].append(record)
        self._progress.dealt_out(before, (record.sequence_number for record in records))
        self._held += len(records)
        for inbox, mine in zip(self.inboxes, dealt, strict=True):
            if mine:
                inbox.put(mine)

    def taken(self, records: int) -> None:
        """A lane has taken so many out of its inbox."""
        self._held -= records
        if self._held < self._held_max:
            self._room.set()

    async def run(self, intake: Intake) -> None:
        """Read until the shard has ended, or until halted."""
        with self.halt.scope:
            while not self.ended:
                while self._held >= self._held_max:
                    self._room = anyio.Event()
                    await self._room.wait()
                read = await intake.read(None)
                self.ended, self.closed = read.ended, read.closed
        for inbox in self.inboxes:
            inbox.wake()


def lane_of(partition_key: str, lanes: int) -> int:
    """Return the lane that a partition key's records go to, of so many."""
    digest = md5(partition_key.encode("utf-8", "surrogatepass"), usedforsecurity=False).digest()
    return int.from_bytes(digest) % lanes
