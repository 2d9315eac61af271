"""
CSV with a row of names: each row is a record, its data an object of names and texts.

``--key`` and ``--time`` name the columns that hold a record's key and the time it arrived;
``--data`` the one whose text is the data, in place of the whole row. Values stay the texts that
they are, since CSV does not say which are numbers.

https://www.rfc-editor.org/rfc/rfc4180
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import orjson

from eventsim.errors import RecordingError
from eventsim.recordings import Asked, BadLine, RecordedRecord
from eventsim.recordings._fields import record_of
from eventsim.recordings._forms import dumped
from eventsim.recordings._lines import TOO_LONG, Lines, foreign

TAKES = frozenset(("key", "time", "data"))
SUFFIXES = (".csv",)
KEY = "csv"
_VALUE_CHARACTERS_MAX = 10 * 1024 * 1024  # what a record holds; also how far a quote can reach


class _Rows:
    """The lines that the parser asks for, kept until its row is whole."""

    def __init__(self, lines: Lines) -> None:
        self.lines, self.taken = lines, list[bytes]()
        self._lines = iter(lines)

    def __iter__(self) -> _Rows:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.taken.append(line)
        return line.decode("utf-8", "surrogateescape") + "\n"


def read_foreign(path: Path, asked: Asked) -> Iterator[RecordedRecord]:
    """The records of a file, in its order. Without a key all have the same one.

    Raises RecordingError for a file without the columns that are asked for. A quote that is
    never closed takes no other row with it.
    """
    csv.field_size_limit(_VALUE_CHARACTERS_MAX)
    with foreign(path) as file:
        lines = Lines(path, file)
        rows = _Rows(lines)
        names = _names(path, rows, asked)
        lines.on_long = lambda piece, more: asked.on_bad_line(
            BadLine(path, lines.number, TOO_LONG, piece, more)
        )
        while True:
            rows.taken.clear()
            row = _next(rows)
            if row is None and not rows.taken:
                break
            if not any(line.strip() for line in rows.taken):
                continue
            number = lines.number - len(rows.taken) + 1
            yield from _records(path, number, list(rows.taken), row, names, asked)
        if lines.cut_off:
            asked.on_bad_line(BadLine(path, lines.number, "cut off in this row", lines.rest))


def _names(path: Path, rows: _Rows, asked: Asked) -> Sequence[str]:
    names = _next(rows) or []
    for name in (asked.key, asked.time, asked.data):
        if name is not None and name not in names:
            listed = ", ".join(names)
            raise RecordingError(path, 1, f"no column {name}; there are: {listed:.200}")
    if len(set(names)) != len(names) or not names:
        raise RecordingError(path, 1, "the first row must name each column, by another name")
    return names


def _next(rows: Iterator[str]) -> list[str] | None:
    """The next row; None at the end, and for lines that are none."""
    try:
        return next(csv.reader(rows, strict=True), None)
    except csv.Error:
        return None


def _records(
    path: Path,
    number: int,
    lines: Sequence[bytes],
    row: Sequence[str] | None,
    names: Sequence[str],
    asked: Asked,
) -> Iterator[RecordedRecord]:
    """The record of a row; if it is none, of each of its lines that is one by itself."""
    if (row is None or len(row) != len(names)) and len(lines) > 1:
        for line_number, line in enumerate(lines, number):
            alone = _next(iter([line.decode("utf-8", "surrogateescape")]))
            yield from _records(path, line_number, [line], alone, names, asked)
        return

    def made() -> RecordedRecord:
        if row is None:
            raise ValueError("damaged row: a quote is not closed, or stands inside a value")
        if len(row) != len(names):
            raise ValueError(f"has {len(row)} values for {len(names)} columns")
        fields = dict(zip(names, row, strict=True))
        try:
            return record_of(fields, dumped(fields), asked, KEY)
        except (orjson.JSONEncodeError, UnicodeEncodeError):
            raise ValueError("is no UTF-8") from None

    yield from asked.taken(path, number, b"\n".join(lines), (made,))
