"""Turns what a reader brings into batches: by count, by bytes, by window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import inf
from typing import Protocol

from eventsim.clock import Clock
from eventsim.poller.windows import Windows
from eventsim.rules.batching import (
    PAYLOAD_BYTES_MAX,
    Cut,
    full_cut,
    window_reason,
    window_start,
)
from eventsim.types import Batch, EventSourceMapping, Read, Record

# Before a window counts as idle its shard is asked: readers ask once a second, and 5 s after a
# throttle.
ASK_SECONDS = 5.0
# Measured in one go, where an event of so many is small enough: then every batch of them is.
AHEAD_RECORDS = 256


class Supply(Protocol):
    """Where a lane's records come from."""

    @property
    def next_sequence_number(self) -> str | None:
        """That of the first record that ``read`` would return at once, if there is one."""

    async def read(self, until: float | None) -> Read:
        """Return the next records, or none when the clock reaches *until* first."""


# A batch that is ready to be sent, the bytes of its event (no fewer), and why it was closed.
Assembled = tuple[Batch, int, str]


class Assembler:
    """Forms one lane's batches, in order; holds what was read and not yet sent."""

    def __init__(
        self,
        shard_id: str,
        supply: Supply,
        mapping: EventSourceMapping,
        clock: Clock,
        size_of: Callable[[Sequence[Record]], int],
        windows: Windows | None = None,
    ) -> None:
        self._shard_id = shard_id
        self._supply = supply
        self._mapping = mapping
        self._window = mapping.maximum_batching_window_in_seconds
        self._age = mapping.maximum_record_age_in_seconds
        self._clock = clock
        self._size_of = size_of
        self._windows = windows
        self._waiting: Sequence[Record] = ()
        self._sent = 0
        self._ahead = AHEAD_RECORDS
        self._measured = self._size = 0  # the waiting ones up to here have this size together
        self._opened = clock.time()
        self._ended = False
        self._closed = False
        self._behind = False

    @property
    def next_sequence_number(self) -> str | None:
        """The sequence number of the first record that has come and is in no batch yet."""
        if self._sent < len(self._waiting):
            return self._waiting[self._sent].sequence_number
        return self._supply.next_sequence_number

    def open_window(self) -> None:
        """The previous invocation has ended: the next batching window starts now."""
        self._opened = self._clock.time()

    async def next(self) -> Assembled | None:
        """Return the next batch, or None when the shard has ended and everything was sent."""
        while True:
            held = self._held()
            final = self._final(held) if self._windows is not None else None
            if final is not None:
                return final
            cut = self._cut(held) if held else None
            if cut is not None:
                return self._take(cut, held)
            if not self._ended:
                await self._read(bool(held))
            elif held:
                await self._clock.sleep_until(self._due())
            elif self._closing() < inf:
                await self._clock.sleep_until(self._closing())
            else:
                return None

    def _held(self) -> Sequence[Record]:
        return self._waiting[self._sent : self._sent + self._mapping.batch_size]

    def _cut(self, held: Sequence[Record]) -> Cut | None:
        """The batch to be sent now, if there is one."""
        if self._windows is not None:
            inside = self._windows.count_inside(held)
            if inside < len(held):
                held = held[:inside]
                whole = full_cut(held, self._mapping.batch_size, self._measure)
                return whole or Cut(inside, self._measure(held), "the tumbling window is over")
        cut = full_cut(held, self._mapping.batch_size, self._measure)
        if cut is not None:
            return cut
        if self._window:
            if self._clock.time() < self._due():
                return None
            if self._clock.time() < self._opened + self._window:
                because = f"MaximumRecordAgeInSeconds {self._age} reached"
                return Cut(len(held), self._measure(held), because)
        elif self._behind and not self._ended:
            return None
        return Cut(len(held), self._measure(held), window_reason(self._window))

    def _measure(self, front: Sequence[Record]) -> int:
        """The size of an event of the first records that are held, or of more than these."""
        end = self._sent + len(front)
        if end > self._measured:
            ahead = self._waiting[self._sent : max(end, self._sent + self._ahead)]
            size = self._size_of(ahead)
            if size > PAYLOAD_BYTES_MAX:
                self._ahead //= 2
                return self._size_of(front)
            self._size, self._measured = size, self._sent + len(ahead)
        return self._size

    def _due(self) -> float:
        """When what is held is sent though it makes no full batch, or has to leave it."""
        due = self._opened + self._window
        if self._age < 0:
            return due
        epoch = self._clock.timestamp() - self._clock.time()
        return min(due, self._waiting[self._sent].arrival + self._age - epoch)

    def _closing(self) -> float:
        """When the tumbling window is closed if nothing comes; never, without one."""
        if self._windows is None or self._windows.current is None or self._closed:
            return inf
        closes = self._windows.closes_at
        return closes if self._ended else max(closes, self._opened + ASK_SECONDS)

    def _final(self, held: Sequence[Record]) -> Assembled | None:
        """The final invocation of the tumbling window, if it is over."""
        windows = self._windows
        if windows is None or windows.current is None:
            return None
        if held:
            because = None if windows.count_inside(held) else "a record of a later window came"
        elif self._closed and self._ended:
            because = "the shard was closed"
        else:
            idle = self._clock.time() >= self._closing()
            because = "nothing came for two minutes after its end" if idle else None
        if because is None:
            return None
        batch = Batch(self._shard_id, (), window=replace(windows.current, final=True))
        return batch, self._size_of(()), f"final invocation of its window: {because}"

    async def _read(self, holding: bool) -> None:
        """Wait for records: for as long as it takes, or to the window's end when some are held."""
        until = self._due() if holding and self._window else None
        if not holding and (closing := self._closing()) < inf:
            until = closing
        read = await self._supply.read(until)
        self._ended, self._behind = read.ended, read.behind > 0
        self._closed = read.closed
        if not read.records:
            return
        if holding:
            self._waiting = [*self._waiting[self._sent :], *read.records]
        else:
            self._waiting = read.records
            self._opened = window_start(self._opened, self._window, self._clock.time())
        self._sent = self._measured = 0

    def _take(self, cut: Cut, held: Sequence[Record]) -> Assembled:
        length = cut.length
        records = held if length == len(held) else held[:length]
        self._sent += length
        window = None if self._windows is None else self._windows.current
        return Batch(self._shard_id, records, window=window), cut.size, cut.because
