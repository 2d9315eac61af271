"""
Plain JSON, an object a line or one after another: each object is a record's data.

``--key`` and ``--time`` name the fields that hold a record's key and the time it arrived.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from eventsim.recordings import Asked, RecordedRecord
from eventsim.recordings._documents import documents
from eventsim.recordings._fields import record_of
from eventsim.recordings._lines import foreign

TAKES = frozenset(("key", "time", "data"))
SUFFIXES = (".json", ".ndjson")
KEY = "json"


def read_foreign(path: Path, asked: Asked) -> Iterator[RecordedRecord]:
    """The records of a file, in its order. Without a key all have the same one."""
    with foreign(path) as file:
        for number, content, value in documents(path, file, asked.on_bad_line):
            made = (partial(record_of, value, content, asked, KEY),)
            yield from asked.taken(path, number, content, made)
