"""
Events of EventBridge, as an archive replays them into a log or a queue: each is a whole event.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from eventsim.recordings import Asked, RecordedRecord
from eventsim.recordings._documents import documents
from eventsim.recordings._lines import foreign

TAKES = frozenset(("time",))
SUFFIXES: tuple[str, ...] = ()
SOURCE = "lambda"
_NEEDS = ("detail-type", "source", "time", "detail")


def read_foreign(path: Path, asked: Asked) -> Iterator[RecordedRecord]:
    """The events of a file, in its order, at their ``time`` unless another field is asked for."""
    with foreign(path) as file:
        for number, content, value in documents(path, file, asked.on_bad_line):
            made = (partial(_event, value, content, asked),)
            yield from asked.taken(path, number, content, made)


def _event(value: dict[str, Any], content: bytes, asked: Asked) -> RecordedRecord:
    missing = [name for name in _NEEDS if name not in value]
    if missing:
        raise ValueError(f"is no event of EventBridge: it has no {missing[0]}")
    return RecordedRecord(asked.arrival_in(value, value["time"]), "", content)
