"""
Entries as compact rows for a page: each text is sent once, each set of field names once.

A row is ``[shape, time, lane, because, told, value, …]``. A shape is ``[kind, [name, …], flags]``;
where the flag of a value is ``s``, the value is the number of a text, and so are ``because`` and
``told``, with -1 for none, as for a lane. An entry is numbered by its row; a ``seq`` that is not
the next one stands among the values.
"""

from __future__ import annotations

from typing import Any

from eventsim.journal import Entry
from eventsim.reports._words import TELLINGS

LONG_TEXT = 2_000
LONG_TEXTS_MAX = 48_000_000

_Shape = tuple[str, tuple[str, ...], str]


class Rows:
    """Turns entries into rows, and hands out what is new of rows, texts and shapes.

    Long texts (events, answers, logs) are kept up to 48 million characters together; those after
    them are cut to 2,000, and say so.
    """

    def __init__(self, long_texts_max: int = LONG_TEXTS_MAX) -> None:
        self.count = 0
        self._seq = 0
        self._texts: dict[str, int] = {}
        self._shapes: dict[_Shape, int] = {}
        self._room = long_texts_max
        self._rows: list[list[Any]] = []
        self._new_texts: list[str] = []
        self._new_shapes: list[_Shape] = []

    def add(self, entry: Entry, lane: int) -> int:
        """Take an entry that was checked; returns the number of its row."""
        fields = entry.fields
        if entry.seq != self._seq + 1:
            fields = {**fields, "seq": entry.seq}
        self._seq = entry.seq
        told = TELLINGS.get(entry.kind)
        row: list[Any] = [
            0,
            entry.time,
            lane,
            -1 if entry.because is None else self._text(str(entry.because)),
            -1 if told is None else self._text(told.text(entry)),
        ]
        flags = ""
        for value in fields.values():
            is_text = isinstance(value, str)
            flags += "s" if is_text else "."
            row.append(self._text(value) if is_text else value)
        row[0] = self._shape((entry.kind, tuple(fields), flags))
        self._rows.append(row)
        self.count += 1
        return self.count - 1

    def portion(self) -> dict[str, Any]:
        """What came since the last portion."""
        new = {"texts": self._new_texts, "shapes": self._new_shapes, "rows": self._rows}
        self._new_texts, self._new_shapes, self._rows = [], [], []
        return new

    def _text(self, text: str) -> int:
        if len(text) > LONG_TEXT:
            text = self._long(text)
        number = self._texts.get(text)
        if number is None:
            number = self._texts[text] = len(self._texts)
            self._new_texts.append(text)
        return number

    def _long(self, text: str) -> str:
        if text in self._texts:
            return text
        if len(text) > self._room:
            left = len(text) - LONG_TEXT
            return f"{text[:LONG_TEXT]}\n… {left:,} more characters are left out of this page"
        self._room -= len(text)
        return text

    def _shape(self, shape: _Shape) -> int:
        number = self._shapes.get(shape)
        if number is None:
            number = self._shapes[shape] = len(self._shapes)
            self._new_shapes.append(shape)
        return number
