"""
The events that functions got in a run, out of its journal: whole events, each at its time.

The journal must have been written at detail ``payload``; an event is kept once there and named
by its hash, however often it was sent.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path

import orjson

from eventsim.errors import RecordingError
from eventsim.journal import Entry, reading
from eventsim.recordings import Asked, RecordedRecord

TAKES: frozenset[str] = frozenset()
SUFFIXES: tuple[str, ...] = ()
SOURCE = "lambda"
KEPT_EVENTS_BYTES_MAX = 64 * 1024 * 1024


def read_foreign(path: Path, asked: Asked) -> Iterator[RecordedRecord]:
    """The events of a journal, in its order; ``asked.start`` is when the run began."""
    asked.start = began(path)
    for entry, event in _invocations(path):
        content = orjson.dumps({"kind": entry.kind, **entry.fields})
        yield from asked.taken(path, entry.seq, content, (event,))


def began(path: Path) -> float:
    """When the run began, in epoch seconds. Raises JournalError for what is no journal."""
    return _timestamp(path, next(reading.read(path)).at)


def events(path: Path, on_cut_off: Callable[[int], None]) -> Iterator[RecordedRecord]:
    """The events of a journal, in its order.

    *on_cut_off* is told of the line where it ends without the end of its run. Raises
    RecordingError at one that is not in it, JournalError where it cannot be read.
    """
    for entry, event in _invocations(path, on_cut_off):
        try:
            yield event()
        except ValueError as error:
            raise RecordingError(path, entry.seq, str(error)) from None


def _invocations(
    path: Path, on_cut_off: Callable[[int], None] = lambda line: None
) -> Iterator[tuple[Entry, Callable[[], RecordedRecord]]]:
    """Each invocation, and what makes a record of its event."""
    kept, kind, entries = _Kept(), "", 0
    for entry in reading.read(path):
        kind, entries = entry.kind, entries + 1
        if entry.kind == "payload_kept":
            kept.keep(entry.fields["hash"], entry.fields["content"].encode())
        elif entry.kind == "invocation_requested":
            yield entry, partial(_event, path, entry, kept)
    if kind != "run_finished":
        on_cut_off(entries + 1)


def _event(path: Path, entry: Entry, kept: _Kept) -> RecordedRecord:
    event = kept.get(entry.fields.get("payload"))
    if event is None:
        raise ValueError(
            "the journal does not have the event of this invocation; "
            "one of a run with --detail payload does"
        )
    return RecordedRecord(_timestamp(path, entry.at), "", event)


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


def _timestamp(path: Path, at: str) -> float:
    """The date of a journal's entry in epoch seconds."""
    try:
        return datetime.fromisoformat(at).timestamp()
    except (ValueError, TypeError):
        raise RecordingError(path, 0, f"{at!r} is not the date of an entry") from None
