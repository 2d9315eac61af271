"""A record from the fields of an object or a row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from eventsim.recordings import Asked, RecordedRecord
from eventsim.recordings._asked import found
from eventsim.recordings._forms import dumped


def record_of(
    fields: Mapping[str, Any],
    content: bytes,
    asked: Asked,
    key: str,
    time: Any = None,
) -> RecordedRecord:
    """The record of *fields*: its data is *content*, or the field asked for.

    *key* and *time* are for a format that has them where no field was asked for. Raises
    ValueError.
    """
    data = content
    if asked.data is not None:
        value = found(fields, asked.data)
        if value is None:
            raise ValueError(f"has no {asked.data}")
        data = _bytes_of(value, content, asked.data)
    return RecordedRecord(asked.arrival_in(fields, time), asked.key_in(fields, key), data)


def _bytes_of(value: Any, content: bytes, name: str) -> bytes:
    if isinstance(value, bytes):
        return value
    return value.encode() if isinstance(value, str) else _exact(content, name, value)


def _exact(content: bytes, name: str, value: Any) -> bytes:
    """The value as JSON, whole numbers with all their digits: *value* has them as floats."""
    try:
        own = found(json.loads(content), name)
    except RecursionError:  # orjson goes deeper
        return dumped(value)
    return dumped(value) if own == value else json.dumps(own, separators=(",", ":")).encode()
