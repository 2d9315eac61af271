"""
What on-failure destinations and dead-letter queues were given, read back.

A line is a document, or a message that carries one: as ReceiveMessage returned it (``Body``), or
as SNS wrapped it (``Message``). A document about a stream's batch names its records; one about an
asynchronous event carries the event; any other JSON value is the event itself, as a dead-letter
queue has it.

https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from eventsim.errors import RecordingError
from eventsim.recordings import jsonl
from eventsim.replay._text import first_line, numbered
from eventsim.types import Message

DOCUMENTS_MAX = 100_000
UNWRAPPED_MAX = 4
_WRAPPERS = ("Body", "body", "Message")


class Span(NamedTuple):
    """The records of a batch on their shard, both ends included."""

    shard: str
    first: int
    last: int
    records: int
    stream_arn: str


class FailedDocument(NamedTuple):
    """One document: the line that it was, and what it says failed.

    A batch is a ``span`` of a stream, an event is there as bytes; a batch whose event the
    document carries too has both.
    """

    number: int
    line: bytes
    span: Span | None
    event: bytes | None


def read_documents(path: Path) -> list[FailedDocument]:
    """The documents of a file: JSON Lines, or a recording of the queue that they went to.

    Raises RecordingError for a line that is not JSON, and over 100,000 documents.
    """
    found = []
    for number, line in enumerate(_lines(path), 1):
        if number > DOCUMENTS_MAX:
            raise RecordingError(path, number, f"over {DOCUMENTS_MAX:,} documents; split the file")
        found.append(_document(path, number, line))
    return found


def _lines(path: Path) -> Iterator[bytes]:
    """The documents as they lie in the file."""
    if b'"recording"' in first_line(path)[:64]:
        for record in jsonl.read(path):
            held = record.data
            yield held.body.encode() if isinstance(held, Message) else held
    else:
        yield from (line.strip() for _, line in numbered(path))


def _document(path: Path, number: int, line: bytes) -> FailedDocument:
    try:
        value = _unwrapped(orjson.loads(line))
        info = _batch_info(value)
        if info is not None:
            kept = value.get("payload")
            event = kept.encode() if isinstance(kept, str) else None
            return FailedDocument(number, line, _span(info), event)
    except orjson.JSONDecodeError:
        raise RecordingError(path, number, "not JSON, so no document of a failure") from None
    except (KeyError, TypeError, ValueError):
        message = "no document of a batch: it needs shardId, streamArn and both sequence numbers"
        raise RecordingError(path, number, message) from None
    if isinstance(value, dict) and "requestPayload" in value and "requestContext" in value:
        value = value["requestPayload"]
    return FailedDocument(number, line, None, orjson.dumps(value))


def _unwrapped(value: Any) -> Any:
    """What a message carries, where it is one."""
    for _ in range(UNWRAPPED_MAX):
        text = next((value[key] for key in _WRAPPERS if _carries(value, key)), None)
        if text is None:
            break
        value = orjson.loads(text)
    return value


def _carries(value: Any, key: str) -> bool:
    """Whether a message has a document in JSON there."""
    text = value.get(key) if isinstance(value, dict) else None
    return isinstance(text, str) and text.lstrip()[:1] == "{"


def _batch_info(value: Any) -> dict[str, Any] | None:
    """What a document says of its batch: ``KinesisBatchInfo``, ``DDBStreamBatchInfo``."""
    if not isinstance(value, dict):
        return None
    return next((value[key] for key in value if key.endswith("BatchInfo")), None)


def _span(info: dict[str, Any]) -> Span:
    first, last = int(info["startSequenceNumber"]), int(info["endSequenceNumber"])
    return Span(info["shardId"], first, last, int(info["batchSize"]), info["streamArn"])
