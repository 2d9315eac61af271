"""
What was given up, read out of whatever it came in: a document about it, or the event itself.

https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html

A document about a batch says where its records stand, and has the event where S3 kept it; one
about an asynchronous event has that event. Documents come by themselves, in messages of SQS
and SNS, in events of a bus, and in answers and events with several of those. A dead-letter queue
has the event itself in a message, its error in attributes that may not have been asked for.

Pure: no clock, no I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import orjson

DEPTH_MAX = 4  # a document in a notification in a message in an answer
_ON_A_BUS = "Lambda Function Invocation Result - "
_NUMBERS = ("startSequenceNumber", "endSequenceNumber")
_PLACE = ("streamArn", "shardId", *_NUMBERS)


class BatchSpan(NamedTuple):
    """The records of a batch on their shard, from the first sequence number to the last.

    ``records`` is how many they are, where that is told.
    """

    stream_arn: str
    shard: str
    first: str
    last: str
    records: int | None


class Failure(NamedTuple):
    """What was given up: the records of a ``span``, an ``event`` in JSON, or both.

    ``time`` is when, as it was told, or None. ``told`` is the document or the message itself.
    ``bare`` says that it is an event, and nothing around it says that it failed.
    """

    told: Mapping[str, Any]
    span: BatchSpan | None
    event: bytes | None
    time: Any = None
    bare: bool = False


def failures_in(value: Mapping[str, Any]) -> Iterator[Callable[[], Failure]]:
    """What makes each of the failures that *value* tells of.

    Each by itself raises ValueError where a document says too little, or a message has no JSON.
    The messages in an event of a function are looked into only if all of them tell of failures:
    else it is the event itself that failed.
    """
    messages = _all_objects(value.get("Messages"))
    records = _all_objects(value.get("Records"))
    if messages is None and records and all(map(_is_failure, records)):
        messages = records
    for each in [value] if messages is None else messages:
        yield partial(_failure, each, each)


def _failure(told: Mapping[str, Any], value: Mapping[str, Any], depth: int = 0) -> Failure:
    text = _text_of(value)
    if text is not None:
        try:
            inside = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise ValueError("a message without JSON in it, so no event") from None
        dead = _is_dead_letter(value)
        if dead or not isinstance(inside, Mapping):
            return Failure(told, None, text.encode(), _sent(value), bare=not dead)
        if depth == DEPTH_MAX:
            raise ValueError("is nested too deeply")
        found = _failure(told, inside, depth + 1)
        as_it_came = found.bare and _text_of(inside) is None
        return found._replace(
            time=_sent(value) if found.time is None else found.time,
            event=text.encode() if as_it_came else found.event,
        )
    detail = value.get("detail")
    if isinstance(detail, Mapping) and str(value.get("detail-type")).startswith(_ON_A_BUS):
        value = detail
    return _document(told, value)


def _document(told: Mapping[str, Any], value: Mapping[str, Any]) -> Failure:
    info = next((of for name, of in value.items() if name.endswith("BatchInfo")), None)
    time = value.get("timestamp")
    if isinstance(info, Mapping):
        event = value.get("payload")
        kept = event.encode() if isinstance(event, str) else None
        if kept is not None and not all(name in info for name in _NUMBERS):
            return Failure(told, None, kept, time)  # of a window without records
        return Failure(told, _span(info), kept, time)
    if "requestPayload" in value and ("requestContext" in value or "version" in value):
        return Failure(told, None, orjson.dumps(value["requestPayload"]), time)
    return Failure(told, None, orjson.dumps(value), None, bare=True)


def _span(info: Mapping[str, Any]) -> BatchSpan:
    place = [info.get(name) for name in _PLACE]
    for name, value in zip(_PLACE, place, strict=True):
        if not isinstance(value, str) or (name in _NUMBERS and not value.isdecimal()):
            told = "missing" if value is None else repr(value)
            raise ValueError(f"no document of a batch: {name} is {told}")
    size = info.get("batchSize")
    if size is not None and type(size) is not int:
        raise ValueError(f"no document of a batch: batchSize is {size!r}")
    arn, shard, first, last = map(str, place)
    return BatchSpan(arn, shard, first, last, size)


def _is_failure(record: Mapping[str, Any]) -> bool:
    """Whether a record of an event is a message that tells of a failure."""
    try:
        return _text_of(record) is not None and not _failure(record, record).bare
    except ValueError:
        return False


def _text_of(value: Mapping[str, Any]) -> str | None:
    """What a message of SQS or SNS holds; None for what is no message."""
    text = value.get("Body")
    if "messageId" in value:
        text = value.get("body", text)
    if "Type" in value or "TopicArn" in value or "MessageId" in value:
        text = value.get("Message", text)
    return text if isinstance(text, str) else None


def _all_objects(held: Any) -> Sequence[Mapping[str, Any]] | None:
    if isinstance(held, list) and all(isinstance(each, Mapping) for each in held):
        return held
    return None


def _is_dead_letter(message: Mapping[str, Any]) -> bool:
    """Whether a message has what Lambda gives those of a function's dead-letter queue."""
    held = (message.get(name) for name in ("MessageAttributes", "messageAttributes"))
    return any(isinstance(each, Mapping) and "ErrorCode" in each for each in held)


def _sent(message: Mapping[str, Any]) -> Any:
    for name in ("Attributes", "attributes"):
        attributes = message.get(name)
        if isinstance(attributes, Mapping) and "SentTimestamp" in attributes:
            return attributes["SentTimestamp"]
    return message.get("Timestamp")
