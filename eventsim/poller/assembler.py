"""Turns what a reader brings into batches: by count, by bytes, by window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from eventsim.clock import Clock
from eventsim.rules.batching import Cut, full_cut, window_reason, window_start
from eventsim.types import Batch, EventSourceMapping, Read, Reader, Record


class Assembled(NamedTuple):
    """A batch that is ready to be sent, its size as an event in bytes, and why it was closed."""

    batch: Batch
    size: int
    because: str


class Assembler:
    """Forms one shard's batches, in order; holds what was read and not yet sent."""

    def __init__(
        self,
        shard_id: str,
        reader: Reader,
        mapping: EventSourceMapping,
        clock: Clock,
        size_of: Callable[[Sequence[Record]], int],
        on_read: Callable[[Read], None],
    ) -> None:
        self._shard_id = shard_id
        self._reader = reader
        self._mapping = mapping
        self._window = mapping.maximum_batching_window_in_seconds
        self._clock = clock
        self._size_of = size_of
        self._on_read = on_read
        self._waiting: Sequence[Record] = ()
        self._sent = 0
        self._opened = clock.time()
        self._ended = False
        self._behind = False

    def open_window(self) -> None:
        """The previous invocation has ended: the next batching window starts now."""
        self._opened = self._clock.time()

    async def next(self) -> Assembled | None:
        """Return the next batch, or None when the shard has ended and everything was sent."""
        while True:
            held = self._held()
            cut = full_cut(held, self._mapping.batch_size, self._size_of) if held else None
            if cut is not None:
                return self._take(cut)
            if held and self._due():
                because = window_reason(self._window)
                return self._take(Cut(len(held), self._size_of(held), because))
            if self._ended:
                if not held:
                    return None
                await self._clock.sleep_until(self._opened + self._window)
            else:
                await self._read(bool(held))

    def _held(self) -> Sequence[Record]:
        return self._waiting[self._sent : self._sent + self._mapping.batch_size]

    def _due(self) -> bool:
        if self._window:
            return self._clock.time() >= self._opened + self._window
        return not self._behind or self._ended

    async def _read(self, holding: bool) -> None:
        """Wait for records: for as long as it takes, or to the window's end when some are held."""
        until = self._opened + self._window if holding and self._window else None
        read = await self._reader.read(until)
        self._ended, self._behind = read.ended, read.behind > 0
        if read.records or read.trimmed:
            self._on_read(read)
        if not read.records:
            return
        if holding:
            self._waiting = [*self._waiting[self._sent :], *read.records]
        else:
            self._waiting = read.records
            self._opened = window_start(self._opened, self._window, self._clock.time())
        self._sent = 0

    def _take(self, cut: Cut) -> Assembled:
        records = self._waiting[self._sent : self._sent + cut.length]
        self._sent += cut.length
        return Assembled(Batch(self._shard_id, records), cut.size, cut.because)
