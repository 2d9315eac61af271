"""
Records that the Kinesis Producer Library packed into one.

https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md

Four magic bytes, a protobuf message AggregatedRecord, and the MD5 of the message. The message has
a table of partition keys (field 1), one of explicit hash keys (field 2), and the records (field
3), which name both by their place in the tables (1 and 2) and carry their data (3) and tags.

What is damaged, or only begins like an aggregate, is a record like any other. An aggregate with a
record whose hash key is of another shard was packed for shards that are no more: whoever packed it
is told by the answer to its put, and puts those records again, so none of it is delivered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import md5
from typing import NamedTuple, TypeVar

from eventsim.rules.kinesis import HASH_KEYS, HashKeyRange, hash_key
from eventsim.types import Record

MAGIC = b"\xf3\x89\x9a\xc2"
_DIGEST_BYTES = 16
_VARINT_BYTES_MAX = 10
_VARINT, _LENGTH = 0, 2  # wire types; the others tell how many bytes they have
_FIXED = {1: 8, 5: 4}

T = TypeVar("T")


class UserRecord(NamedTuple):
    """One of the records in an aggregate."""

    partition_key: str
    explicit_hash_key: int | None
    data: bytes

    @property
    def hash_key(self) -> int:
        """What decides its shard."""
        given = self.explicit_hash_key
        return hash_key(self.partition_key) if given is None else given


class _Damaged(ValueError):
    """The bytes are no AggregatedRecord."""


def is_aggregate(data: bytes) -> bool:
    """Whether *data* begins as an aggregate does, and is long enough for one."""
    return data[:4] == MAGIC and len(data) > len(MAGIC) + _DIGEST_BYTES


def user_records(data: bytes) -> Sequence[UserRecord] | None:
    """Return the records in *data*, or None when it is not a whole aggregate."""
    if not is_aggregate(data):
        return None
    message, digest = data[len(MAGIC) : -_DIGEST_BYTES], data[-_DIGEST_BYTES:]
    if md5(message, usedforsecurity=False).digest() != digest:
        return None
    try:
        return _aggregated(message)
    except ValueError:  # _Damaged, or a key that is no UTF-8
        return None


def deaggregated(record: Record, keys: HashKeyRange) -> Sequence[Record]:
    """Return what is delivered for *record* from the shard with the hash keys *keys*.

    The records of an aggregate share its sequence number and arrival. Anything but a whole
    aggregate is delivered as it is; of one packed for other shards, nothing is.
    """
    found = user_records(record.data)
    if found is None:
        return [record]
    first, last = keys
    if not all(first <= each.hash_key <= last for each in found):
        return []
    return [record._replace(partition_key=each.partition_key, data=each.data) for each in found]


def _aggregated(message: bytes) -> list[UserRecord]:
    partition_keys: list[str] = []
    hash_keys: list[int] = []
    records: list[bytes] = []
    for field, value in _fields(message):
        match field, value:
            case 1, bytes():
                partition_keys.append(value.decode())
            case 2, bytes():
                hash_keys.append(_hash_key(value))
            case 3, bytes():
                records.append(value)
            case ((1 | 2 | 3), _):
                raise _Damaged
    if not records:
        raise _Damaged
    return [_user_record(record, partition_keys, hash_keys) for record in records]


def _user_record(
    message: bytes, partition_keys: Sequence[str], hash_keys: Sequence[int]
) -> UserRecord:
    partition_key: int | None = None
    explicit_hash_key: int | None = None
    data: bytes | None = None
    for field, value in _fields(message):
        match field, value:
            case 1, int():
                partition_key = value
            case 2, int():
                explicit_hash_key = value
            case 3, bytes():
                data = value
            case ((1 | 2 | 3), _):
                raise _Damaged
    if partition_key is None or data is None:
        raise _Damaged
    return UserRecord(
        _at(partition_keys, partition_key),
        None if explicit_hash_key is None else _at(hash_keys, explicit_hash_key),
        data,
    )


def _at(table: Sequence[T], index: int) -> T:
    if index >= len(table):
        raise _Damaged
    return table[index]


def _hash_key(digits: bytes) -> int:
    if not (digits.isdigit() and len(digits) < 40 and int(digits) < HASH_KEYS):
        raise _Damaged
    return int(digits)


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes | None]]:
    """The number and the value of each field of a protobuf message; None for one of fixed width."""
    place = 0
    while place < len(message):
        tag, place = _varint(message, place)
        field, wire_type = tag >> 3, tag & 7
        if wire_type == _VARINT:
            value, place = _varint(message, place)
            yield field, value
            continue
        if wire_type == _LENGTH:
            length, place = _varint(message, place)
        elif wire_type in _FIXED:
            length = _FIXED[wire_type]
        else:
            raise _Damaged
        if length > len(message) - place:
            raise _Damaged
        yield field, message[place : place + length] if wire_type == _LENGTH else None
        place += length


def _varint(message: bytes, place: int) -> tuple[int, int]:
    """The number at *place*, and the place behind it."""
    value = 0
    for shift in range(_VARINT_BYTES_MAX):
        if place >= len(message):
            raise _Damaged
        byte = message[place]
        place += 1
        value |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            return value, place
    raise _Damaged
