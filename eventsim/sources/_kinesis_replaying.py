"""Recorded Kinesis records as a stream takes them, and as it would have shown them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eventsim.recordings import RecordedRecord
from eventsim.rules import kinesis as rules
from eventsim.types import PutRecord, Record


def recorded_resource(shards: int) -> dict[str, Any]:
    """The stream that records of so many shards are replayed onto."""
    return {"type": "kinesis", "shards": shards}


def recorded_put(record: RecordedRecord, shards: Sequence[str] = ()) -> PutRecord:
    """What to put, so that those of one of *shards* share one of as many equal shards again.

    Without shards the key decides, or the recorded hash key.
    """
    key, data, hash_key = record.key, record.data, record.explicit_hash_key
    if record.shard is not None and record.shard in shards:
        width = rules.HASH_KEYS // len(shards)
        hash_key = width * shards.index(record.shard)
    return PutRecord(key, data, hash_key)


def recorded_read(record: RecordedRecord) -> Record:
    """The record as a reader of the recorded stream saw it."""
    return Record(record.sequence_number or "", record.key, record.data, record.arrival)
