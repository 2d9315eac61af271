"""
What Lambda sent to on-failure destinations and dead-letter queues: the events that were given up.

Documents themselves, as S3 keeps them, or in the messages of SQS and SNS. One with the event in
it (S3's, and those of asynchronous invocation) is that event; so is a message of a function's
dead-letter queue. One that only says where the records stand on their stream is none: with such
documents ``eventsim record`` reads them from there again.

https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from eventsim.recordings import Asked, OnBadLine, RecordedRecord
from eventsim.recordings._bad_lines import BadLine
from eventsim.recordings._documents import documents
from eventsim.recordings._forms import dumped
from eventsim.recordings._lines import foreign

TAKES: frozenset[str] = frozenset()
SUFFIXES: tuple[str, ...] = ()
SOURCE = "lambda"
BATCH_INFOS = ("KinesisBatchInfo", "DDBStreamBatchInfo")
_DEPTH_MAX = 4  # a document in a notification in a message in an answer


class Referred(NamedTuple):
    """Where the records of a document stand: a stream's ARN, a shard, the first and the last."""

    arn: str
    shard_id: str
    first: str
    last: str


def read_foreign(path: Path, asked: Asked) -> Iterator[RecordedRecord]:
    """The events of a file, in its order, at the time when they were given up."""
    with foreign(path) as file:
        for number, content, value in documents(path, file, asked.on_bad_line):
            made = (partial(_event, each, asked) for each in _documents(value))
            yield from asked.taken(path, number, content, made)


def referred(path: Path, on_bad_line: OnBadLine) -> Iterator[Referred]:
    """Where the records of each document stand; one that does not say is a bad line."""
    with foreign(path) as file:
        for number, content, value in documents(path, file, on_bad_line):
            try:
                yield from map(_reference, _documents(value))
            except ValueError as error:
                on_bad_line(BadLine(path, number, str(error), content))


def _documents(value: Mapping[str, Any], depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """The documents in what was received, or it itself."""
    if depth > _DEPTH_MAX:
        raise ValueError("is nested too deeply")
    for name in ("Messages", "Records"):
        if isinstance(value.get(name), list):
            for each in value[name]:
                if isinstance(each, Mapping):
                    yield from _documents(each, depth + 1)
            return
    for name in ("Body", "body", "Message"):
        inside = _object(value.get(name))
        if inside is None:
            continue
        if _error_of(value) is not None:
            yield {"requestPayload": inside, "timestamp": _sent(value)}
        else:
            yield from _documents(inside, depth + 1)
        return
    yield value


def _event(document: Mapping[str, Any], asked: Asked) -> RecordedRecord:
    event = document.get("requestPayload", document.get("payload"))
    if event is None and (info := _info(document)) is not None:
        name = str(info.get("streamArn")).rpartition("/")[2]
        raise ValueError(
            "only says where its records stand; read them again with "
            f"`eventsim record kinesis://{name} --on-failure` and this file"
        )
    if event is None:
        raise ValueError("is no on-failure document: it has neither an event nor a batch")
    content = event.encode() if isinstance(event, str) else dumped(event)
    if _object(content) is None:
        raise ValueError("its event is no JSON object")
    time = document.get("timestamp")
    return RecordedRecord(asked.arrival_in({}, asked.last if time is None else time), "", content)


def _reference(document: Mapping[str, Any]) -> Referred:
    info = _info(document)
    if info is None:
        raise ValueError("is no document about a batch of a stream")
    names = ("streamArn", "shardId", "startSequenceNumber", "endSequenceNumber")
    told = [info.get(name) for name in names]
    for name, value in zip(names, told, strict=True):
        if not isinstance(value, str) or not (name[-6:] != "Number" or value.isdecimal()):
            raise ValueError(f"{name} is {'missing' if value is None else repr(value)}")
    return Referred(*map(str, told))


def _info(document: Mapping[str, Any]) -> Mapping[str, Any] | None:
    found = (document.get(name) for name in BATCH_INFOS)
    return next((info for info in found if isinstance(info, Mapping)), None)


def _error_of(message: Mapping[str, Any]) -> Any:
    """The attribute that Lambda gives the messages of a function's dead-letter queue."""
    for name in ("MessageAttributes", "messageAttributes"):
        attributes = message.get(name)
        if isinstance(attributes, Mapping) and "ErrorCode" in attributes:
            return attributes.get("RequestID")
    return None


def _sent(message: Mapping[str, Any]) -> Any:
    for name in ("Attributes", "attributes"):
        attributes = message.get(name)
        if isinstance(attributes, Mapping) and "SentTimestamp" in attributes:
            return attributes["SentTimestamp"]
    return message.get("Timestamp")


def _object(value: Any) -> Mapping[str, Any] | None:
    try:
        found = orjson.loads(value) if isinstance(value, str | bytes) else None
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None
