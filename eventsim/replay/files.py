"""What can be replayed: a recording, whole Lambda events one a line, a journal that kept them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import orjson

from eventsim.errors import RecordingError
from eventsim.journal import reading
from eventsim.recordings import BadLine, Header, OnBadLine, RecordedRecord, jsonl
from eventsim.replay._text import first_line, numbered

OnCutOff = Callable[[int], None]
KEPT_EVENTS_BYTES_MAX = 64 * 1024 * 1024


_NO_EVENT = "not JSON, so no event"


class Readable(Protocol):
    """A file of records in order of arrival, to be read as often as somebody likes."""

    @property
    def path(self) -> Path: ...

    @property
    def header(self) -> Header: ...

    def read(self, on_cut_off: OnCutOff) -> Iterator[RecordedRecord]:
        """Its records, streamed. Raises RecordingError where it cannot be read on."""


class Recording(NamedTuple):
    """A recording in eventsim's own format; ``on_bad_line`` is told of lines that are no record."""

    path: Path
    header: Header
    on_bad_line: OnBadLine | None = None

    @classmethod
    def of(cls, path: Path, on_bad_line: OnBadLine | None = None) -> Recording:
        """Raises RecordingError for a file that is none."""
        return cls(path, jsonl.check_header(path), on_bad_line)

    def read(self, on_cut_off: OnCutOff) -> Iterator[RecordedRecord]:
        return jsonl.read(self.path, on_cut_off, self.on_bad_line)


class Events(NamedTuple):
    """Whole Lambda events, a JSON value a line, without times: each arrives when it is asked for.

    Blank lines are passed over. A line that is not JSON is a RecordingError, a last one without
    its line feed is cut off.
    """

    path: Path
    header: Header
    on_bad_line: OnBadLine | None = None

    def read(self, on_cut_off: OnCutOff) -> Iterator[RecordedRecord]:
        for number, line in numbered(self.path):
            if _value(line) is not _NOT_JSON:
                yield RecordedRecord(0.0, "event", line.strip())
            elif not line.endswith(b"\n"):
                on_cut_off(number)
            elif self.on_bad_line is not None:
                self.on_bad_line(BadLine(self.path, number, _NO_EVENT, line.removesuffix(b"\n")))
            else:
                raise RecordingError(self.path, number, _NO_EVENT)


class JournalEvents(NamedTuple):
    """The invocations of a journal that was written at detail ``payload``, at their times."""

    path: Path
    header: Header

    def read(self, on_cut_off: OnCutOff) -> Iterator[RecordedRecord]:
        kept = _Kept()
        for entry in reading.read(self.path):
            fields = entry.fields
            if entry.kind == "payload_kept":
                kept.keep(fields["hash"], fields["content"].encode())
            elif entry.kind == "invocation_requested":
                event = kept.get(fields.get("payload"))
                if event is None:
                    raise RecordingError(
                        self.path,
                        entry.seq,
                        "the journal does not have the event of this invocation; "
                        "one of a run with --detail payload does",
                    )
                arrival = _timestamp(self.path, entry.at)
                yield RecordedRecord(arrival, fields["request_id"], event)


def open_events(path: Path, on_bad_line: OnBadLine | None = None) -> Readable:
    """The invocations in a file: a journal's, a recording's data, or plain JSON Lines.

    Raises RecordingError when it cannot be read.
    """
    first = _value(first_line(path))
    if isinstance(first, dict) and first.get("kind") == "run_started":
        start = next(reading.read(path)).at
        return JournalEvents(path, Header("lambda", start=_timestamp(path, start)))
    if isinstance(first, dict) and first.get("recording") == "eventsim":
        return Recording.of(path, on_bad_line)
    if first is _NOT_JSON:
        raise RecordingError(path, 1, "not JSON; whole events are written one a line")
    return Events(path, Header("lambda", start=0.0), on_bad_line)


class _Kept:
    """Events by their hash; those used last, in bounded memory."""

    def __init__(self) -> None:
        self._events: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0

    def keep(self, digest: str, event: bytes) -> None:
        self._events[digest] = event
        self._size += len(event)
        while self._size > KEPT_EVENTS_BYTES_MAX and len(self._events) > 1:
            self._size -= len(self._events.popitem(last=False)[1])

    def get(self, digest: str | None) -> bytes | None:
        if digest is None or digest not in self._events:
            return None
        self._events.move_to_end(digest)
        return self._events[digest]


class _NotJson:
    """What a line holds that is no JSON."""


_NOT_JSON = _NotJson()


def _value(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return _NOT_JSON


def _timestamp(path: Path, at: str) -> float:
    """The date of a journal's entry in epoch seconds."""
    try:
        return datetime.fromisoformat(at).timestamp()
    except (ValueError, TypeError):
        raise RecordingError(path, 0, f"{at!r} is not the date of an entry") from None
