"""What can be replayed: a recording, whole Lambda events one a line, a journal that kept them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import orjson

from eventsim.errors import RecordingError
from eventsim.recordings import (
    BadLine,
    Header,
    OnBadLine,
    RecordedRecord,
    journal,
    jsonl,
    lines_of,
    stop,
)

OnCutOff = Callable[[int], None]


EVENTS = "lambda"  # the source of recordings that hold whole events
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
        on_bad_line = self.on_bad_line or stop
        with lines_of(self.path, on_bad_line) as lines:
            for line in lines:
                if _value(line) is not _NOT_JSON:
                    yield RecordedRecord(0.0, "event", line.strip())
                elif line.strip() and lines.unended:
                    lines.cut_off = True
                elif line.strip():
                    on_bad_line(BadLine(self.path, lines.number, _NO_EVENT, line))
            if lines.cut_off:
                on_cut_off(lines.number)


class JournalEvents(NamedTuple):
    """The invocations of a journal that was written at detail ``payload``, at their times."""

    path: Path
    header: Header

    def read(self, on_cut_off: OnCutOff) -> Iterator[RecordedRecord]:
        return journal.events(self.path, on_cut_off)


def open_events(path: Path, on_bad_line: OnBadLine | None = None) -> Readable:
    """The invocations in a file: a journal's, a recording's data, or plain JSON Lines.

    Raises RecordingError when it cannot be read.
    """
    first = _first(path)
    if _is_journal(first):
        return JournalEvents(path, Header(EVENTS, start=journal.began(path)))
    if isinstance(first, dict) and first.get("recording") == "eventsim":
        return Recording.of(path, on_bad_line)
    if first is _NOT_JSON:
        raise RecordingError(path, 1, "not JSON; whole events are written one a line")
    return Events(path, Header(EVENTS, start=0.0), on_bad_line)


def open_recording(path: Path, on_bad_line: OnBadLine | None = None) -> Readable:
    """A recording, or the invocations of a journal. Raises RecordingError for other files."""
    first = _first(path)
    if _is_journal(first):
        return open_events(path)
    if isinstance(first, dict) and first.get("recording") != "eventsim":
        raise RecordingError(
            path,
            1,
            "no header of a recording; whole events, one a line, are replayed "
            "with --as invocations, and `eventsim convert` makes a recording of other files",
        )
    return Recording.of(path, on_bad_line)


class _NotJson:
    """What a line holds that is no JSON."""


_NOT_JSON = _NotJson()


def _first(path: Path) -> Any:
    """What the first line that is not blank holds."""
    with lines_of(path) as lines:
        return _value(next((line for line in lines if line.strip()), b""))


def _is_journal(first: Any) -> bool:
    return isinstance(first, dict) and first.get("kind") == "run_started"


def _value(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return _NOT_JSON
