"""
A stream or queue at an endpoint, recorded to a file in real time.

Whoever is started again with the same file goes on behind its last record of each shard; nothing
else has to be kept. Dates go by the endpoint's clock where that differs from this machine's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from hashlib import md5
from math import floor
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, Self

import anyio
from anyio import AsyncContextManagerMixin

from eventsim import registry
from eventsim.backends import open_backend
from eventsim.clock import RealClock, machine_time
from eventsim.errors import EventsimError
from eventsim.recordings import Header, RecordedRecord
from eventsim.recordings.jsonl import Appender
from eventsim.rules.arns import ACCOUNT, REGION
from eventsim.rules.failed_documents import BatchSpan
from eventsim.simulation.endpoint_watch import EndpointWatch
from eventsim.simulation.taps import KNOWN_MESSAGES_MAX, Book, QueueTap, Span, StreamTap
from eventsim.types import EventSourceMapping, FoundStream, Queue, StartingPosition, Stream

POSITION, CREATED, SPANS = "position", "created", "documents"
_PRECISION_SECONDS = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is recorded: ``type`` is a source's (``kinesis``), ``name`` that of the stream or queue.

    ``position`` None is that of the file, TRIM_HORIZON for a new one; ``timestamp`` is in epoch
    seconds. It ends after ``run_for`` seconds, when the file holds ``count`` records, or, with
    ``to_now``, when everything is recorded that was there at the beginning. A queue is recorded
    only if it may be emptied (``consume``). ``referred`` are the only records wanted of a stream.
    """

    type: str
    name: str
    path: Path
    region: str | None = REGION
    position: StartingPosition | None = None
    timestamp: float | None = None
    run_for: float | None = None
    count: int | None = None
    to_now: bool = False
    consume: bool = False
    referred: Sequence[BatchSpan] | None = None

    def source(self) -> ModuleType:
        """The source's module. Raises EventsimError for what cannot be recorded so."""
        module = registry.load("sources", self.type, wants=["MAPPING"])
        if not module.MAPPING.is_queue:
            if self.consume:
                raise EventsimError("a stream is not consumed by reading; leave --consume out")
            return registry.load("sources", self.type, ["find_stream"])
        if not self.consume:
            raise EventsimError(
                "a queue cannot be read without being touched: receive counts rise, and redrive "
                "sets in; --consume records its messages and deletes them from the queue"
            )
        if self.position is not None or self.referred is not None:
            raise EventsimError("a queue has no place to start from; leave positions out")
        return registry.load("sources", self.type, ["find_queue"])


class Recorded(NamedTuple):
    """What came of it: the records in the file, those of this time, those stamped anew."""

    records: int
    new: int
    restamped: int


class Recorder(AsyncContextManagerMixin):
    """Records until ``stop``, or to the end that is wanted.

    An async context manager. Entering finds the source, and raises EventsimError with the
    service's words where there is none, RecordingError for a file that cannot be gone on from.
    *on_written* is told of each write that is on the disk, *on_note* what a person should know.
    """

    def __init__(
        self,
        wanted: Wanted,
        *,
        endpoint_url: str | None = None,
        allow_aws: bool = False,
        on_written: Callable[[Appender], None] = lambda appender: None,
        on_note: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._wanted, self._endpoint_url, self._allow_aws = wanted, endpoint_url, allow_aws
        self._on_written, self._on_note = on_written, on_note
        self._clock = RealClock(machine_time())
        self._tap: StreamTap | QueueTap
        self._appender: Appender
        self._before = 0

    @asynccontextmanager
    async def __asynccontextmanager__(self) -> AsyncGenerator[Self]:
        async with AsyncExitStack() as closing:
            await self._open(closing)
            yield self

    @property
    def found(self) -> int:
        """How many records were in the file already."""
        return self._before

    async def run(self) -> Recorded:
        """Record; what was read when it ends is written. Raises EventsimError."""
        failure: EventsimError | None = None
        async with anyio.create_task_group() as tasks:
            if self._wanted.run_for is not None:
                tasks.start_soon(self._stop_after, self._wanted.run_for)
            try:
                await self._tap.run()
            except EventsimError as error:
                failure = error  # a task group would wrap it
            tasks.cancel_scope.cancel()
        if failure is not None:
            raise failure
        count = self._appender.count
        return Recorded(count, count - self._before, self._tap.restamped)

    def stop(self) -> None:
        """Read nothing more and write what was read; then ``run`` returns."""
        self._tap.stop()

    async def _open(self, closing: AsyncExitStack) -> None:
        wanted = self._wanted
        module = wanted.source()
        backend = await open_backend(
            "endpoint",
            self._clock,
            account=ACCOUNT,
            region=wanted.region or "",
            endpoint_url=self._endpoint_url,
            allow_aws=self._allow_aws,
        )
        closing.push_async_callback(backend.aclose)
        watch = EndpointWatch(self._clock, self._on_note)
        backend.on_answer = watch.see
        if module.MAPPING.is_queue:
            queue: Queue = await module.find_queue(wanted.name, backend)
            watch.agree()
            self._tap = self._of_queue(queue, closing)
        else:
            found: FoundStream = await module.find_stream(wanted.name, backend)
            watch.agree()
            self._tap = self._of_stream(found, closing)

    def _of_queue(self, queue: Queue, closing: AsyncExitStack) -> QueueTap:
        known: deque[str] = deque(maxlen=KNOWN_MESSAGES_MAX)

        def know(record: RecordedRecord) -> None:
            known.append(record.data.message_id)

        book = self._book(Header(self._wanted.type, queue.arn), closing, know)
        return QueueTap(queue, known, book, self._clock, to_now=self._wanted.to_now)

    def _of_stream(self, found: FoundStream, closing: AsyncExitStack) -> StreamTap:
        wanted, stream = self._wanted, found.stream
        position = wanted.position or "TRIM_HORIZON"
        start = {"LATEST": self._clock.timestamp(), "AT_TIMESTAMP": wanted.timestamp}.get(position)
        spans = self._spans(stream)
        notes = {POSITION: position, CREATED: found.created, SPANS: _digest(spans)}
        header = Header(
            wanted.type,
            stream.arn,
            start=None if start is None else float(floor(start)),
            notes={name: note for name, note in notes.items() if note is not None},
        )
        book = self._book(header, closing)
        self._check(book.appender.header, found, notes[SPANS])
        self._warn_of_a_gap(stream, book.appender)
        mapping = EventSourceMapping(
            name=f"record {wanted.name}",
            source=wanted.name,
            event_source_arn=stream.arn,
            function_name="",
            starting_position=book.appender.header.notes.get(POSITION, "TRIM_HORIZON"),
            starting_position_timestamp=book.appender.header.start,
        )
        return StreamTap(
            stream,
            mapping,
            book,
            self._clock,
            self._on_note,
            to_now=wanted.to_now,
            spans=spans,
        )

    def _spans(self, stream: Stream) -> dict[str, list[Span]] | None:
        """The records that are referred to, in order. Raises EventsimError where there are none."""
        referred = self._wanted.referred
        if referred is None:
            return None
        mine = sorted(
            (each for each in referred if each.stream_arn == stream.arn),
            key=lambda each: (each.shard, int(each.first)),
        )
        if not mine:
            raise EventsimError(f"none of the documents is about {stream.arn}")
        if len(mine) < len(referred):
            others = len(referred) - len(mine)
            self._on_note(f"{others:,} of the documents left out: they are about other streams")
        spans: dict[str, list[Span]] = {}
        for each in mine:
            of_shard = spans.setdefault(each.shard, [])
            if of_shard and int(each.first) <= int(of_shard[-1].last):
                last = max(of_shard[-1].last, each.last, key=int)
                of_shard[-1] = Span(of_shard[-1].first, last)
            else:
                of_shard.append(Span(each.first, each.last))
        return spans

    def _book(
        self,
        header: Header,
        closing: AsyncExitStack,
        on_found: Callable[[RecordedRecord], None] = lambda record: None,
    ) -> Book:
        self._appender = appender = Appender(self._wanted.path, header, on_found)
        closing.callback(appender.close)
        self._before = appender.count
        return Book(appender, self._wanted.count, self._on_written)

    def _check(self, header: Header, found: FoundStream, wanted_spans: Any) -> None:
        """Raise EventsimError when the file was begun in another way, or on another stream."""
        begun, created = header.notes.get(POSITION), header.notes.get(CREATED)
        asked, path = self._wanted.position, self._wanted.path
        if asked is not None and begun != asked:
            raise EventsimError(
                f"{path} was begun at {begun}, not at {asked}; leave the position out to go on, "
                "or write another name"
            )
        if header.notes.get(SPANS) != wanted_spans:
            raise EventsimError(f"{path} is of other on-failure documents; write another name")
        if (
            isinstance(created, float)
            and found.created is not None
            and abs(created - found.created) > _PRECISION_SECONDS
        ):
            raise EventsimError(
                f"{path} is of an earlier {header.origin}, which was deleted and created again; "
                "write another name"
            )

    def _warn_of_a_gap(self, stream: Stream, appender: Appender) -> None:
        age = self._clock.timestamp() - appender.previous
        if appender.count and age > stream.retention_seconds:
            hours = stream.retention_seconds / 3600
            self._on_note(
                f"{self._wanted.path} ends {age / 3600:,.0f} hours ago and the stream keeps "
                f"records for {hours:g}: what came in between may be lost"
            )

    async def _stop_after(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self.stop()


def _digest(spans: Mapping[str, Sequence[Span]] | None) -> str | None:
    """What tells the records of some documents from those of others."""
    if spans is None:
        return None
    told = repr(sorted((shard_id, list(each)) for shard_id, each in spans.items()))
    return md5(told.encode(), usedforsecurity=False).hexdigest()
