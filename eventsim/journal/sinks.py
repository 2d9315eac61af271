"""
Where a journal goes: memory, a JSON Lines file (gzip by suffix), or a person's terminal.
"""

from __future__ import annotations

import gzip
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, TextIO

import orjson
import structlog

from eventsim.errors import JournalError
from eventsim.journal import Entry
from eventsim.journal.encoding import encode

ENTRIES_PER_FLUSH = 512
_NOT_SHOWN = frozenset({"seq", "time", "at", "kind", "counts"})


class MemorySink:
    """Keeps the entries, oldest first, in ``entries``."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def write(self, flat: dict[str, Any]) -> None:
        self.entries.append(Entry.of(flat))

    def close(self) -> None:
        """Nothing to let go of."""


class JsonLinesSink:
    """Writes one JSON object a line; every flush leaves whole lines that can be read.

    ``eager`` flushes after each entry (real time: somebody may be watching), else every
    512 entries. A gzip file carries neither name nor date, so equal journals are equal bytes.
    Raises JournalError when the file cannot be opened or the disk is full; what was flushed
    before stays whole.
    """

    def __init__(self, path: Path, *, eager: bool = False) -> None:
        self._path = path
        self._batch = 1 if eager else ENTRIES_PER_FLUSH
        self._lines: list[bytes] = []
        self._closed = self._lost = False
        try:
            self._file: BinaryIO = path.open("wb")
        except OSError as error:
            raise JournalError(f"cannot write the journal {path}: {error.strerror}") from error
        self._zip = (
            gzip.GzipFile(filename="", mode="wb", fileobj=self._file, mtime=0)
            if path.suffix == ".gz"
            else None
        )

    def write(self, flat: dict[str, Any]) -> None:
        self._lines.append(encode(flat, orjson.OPT_APPEND_NEWLINE))
        if len(self._lines) >= self._batch:
            self.flush()

    def flush(self) -> None:
        """Put everything written so far where another process can read it."""
        lines, self._lines = b"".join(self._lines), []
        if self._lost:
            return  # as was said when it happened
        if self._closed:
            raise JournalError(f"the journal {self._path} is closed; a run needs a sink of its own")
        try:
            if self._zip is not None:
                self._zip.write(lines)
                self._zip.flush()
            else:
                self._file.write(lines)
            self._file.flush()
        except OSError as error:
            raise self._failed(error) from error

    def close(self) -> None:
        if self._closed:
            return
        self.flush()
        self._closed = True
        try:
            if self._zip is not None:
                self._zip.close()
            self._file.close()
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> JournalError:
        """Let go of the file: what is written from now on is lost, and this error says so."""
        self._closed = self._lost = True
        for file in (self._zip, self._file):
            if file is not None:
                with suppress(OSError, ValueError):  # the first error is the one to tell
                    file.close()
        return JournalError(
            f"cannot write the journal {self._path}: {error.strerror}; "
            "what stands there is whole up to its last line"
        )


class ConsoleSink:
    """Prints each entry on a line, in colour where *out* is a terminal."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._render = structlog.dev.ConsoleRenderer(colors=out.isatty(), pad_event_to=24)

    def write(self, flat: dict[str, Any]) -> None:
        shown = {key: _printable(flat[key]) for key in flat if key not in _NOT_SHOWN}
        line = self._render(None, "", {"event": flat["kind"], **shown})
        self._out.write(f"{flat['time']:>12.3f}s  {line}\n")

    def close(self) -> None:
        self._out.flush()


def _printable(value: Any) -> Any:
    """*value* with control characters as escapes: a name must not steer somebody's terminal."""
    if not isinstance(value, str) or value.isprintable():
        return value
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in value
    )
