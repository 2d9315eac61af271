"""
What Lambda sent to on-failure destinations and dead-letter queues: the events that were given up.

Documents themselves, as S3 keeps them, in messages of SQS and SNS, or a recording of the queue
that they went to. One with the event in it (S3's, and those of asynchronous invocation) is that
event; so is a message of a function's dead-letter queue. One that only says where the records
stand on their stream is none: with such documents ``eventsim record`` reads them from there again,
and ``eventsim replay --redrive`` out of a recording.

https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from eventsim.recordings import Asked, OnBadLine, RecordedRecord
from eventsim.recordings._bad_lines import BadLine
from eventsim.recordings._codec import Decode, decoder, header_of
from eventsim.recordings._documents import documents
from eventsim.recordings._forms import told_message
from eventsim.recordings._lines import Lines, foreign
from eventsim.rules.arns import service_of
from eventsim.rules.failed_documents import BatchSpan, Failure, failures_in
from eventsim.types import Message

TAKES: frozenset[str] = frozenset()
SUFFIXES: tuple[str, ...] = ()
SOURCE = "lambda"


class Told(NamedTuple):
    """A failure and where it stands: the number and the bytes of the document in its file.

    ``failure`` raises ValueError where too little is said.
    """

    number: int
    content: bytes
    failure: Callable[[], Failure]


def read_foreign(path: Path, asked: Asked) -> Iterator[RecordedRecord]:
    """The events of a file, in its order, at the time when they were given up."""
    for told in failures(path, asked.on_bad_line):
        yield from asked.taken(path, told.number, told.content, [partial(_event, told, asked)])


def failures(path: Path, on_bad_line: OnBadLine) -> Iterator[Told]:
    """What makes each failure that a file tells of; what is no document is a bad line."""
    decode: Decode | None = None
    with foreign(path) as file:
        for document in documents(path, file, on_bad_line):
            if decode is None and document.value.get("recording") == "eventsim":
                decode = decoder(header_of(Lines(path, BytesIO(document.content))).source)
                continue
            try:
                value = document.value if decode is None else _carried(decode(document.value))
            except ValueError as error:
                on_bad_line(BadLine(path, document.number, str(error), document.content))
                continue
            for failure in failures_in(value):
                yield Told(document.number, document.content, failure)


def referred(path: Path, on_bad_line: OnBadLine) -> Iterator[BatchSpan]:
    """Where the records of each document stand; one that does not say is a bad line."""
    for told in failures(path, on_bad_line):
        try:
            span = told.failure().span
            if span is None:
                raise ValueError("is no document about a batch of a stream")
        except ValueError as error:
            on_bad_line(BadLine(path, told.number, str(error), told.content))
            continue
        yield span


def _carried(record: RecordedRecord) -> Mapping[str, Any]:
    """The document or message that a record is."""
    if isinstance(record.data, Message):
        return told_message(record.data)
    value = orjson.loads(record.data) if isinstance(record.data, bytes) else None
    if not isinstance(value, dict):
        raise ValueError("its data is no JSON object, so no document")
    return value


def _event(told: Told, asked: Asked) -> RecordedRecord:
    failure = told.failure()
    if failure.bare:
        raise ValueError(
            "is no on-failure document, which has an event or a batch, and no message of a "
            "dead-letter queue, which has ErrorCode among its attributes"
        )
    if failure.event is None:
        arn = "" if failure.span is None else failure.span.stream_arn
        name = "/".join(arn.split("/")[1:2])  # stream/orders, table/users/stream/2026-01-01
        raise ValueError(
            "only says where its records stand; read them again with "
            f"`eventsim record {service_of(arn)}://{name} --on-failure` and this file"
        )
    time = asked.last if failure.time is None else failure.time
    return RecordedRecord(asked.arrival_in({}, time), "", failure.event)
