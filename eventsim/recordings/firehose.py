"""
Objects that Firehose put into S3: JSON one after another, with or without line feeds.

The time is that in the object's name, unless ``--time`` names a field that has it. Firehose keeps
no partition keys: ``--key`` names a field that stands for one, and without it all have the same.

https://docs.aws.amazon.com/firehose/latest/dev/s3-object-name.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from eventsim.recordings import Asked, RecordedRecord
from eventsim.recordings._documents import documents
from eventsim.recordings._fields import record_of
from eventsim.recordings._lines import foreign

TAKES = frozenset(("key", "time", "data"))
SUFFIXES: tuple[str, ...] = ()
KEY = "firehose"
_NAME_TIME = re.compile(r"-(\d{4}-\d{2}-\d{2})-(\d{2})-(\d{2})-(\d{2})-")


def read_foreign(path: Path, asked: Asked) -> Iterator[RecordedRecord]:
    """The records of an object, in its order."""
    named = _NAME_TIME.search(path.name)
    time = f"{named[1]}T{named[2]}:{named[3]}:{named[4]}Z" if named else None
    with foreign(path) as file:
        for number, content, value in documents(path, file, asked.on_bad_line):
            made = (partial(record_of, value, content, asked, KEY, time),)
            yield from asked.taken(path, number, content, made)
