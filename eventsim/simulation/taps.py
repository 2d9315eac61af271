"""
A stream or queue that is there, written down as it is read.

Of a stream every shard is read at once, parents before their children, and what they bring is
written in order of arrival (``eventsim.rules.merging``), a page of each shard at a time. A queue
is emptied: its messages are deleted once they are on the disk.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup

from eventsim.clock import Clock
from eventsim.errors import EventsimError, ServiceError, Unreachable
from eventsim.recordings import RecordedRecord
from eventsim.recordings.jsonl import Appender
from eventsim.rules.lineage import TRIM_HORIZON, first_positions, ready
from eventsim.rules.merging import Merge, Told
from eventsim.types import (
    Checkpoint,
    EventSourceMapping,
    Message,
    Position,
    Queue,
    Read,
    Shard,
    Stream,
)

WRITE_RECORDS_MAX = 2_000
READ_SECONDS = 1.25  # longer than any source's poll interval, so that each read asks once
LATE_SECONDS = 1.0  # a record may be seen so long after the time it is stamped with
LIVE_SECONDS = 10.0  # who is no further behind writes once in PAUSE_SECONDS
PAUSE_SECONDS = 0.5
CHILDREN_WAIT_SECONDS = 1.0
CHILDREN_WAITS_MAX = 60
GATHER_MESSAGES_MAX = 500
GATHER_SECONDS = 5.0
VISIBILITY_SECONDS_MIN = 60.0
KNOWN_MESSAGES_MAX = 100_000


class Span(NamedTuple):
    """Records of a shard, from the first sequence number to the last."""

    first: str
    last: str


class Tap(Protocol):
    """Writes down what a source brings."""

    async def run(self) -> None:
        """Return when it has ended, when stopped, or when the book is full."""

    def stop(self) -> None:
        """Read nothing more; ``run`` returns when what was read is written."""


class Book:
    """The recording that is written, up to *count* records in it; *on_written* is told of each
    write that is on the disk.
    """

    def __init__(
        self, appender: Appender, count: int | None, on_written: Callable[[Appender], None]
    ) -> None:
        self.appender = appender
        self._count, self._on_written = count, on_written

    @property
    def left(self) -> int:
        """How many records there is room for; many without a count."""
        return WRITE_RECORDS_MAX if self._count is None else self._count - self.appender.count

    async def write(self, records: Sequence[RecordedRecord]) -> None:
        """Return when the records are on the disk. Raises RecordingError."""
        if records:
            await anyio.to_thread.run_sync(self.appender.append, records)
            self._on_written(self.appender)


class StreamTap:
    """Reads every shard of a stream from where the recording stands.

    With *spans* only those records are read, by shard, and the stream is left then. With
    *to_now* that is once everything is written which arrived before it began.
    """

    def __init__(
        self,
        stream: Stream,
        mapping: EventSourceMapping,
        book: Book,
        clock: Clock,
        on_note: Callable[[str], None],
        *,
        to_now: bool = False,
        spans: Mapping[str, Sequence[Span]] | None = None,
    ) -> None:
        self._stream, self._mapping, self._book = stream, mapping, book
        self._clock, self._on_note = clock, on_note
        self._spans = spans
        self._until = clock.timestamp() if to_now else None
        self._merge = Merge(book.appender.previous)
        self._begun: set[str] = set()
        self._drained: set[str] = set()
        self._changed, self._taken = anyio.Event(), anyio.Event()
        self._stopped = anyio.Event()
        self._failure: EventsimError | None = None

    @property
    def restamped(self) -> int:
        """How many records were stamped earlier than one before them."""
        return self._merge.restamped

    def stop(self) -> None:
        self._stopped.set()
        self._changed.set()

    async def run(self) -> None:
        shards = await self._stream.shards()
        async with anyio.create_task_group() as tasks:
            if self._spans is None:
                self._begin(shards, tasks, self._positions(shards))
            else:
                for shard_id, spans in self._spans.items():
                    self._merge.open(shard_id)
                    tasks.start_soon(self._read_spans, shard_id, spans)
            try:
                await self._write()
            except EventsimError as error:
                self._failure = self._failure or error  # a task group would wrap it
            tasks.cancel_scope.cancel()
        if self._failure is not None:
            raise self._failure

    def _positions(self, shards: Sequence[Shard]) -> dict[str, Position]:
        appender = self._book.appender
        ends = {shard_id: Checkpoint(number) for shard_id, number in appender.ends.items()}
        found = first_positions(shards, ends, self._mapping, appender.header.start)
        left = {shard.shard_id for shard in shards} - found.keys()
        self._begun |= left
        self._drained |= left
        return found

    def _begin(
        self, shards: Sequence[Shard], tasks: TaskGroup, positions: Mapping[str, Position]
    ) -> None:
        """Start to read every shard whose parents are drained."""
        for shard in ready(shards, self._begun, self._drained):
            self._begun.add(shard.shard_id)
            self._merge.open(shard.shard_id)
            position = positions.get(shard.shard_id, TRIM_HORIZON)
            tasks.start_soon(self._read, shard.shard_id, position, positions, tasks)

    async def _read(
        self,
        shard_id: str,
        position: Position,
        positions: Mapping[str, Position],
        tasks: TaskGroup,
    ) -> None:
        """Read a shard to its end, and then its children."""
        reader = self._stream.reader(shard_id, position)
        try:
            read = Read(())
            while not read.ended:
                began = self._clock.timestamp()
                read = await reader.read(self._clock.time() + READ_SECONDS)
                self._note(shard_id, read)
                if read.polls and not read.behind and not read.ended:
                    self._merge.reach(shard_id, began - LATE_SECONDS)
                await self._hand_out(shard_id)
            self._drained.add(shard_id)
            await self._go_on_with_children(shard_id, positions, tasks)
            self._merge.end(shard_id)
            self._changed.set()
        except EventsimError as error:
            self._fail(error)

    def _note(self, shard_id: str, read: Read) -> None:
        if read.trimmed is not None:
            self._on_note(f"{shard_id}: {read.trimmed.records:,} records had expired unread")
        self._merge.add(shard_id, read.records)

    async def _hand_out(self, shard_id: str) -> None:
        """Return when everything that was read of the shard is taken."""
        self._changed.set()
        while self._merge.waits(shard_id):
            await self._taken.wait()

    async def _read_spans(self, shard_id: str, spans: Sequence[Span]) -> None:
        try:
            for span in spans:
                await self._read_span(shard_id, span)
            self._merge.end(shard_id)
            self._changed.set()
        except EventsimError as error:
            self._fail(error)

    async def _read_span(self, shard_id: str, span: Span) -> None:
        done = self._book.appender.ends.get(shard_id)
        if done is not None and int(done) >= int(span.last):
            return
        position = Position("AT_SEQUENCE_NUMBER", span.first)
        if done is not None and int(done) >= int(span.first):
            position = Position("AFTER_SEQUENCE_NUMBER", done)
        reader = self._stream.reader(shard_id, position)
        last = int(span.last)
        while True:
            began = self._clock.timestamp()
            read = await reader.read(self._clock.time() + READ_SECONDS)
            inside = [each for each in read.records if int(each.sequence_number) <= last]
            self._note(shard_id, read._replace(records=inside))
            await self._hand_out(shard_id)
            if read.ended or len(inside) < len(read.records):
                return
            if inside and int(inside[-1].sequence_number) == last:
                return
            if read.polls and not read.behind:
                self._merge.reach(shard_id, began - LATE_SECONDS)
                self._on_note(f"{shard_id}: {span.last} is not there, and nothing behind it")
                return

    async def _go_on_with_children(
        self, shard_id: str, positions: Mapping[str, Position], tasks: TaskGroup
    ) -> None:
        """Read the children of a drained shard; a service may take a while to list them."""
        for _ in range(CHILDREN_WAITS_MAX):
            try:
                shards = await self._stream.shards()
            except Unreachable:
                shards = ()
            self._begin(shards, tasks, positions)
            if any(shard_id in shard.parent_shard_ids for shard in shards):
                return
            await self._clock.sleep(CHILDREN_WAIT_SECONDS)

    def _fail(self, error: EventsimError) -> None:
        if isinstance(error, ServiceError) and error.code == "ResourceNotFoundException":
            error = EventsimError(f"{self._mapping.source} is not there any more: {error}")
        self._failure = self._failure or error
        self.stop()

    async def _write(self) -> None:
        """Write what may be written until there is no more to come, or no room for it."""
        merge, book = self._merge, self._book
        while book.left > 0:
            changed, stopping = self._changed, self._stopped.is_set()
            told = merge.take(min(WRITE_RECORDS_MAX, book.left), all_=stopping)
            if told:
                await book.write([_of_stream(each) for each in told])
                self._taken.set()
                self._taken = anyio.Event()
                if len(told) < WRITE_RECORDS_MAX and not stopping:
                    await self._pause()
            elif stopping or merge.empty:
                return
            elif self._is_done():
                self.stop()  # and write what waits for a shard that may bring something earlier
            else:
                await changed.wait()
                self._changed = anyio.Event()

    def _is_done(self) -> bool:
        return self._until is not None and self._merge.reached >= self._until - LATE_SECONDS

    async def _pause(self) -> None:
        """Live records come one by one: write several of them together."""
        now = self._clock.timestamp()
        if self._merge.reached > now - LIVE_SECONDS:
            with self._clock.move_on_at(self._clock.time() + PAUSE_SECONDS):
                await self._stopped.wait()


class QueueTap:
    """Empties a queue into the recording."""

    def __init__(
        self,
        queue: Queue,
        known: deque[str],
        book: Book,
        clock: Clock,
        *,
        to_now: bool = False,
    ) -> None:
        self._queue, self._book, self._clock = queue, book, clock
        self._known, self._ids = deque(known), set(known)
        self._to_now = to_now
        self._hidden = max(queue.visibility_timeout, VISIBILITY_SECONDS_MIN)
        self._scope = anyio.CancelScope()
        self._stopping = False
        self._last = book.appender.previous
        self.restamped = 0

    def stop(self) -> None:
        self._stopping = True
        self._scope.cancel()

    async def run(self) -> None:
        while self._book.left > 0 and not self._stopping:
            gathered = await self._gather()
            await self._book.write([self._recorded(each) for each in self._new(gathered)])
            await self._queue.delete([each.receipt_handle for each in gathered])
            if self._to_now and not gathered:
                return

    async def _gather(self) -> list[Message]:
        """Messages that are there together, waiting for the first of them."""
        found: list[Message] = []
        room = min(self._book.left, GATHER_MESSAGES_MAX)
        until = self._clock.time() + GATHER_SECONDS
        with anyio.CancelScope() as self._scope:
            while len(found) < room and not self._stopping:
                wait = until if not found and not self._to_now else self._clock.time()
                most = min(10, room - len(found))
                got = await self._queue.receive(most, wait, self._hidden)
                found += got.messages
                if not got.messages or self._clock.time() >= until:
                    break
        return found

    def _new(self, messages: Sequence[Message]) -> list[Message]:
        """Those that are not recorded yet: a queue may deliver a message again."""
        new = []
        for message in messages:
            if message.message_id not in self._ids:
                self._ids.add(message.message_id)
                self._known.append(message.message_id)
                new.append(message)
            if len(self._known) > KNOWN_MESSAGES_MAX:
                self._ids.discard(self._known.popleft())
        return new

    def _recorded(self, message: Message) -> RecordedRecord:
        told = message.attributes.get("SentTimestamp")
        sent = self._clock.timestamp() if told is None else int(told) / 1000
        previous = self._last
        self.restamped += sent < previous
        self._last = max(sent, previous)
        group = message.attributes.get("MessageGroupId", "")
        return RecordedRecord(self._last, group, message)


def _of_stream(told: Told) -> RecordedRecord:
    sequence_number, partition_key, data, arrival = told.record
    return RecordedRecord(arrival, partition_key, data, told.shard_id, sequence_number)
