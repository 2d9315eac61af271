"""Turns what is received from a queue into batches: by count, by bytes, by window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

from eventsim.clock import Clock
from eventsim.errors import Unreachable
from eventsim.poller.queue_entries import QueueEntries
from eventsim.poller.stopping import Stop
from eventsim.rules import queues as rules
from eventsim.rules.batching import PAYLOAD_BYTES_MAX, window_reason, window_start
from eventsim.rules.queues import QueueBatch
from eventsim.types import EventSourceMapping, Message, Origin, Queue, Received

RECEIVE_MOST = 10


class QueueSource(Protocol):
    """What a file in ``sources/`` knows of its messages, and the poller does not."""

    def event(self, messages: Sequence[Message], origin: Origin, windowed: bool) -> dict[str, Any]:
        """The event that the function gets, built afresh."""

    def encoded_size(self, messages: Sequence[Message], origin: Origin, windowed: bool) -> int:
        """How many bytes that event has as compact JSON."""


class QueueWords:
    """A source's event and its size, for one mapping."""

    def __init__(self, source: QueueSource, origin: Origin, windowed: bool) -> None:
        self._source, self._origin, self._windowed = source, origin, windowed
        self.frame = source.encoded_size((), origin, windowed)

    def event(self, messages: Sequence[Message]) -> dict[str, Any]:
        """The event that the function gets, built afresh."""
        return self._source.event(messages, self._origin, self._windowed)

    def size(self, message: Message) -> int:
        """How many bytes a message has in the event."""
        return self._source.encoded_size((message,), self._origin, self._windowed) - self.frame

    def event_size(self, messages: Sequence[Message]) -> int:
        """How many bytes an event of these messages has."""
        return self._source.encoded_size(messages, self._origin, self._windowed)


class _Held(NamedTuple):
    message: Message
    size: int
    lease: float


class QueueAssembler:
    """Forms the batches of one mapping; holds what was received and is not yet sent.

    One receiver works for all the batches in flight, so batches are as full as they can be. On
    AWS several receive side by side, and more batches with fewer messages are common.
    """

    def __init__(
        self,
        queue: Queue,
        mapping: EventSourceMapping,
        words: QueueWords,
        visibility: float,
        matches: Callable[[Message], bool] | None,
        clock: Clock,
        entries: QueueEntries,
        stop: Stop,
        on_received: Callable[[int, int], None],
    ) -> None:
        self._queue, self._mapping, self._words = queue, mapping, words
        self._window = mapping.maximum_batching_window_in_seconds
        self._visibility, self._matches = visibility, matches
        self._clock, self._entries, self._stop = clock, entries, stop
        self._on_received = on_received
        self._held: list[_Held] = []
        self._bytes = words.frame  # a little more than an event of what is held would have
        self._opened = clock.time()
        self._ended = False

    def open_window(self) -> None:
        """An invocation has ended: a batching window starts now."""
        if not self._held:
            self._opened = self._clock.time()

    async def next(self) -> Sequence[QueueBatch] | None:
        """Return what is to be sent next, one batch after the other; None at the end of it all.

        It is several batches only where a FIFO queue gave more than fits into one event.
        """
        while True:
            batches = self._take()
            if batches:
                return batches
            if self._ended:
                return None
            received = await self._stop.until(self._receive)
            if received is None:
                return None
            self._ended = received.ended
            await self._keep(received)

    async def give_back(self) -> None:
        """Make visible again what was received and is not sent."""
        messages = [each.message for each in self._held]
        self._held = []
        if messages:
            with suppress(Unreachable):  # they are visible again by themselves, only later
                await self._queue.change_visibility([each.receipt_handle for each in messages], 0)
            self._entries.returned(messages, "the poller was stopped", 0.0)

    async def _receive(self) -> Received:
        most = self._most()
        until = self._opened + self._window if self._held else None
        return await self._queue.receive(most, until, self._visibility)

    def _most(self) -> int:
        return min(RECEIVE_MOST, self._mapping.batch_size - len(self._held))

    async def _keep(self, received: Received) -> None:
        """Hold what the filters let through; what they do not leaves the queue, as on AWS."""
        self._on_received(self._most(), len(received.messages))
        if not received.messages:
            return
        self._entries.read(received)
        passed, filtered = self._filtered(received.messages)
        if passed and not self._held:
            self._opened = window_start(self._opened, self._window, self._clock.time())
        lease = self._clock.time() + self._visibility
        new = [_Held(each, self._words.size(each), lease) for each in passed]
        self._held += new
        self._bytes += sum(each.size + 1 for each in new)
        if filtered:
            self._entries.filtered(filtered)
            await self._delete(filtered)

    async def _delete(self, filtered: Sequence[Message]) -> None:
        """Take messages out of the queue; they come again where it gives no answer for long."""
        try:
            await self._queue.delete([message.receipt_handle for message in filtered])
        except Unreachable as silent:
            because = f"not deleted, no answer: {type(silent).__name__}"
            self._entries.returned(filtered, because, self._visibility)
        else:
            self._entries.deleted(filtered, "they match no filter")

    def _filtered(self, messages: Sequence[Message]) -> tuple[Sequence[Message], list[Message]]:
        """What the function is to get, and what it is not."""
        if self._matches is None:
            return messages, []
        passed: list[Message] = []
        filtered: list[Message] = []
        for message in messages:
            (passed if self._matches(message) else filtered).append(message)
        return passed, filtered

    def _take(self) -> Sequence[QueueBatch]:
        batch = self._next_batch()
        if batch is None:
            return ()
        batches = [batch]
        while self._queue.fifo and (batch := self._next_batch()):
            batches.append(batch)
        return batches

    def _next_batch(self) -> QueueBatch | None:
        """Take the batch at the front of what is held, if it is due."""
        if not self._held:
            return None
        full = len(self._held) == self._mapping.batch_size or self._bytes > PAYLOAD_BYTES_MAX
        if not full and not self._due():
            return None
        sizes, frame = [each.size for each in self._held], self._words.frame
        cut = rules.full_cut(sizes, frame, self._mapping.batch_size)
        if cut is not None:
            return self._front(cut.length, cut.size, cut.because)
        size = rules.event_size(sizes, frame)
        return self._front(len(sizes), size, window_reason(self._window))

    def _due(self) -> bool:
        """Whether what is held may wait for no more."""
        if self._ended or not self._window:
            return True
        return self._clock.time() >= self._opened + self._window

    def _front(self, length: int, size: int, because: str) -> QueueBatch:
        front, self._held = self._held[:length], self._held[length:]
        self._bytes -= sum(each.size + 1 for each in front)
        lease = min(each.lease for each in front)
        return QueueBatch([each.message for each in front], size, lease, because)
