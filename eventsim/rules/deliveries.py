"""
A document in the form in which each kind of destination takes it.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html

Pure: no clock, no I/O.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

import orjson

from eventsim.rules.sns import MESSAGE_BYTES_MAX
from eventsim.types import Document, Publish, PutEvent, SendMessage

OBJECT_CONTENT_TYPE = "application/octet-stream"
BUS_SOURCE = "lambda"


class StoredDocument(NamedTuple):
    """A document as S3 stores it."""

    key: str
    body: bytes


def as_text(document: Document) -> str:
    """The body as JSON text."""
    return orjson.dumps(document.body).decode()


def as_message(document: Document) -> SendMessage:
    """The document as a message of a queue."""
    return SendMessage(as_text(document), document.attributes, trace_header=document.trace_header)


def as_notification(document: Document) -> Publish:
    """The document as a topic takes it: without the payloads, where they make it too large."""
    body = orjson.dumps(document.body)
    if document.brief is not None and len(body) > MESSAGE_BYTES_MAX:
        body = orjson.dumps(document.brief)
    attributes, trace_header = document.attributes, document.trace_header
    return Publish(body.decode(), message_attributes=attributes, trace_header=trace_header)


def as_object(document: Document, uuid: str) -> StoredDocument:
    """The document as an object, *uuid* ending its key; an event is in it as JSON text."""
    moment = datetime.fromtimestamp(document.timestamp, UTC)
    key = f"{document.prefix}{moment:%Y/%m/%d/%Y-%m-%dT%H.%M.%S}-{uuid}"
    body = document.body
    if document.event is not None:
        body = body | {"payload": document.event.encoded().decode()}
    return StoredDocument(key, orjson.dumps(body))


def as_bus_event(document: Document, bus_arn: str) -> PutEvent:
    """The document as an event on a bus, which stands before the function in its resources."""
    resources = (bus_arn, document.function_arn)
    return PutEvent(
        BUS_SOURCE, document.detail_type, as_text(document), resources, document.trace_header
    )
