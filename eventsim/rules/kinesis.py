"""
Kinesis by numbers: hash keys, sequence numbers, ARNs, and what the API refuses.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecord.html
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html
(Hash keys are 128 bits wide and an EndingHashKey belongs to its shard. A record may have 10 MiB,
its partition key included; one GetRecords returns at most 10,000 records and 10 MiB.)

Sequence numbers look like AWS's, 56 digits beginning with 4959, but are ours inside: the second
in which the shard was opened, the shard's index, a counter. So they grow within a shard, and
those of a shard opened later are greater than those of its parents.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import md5
from typing import NamedTuple

from eventsim.rules.arns import arn
from eventsim.rules.refusals import Refusal
from eventsim.types import PutRecord, Record

HASH_KEYS = 2**128
SHARDS_MAX = 10_000
PARTITION_KEY_CHARACTERS_MAX = 256
RECORD_BYTES_MAX = 10 * 1024 * 1024
PUT_RECORDS_MAX = 500
READ_RECORDS_MAX = 10_000
READ_BYTES_MAX = 10 * 1024 * 1024
ITERATOR_SECONDS = 300.0
INVALID_ITERATOR = "InvalidArgumentException"
RETENTION_HOURS_MIN, RETENTION_HOURS_MAX = 24, 8_760
CONSUMERS_MAX = 20
CONSUMER_NAME = r"[a-zA-Z0-9_.-]{1,128}"

WRITE_BYTES_PER_SECOND = 1024 * 1024
WRITE_RECORDS_PER_SECOND = 1_000
READ_BYTES_PER_SECOND = 2 * 1024 * 1024
READS_PER_SECOND = 5

# The number of the shard's opening; its first record has the next one. Always 18 digits.
FIRST_NUMBER = 10**17
_NUMBER_DIGITS = 18
_SEQUENCE_DIGITS = 56


class HashKeyRange(NamedTuple):
    """The hash keys of one shard, both ends included."""

    starting_hash_key: int
    ending_hash_key: int


def hash_key_ranges(shard_count: int) -> list[HashKeyRange]:
    """Return the ranges of a new stream: equal but for the last, without a gap, in order."""
    width = HASH_KEYS // shard_count
    starts = [width * index for index in range(shard_count)]
    ends = [*(start - 1 for start in starts[1:]), HASH_KEYS - 1]
    return [HashKeyRange(start, end) for start, end in zip(starts, ends, strict=True)]


def hash_key(partition_key: str) -> int:
    """Return the hash key that a partition key has when none is given explicitly."""
    return int.from_bytes(md5(partition_key.encode(), usedforsecurity=False).digest())


def shard_id(index: int) -> str:
    """Return the id of a stream's shard number *index*, counted from 0."""
    return f"shardId-{index:012d}"


def stream_arn(name: str, account: str, region: str) -> str:
    """Return the ARN of a stream."""
    return arn("kinesis", region, account, f"stream/{name}")


def consumer_arn(stream: str, consumer: str, created: float) -> str:
    """Return the ARN of a consumer of the stream with that ARN, made at epoch time *created*."""
    return f"{stream}/consumer/{consumer}:{int(created)}"


def sequence_prefix(opened: float, shard_index: int) -> str:
    """Return the 38 digits that the numbers of a shard opened at epoch time *opened* share."""
    return f"4959{max(0, int(opened)):011d}{shard_index:06d}{'0' * 17}"


def sequence_number(prefix: str, number: int) -> str:
    """Return the sequence number of a shard's record number *number*, counted from 1."""
    return prefix + str(FIRST_NUMBER + number)


@lru_cache(maxsize=1_024)  # a reader asks for the same one again and again
def number_in_shard(prefix: str, sequence: str) -> int | None:
    """Return which record of the shard *sequence* stands for, or None if it is not of the shard."""
    if len(sequence) != _SEQUENCE_DIGITS or not sequence.startswith(prefix):
        return None
    digits = sequence[-_NUMBER_DIGITS:]
    if not (digits.isascii() and digits.isdecimal()) or int(digits) < FIRST_NUMBER:
        return None
    return int(digits) - FIRST_NUMBER


def arrival_stamp(timestamp: float) -> float:
    """Return the arrival that AWS would show: whole milliseconds, never after *timestamp*."""
    return int(timestamp * 1000 + 0.001) / 1000  # 0.001 makes up for what doubles cannot hold


def record_size(record: PutRecord | Record) -> int:
    """Return the bytes that count for the limits: data and partition key."""
    return len(record.data) + len(record.partition_key.encode())


def refuse_record(record: PutRecord) -> Refusal | None:
    """Return why PutRecords refuses *record*, or None when it is all right."""
    key, hash_key = record.partition_key, record.explicit_hash_key
    if not key:
        return _refuse_length("", "partitionKey", "greater than or equal to 1")
    if len(key) > PARTITION_KEY_CHARACTERS_MAX:
        limit = f"less than or equal to {PARTITION_KEY_CHARACTERS_MAX}"
        return _refuse_length(key, "partitionKey", limit)
    if not _is_utf8(key):
        return Refusal("SerializationException", "a partition key must be Unicode text")
    if hash_key is not None and not 0 <= hash_key < HASH_KEYS:
        return Refusal(
            "InvalidArgumentException",
            "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. "
            f"Specified value was {hash_key}",
        )
    if not isinstance(record.data, bytes):
        kind = type(record.data).__name__
        return Refusal("SerializationException", f"the data of a record is bytes, not {kind}")
    if record_size(record) > RECORD_BYTES_MAX:
        return _refuse_length("...", "data", f"less than or equal to {RECORD_BYTES_MAX}")
    return None


def refuse_limit(limit: int) -> Refusal | None:
    """Return why GetRecords refuses this Limit, or None when it is all right."""
    if 1 <= limit <= READ_RECORDS_MAX:
        return None
    return Refusal(
        "InvalidArgumentException",
        f"Limit {limit} is not between 1 and {READ_RECORDS_MAX}",
    )


def _refuse_length(value: str, field: str, limit: str) -> Refusal:
    return Refusal(
        "ValidationException",
        f"1 validation error detected: Value '{value}' at '{field}' failed to satisfy "
        f"constraint: Member must have length {limit}",
    )


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
