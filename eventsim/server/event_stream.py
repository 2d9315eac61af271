"""
The event streams of AWS, application/vnd.amazon.eventstream: one frame for each event.

https://smithy.io/2.0/aws/amazon-eventstream.html
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

import orjson

MEDIA_TYPE = "application/vnd.amazon.eventstream"
_TEXT = 7  # the type of a header whose value is text


def event(name: str, payload: bytes, content_type: str = "application/octet-stream") -> bytes:
    """The frame of an event, by its name in the model."""
    return _frame(
        {":message-type": "event", ":event-type": name, ":content-type": content_type}, payload
    )


def json_event(name: str, members: dict[str, Any]) -> bytes:
    """The frame of an event whose members are a JSON object."""
    return event(name, orjson.dumps(members), "application/json")


def exception(name: str, message: str) -> bytes:
    """The frame of an error that ends a stream."""
    headers = {":message-type": "exception", ":exception-type": name}
    return _frame(
        {**headers, ":content-type": "application/json"}, orjson.dumps({"message": message})
    )


def _frame(headers: dict[str, str], payload: bytes) -> bytes:
    encoded = b"".join(_header(name, value) for name, value in headers.items())
    prelude = struct.pack("!II", 16 + len(encoded) + len(payload), len(encoded))
    begun = prelude + struct.pack("!I", zlib.crc32(prelude)) + encoded + payload
    return begun + struct.pack("!I", zlib.crc32(begun))


def _header(name: str, value: str) -> bytes:
    return struct.pack(
        f"!B{len(name)}sBH{len(value)}s",
        len(name),
        name.encode(),
        _TEXT,
        len(value),
        value.encode(),
    )
