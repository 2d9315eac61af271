"""Recorded changes as a table's stream tells them again, and the writes that led to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from eventsim.errors import EventsimError
from eventsim.recordings import RecordedRecord
from eventsim.rules import dynamodb as rules
from eventsim.types import PutRecord, Record

AT_ONCE = 1  # each write is a request of its own
LOOKED_FOR = False  # the same write again changes nothing


def resource(name: str, shards: int, first: RecordedRecord | None) -> tuple[str, dict[str, Any]]:
    """The table whose stream tells the changes again, and its name."""
    key: dict[str, str] = {"id": "S"}
    view = "NEW_AND_OLD_IMAGES"
    if first is not None:
        change: rules.Change = first.data
        view = change.view_type
        key = {attribute: next(iter(value)) for attribute, value in _loads(change.keys).items()}
    return name, {"type": "dynamodb", "key": key, "view": view, "partitions": shards}


def put(record: RecordedRecord, shards: Sequence[str] = ()) -> PutRecord:
    """The change as it was told, on the shard that stands for its own where *shards* has it."""
    index = shards.index(record.shard) if record.shard in shards else None
    return PutRecord(record.key, record.data, index)


def write(record: RecordedRecord, shards: Sequence[str] = ()) -> PutRecord:
    """The write that leads to the same item. Raises EventsimError where no image tells it."""
    change: rules.Change = record.data
    if change.event_name == "REMOVE":
        return PutRecord("", rules.Write("delete", _loads(change.keys)))
    if change.new_image is None:
        raise EventsimError(
            f"the recording has no new images (its view is {change.view_type}), so it does not "
            "tell what to write; record a stream with NEW_IMAGE or NEW_AND_OLD_IMAGES"
        )
    return PutRecord("", rules.Write("put", _loads(change.new_image)))


def read(record: RecordedRecord) -> Record:
    """The record as a reader of the recorded stream saw it."""
    return Record(record.sequence_number or "", record.key, record.data, record.arrival)


def _loads(image: bytes) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(image)
    return found
