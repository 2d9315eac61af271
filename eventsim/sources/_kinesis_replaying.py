"""Recorded Kinesis records as a stream takes them, and as it would have shown them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eventsim.recordings import RecordedRecord
from eventsim.rules import kinesis as rules
from eventsim.types import PutRecord, Record

AT_ONCE = rules.PUT_RECORDS_MAX
LOOKED_FOR = True  # a stream cannot tell the same record from another, so nobody may repeat it


def resource(name: str, shards: int, first: RecordedRecord | None) -> tuple[str, dict[str, Any]]:
    """The stream that records of so many shards are replayed onto, and its name."""
    return name, {"type": "kinesis", "shards": shards}


def put(record: RecordedRecord, shards: Sequence[str] = ()) -> PutRecord:
    """What to put, so that those of one of *shards* share one of as many equal shards again.

    Without shards the key decides, or the recorded hash key.
    """
    hash_key = record.explicit_hash_key
    if record.shard is not None and record.shard in shards:
        hash_key = rules.HASH_KEYS // len(shards) * shards.index(record.shard)
    return PutRecord(record.key, record.data, hash_key)


def write(record: RecordedRecord, shards: Sequence[str] = ()) -> PutRecord:
    """What to put on a stream that lives on, whose shards may be others: the same."""
    return put(record, shards)


def read(record: RecordedRecord) -> Record:
    """The record as a reader of the recorded stream saw it."""
    return Record(record.sequence_number or "", record.key, record.data, record.arrival)
