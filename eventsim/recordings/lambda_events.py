"""
Whole events as a handler gets and logs them, of any source: each is invoked with as it is.

The time is the one that the event tells, the last where it has several records, unless ``--time``
names a field. An event that tells none arrives with the one before it, the first in 1970.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-services.html
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from eventsim.recordings import Asked, RecordedRecord
from eventsim.recordings._asked import found
from eventsim.recordings._documents import documents
from eventsim.recordings._lines import foreign

TAKES = frozenset(("time",))
SUFFIXES: tuple[str, ...] = ()
SOURCE = "lambda"
_IN_RECORDS = (
    "kinesis.approximateArrivalTimestamp",
    "dynamodb.ApproximateCreationDateTime",
    "attributes.SentTimestamp",
    "Sns.Timestamp",
    "eventTime",
    "approximateArrivalTimestamp",
)
_IN_EVENTS = ("time", "requestContext.timeEpoch", "requestContext.requestTimeEpoch", "timestamp")


def read_foreign(path: Path, asked: Asked) -> Iterator[RecordedRecord]:
    """The events of a file, in its order."""
    with foreign(path) as file:
        for number, content, value in documents(path, file, asked.on_bad_line):
            made = (partial(_event, value, content, asked),)
            yield from asked.taken(path, number, content, made)


def _event(value: dict[str, Any], content: bytes, asked: Asked) -> RecordedRecord:
    told = _time(value)
    return RecordedRecord(
        asked.arrival_in(value, asked.last if told is None else told), "", content
    )


def _time(event: dict[str, Any]) -> Any:
    records = event.get("Records", event.get("records"))
    last = records[-1] if isinstance(records, list) and records else None
    places = [(last, path) for path in _IN_RECORDS] + [(event, path) for path in _IN_EVENTS]
    return next((time for of, path in places if (time := found(of, path)) is not None), None)
