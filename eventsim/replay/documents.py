"""
What is to be redriven: the failures that a file tells of, with those parts of it that say so.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import orjson

from eventsim.errors import RecordingError
from eventsim.recordings import stop
from eventsim.recordings.on_failure import failures
from eventsim.rules.failed_documents import BatchSpan

DOCUMENTS_MAX = 100_000


class FailedDocument(NamedTuple):
    """One document, counted from 1: what it says failed, and itself on a line.

    A batch is a ``span`` of a stream, an event is there as bytes; a batch whose event the
    document carries too has both.
    """

    number: int
    line: bytes
    span: BatchSpan | None
    event: bytes | None


def read_documents(path: Path) -> list[FailedDocument]:
    """The documents of a file, in whatever they came; an event by itself is one, too.

    Raises RecordingError for what is none, and over 100,000 documents.
    """
    return list(_documents(path))


def _documents(path: Path) -> Iterator[FailedDocument]:
    for number, told in enumerate(failures(path, stop), 1):
        if number > DOCUMENTS_MAX:
            message = f"over {DOCUMENTS_MAX:,} documents; split the file"
            raise RecordingError(path, told.number, message)
        try:
            failure = told.failure()
            if failure.event is None and (failure.span is None or failure.span.records is None):
                raise ValueError("no document of a batch: batchSize is missing")
        except ValueError as error:
            raise RecordingError(path, told.number, str(error)) from None
        yield FailedDocument(number, orjson.dumps(failure.told), failure.span, failure.event)
