"""
Aggregates of the Kinesis Producer Library, made here by an encoder of its own.

https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import md5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsim.rules.kinesis import HASH_KEYS, HashKeyRange, hash_key
from eventsim.rules.kpl import MAGIC, UserRecord, deaggregated, is_aggregate, user_records
from eventsim.types import Record

WHOLE = HashKeyRange(0, HASH_KEYS - 1)

inner = st.builds(
    UserRecord,
    st.text(st.characters(codec="utf-8"), max_size=5),
    st.none() | st.integers(0, HASH_KEYS - 1),
    st.binary(max_size=300),
)


def varint(number: int) -> bytes:
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


def number_field(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def bytes_field(field: int, value: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(value)) + value


def sealed(message: bytes) -> bytes:
    """The message with the magic bytes before it and its checksum behind it."""
    return MAGIC + message + md5(message, usedforsecurity=False).digest()


def aggregate(records: Sequence[UserRecord], tag: bool = False) -> bytes:
    """An aggregate as the library writes it: two tables, then the records."""
    keys = sorted({record.partition_key for record in records})
    hashes = sorted(
        {each.explicit_hash_key for each in records if each.explicit_hash_key is not None}
    )
    message = b"".join(bytes_field(1, key.encode()) for key in keys)
    message += b"".join(bytes_field(2, str(hashed).encode()) for hashed in hashes)
    for record in records:
        body = number_field(1, keys.index(record.partition_key))
        if record.explicit_hash_key is not None:
            body += number_field(2, hashes.index(record.explicit_hash_key))
        body += bytes_field(3, record.data)
        if tag:
            body += bytes_field(4, bytes_field(1, b"tag"))
        message += bytes_field(3, body)
    return sealed(message)


@given(st.lists(inner, min_size=1, max_size=20), st.booleans())
def test_what_was_packed_comes_out(records: list[UserRecord], tag: bool) -> None:
    assert user_records(aggregate(records, tag)) == records


def test_an_aggregate_as_the_library_packs_it_byte_for_byte() -> None:
    records = [UserRecord("a", None, b"one"), UserRecord("bc", 5, b"")]

    message = (
        b"\x0a\x01a\x0a\x02bc"  # the partition keys
        b"\x12\x015"  # the explicit hash key
        b"\x1a\x07\x08\x00\x1a\x03one"
        b"\x1a\x06\x08\x01\x10\x00\x1a\x00"
    )
    assert aggregate(records) == sealed(message)
    assert user_records(sealed(message)) == records


@given(st.lists(inner, min_size=1, max_size=5), st.data())
def test_a_damaged_aggregate_is_none(records: list[UserRecord], data: st.DataObject) -> None:
    whole = aggregate(records)
    at = data.draw(st.integers(0, len(whole) - 1))
    flipped = bytearray(whole)
    flipped[at] ^= data.draw(st.integers(1, 255))

    assert user_records(bytes(flipped)) is None
    assert user_records(whole[:at]) is None
    assert user_records(whole + b"x") is None


@given(st.binary(max_size=200))
def test_any_message_with_a_right_checksum_is_read_or_refused(message: bytes) -> None:
    found = user_records(sealed(message))

    assert found is None or len(found) > 0


@given(st.lists(inner, min_size=1, max_size=3), st.data())
def test_a_message_changed_before_it_was_sealed_is_read_or_refused(
    records: list[UserRecord], data: st.DataObject
) -> None:
    message = bytearray(aggregate(records)[len(MAGIC) : -16])
    for _ in range(data.draw(st.integers(1, 4))):
        message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))

    found = user_records(sealed(bytes(message)))

    assert found is None or all(0 <= record.hash_key < HASH_KEYS for record in found)


@pytest.mark.parametrize(
    "message",
    [
        b"",  # no record
        bytes_field(1, b"a"),  # a key, and no record
        bytes_field(3, number_field(1, 0) + bytes_field(3, b"")),  # no table of keys
        bytes_field(1, b"a") + bytes_field(3, number_field(1, 1) + bytes_field(3, b"")),
        bytes_field(1, b"a") + bytes_field(3, number_field(1, 0)),  # no data
        bytes_field(1, b"a") + bytes_field(3, bytes_field(3, b"")),  # no key
        bytes_field(1, b"\xff") + bytes_field(3, number_field(1, 0) + bytes_field(3, b"")),
        number_field(1, 7),  # a key that is a number
        bytes_field(2, str(HASH_KEYS).encode()),
        bytes_field(2, "٣".encode()),
        b"\x0a\x05abc",  # longer than there is
        b"\x0a" + b"\xff" * 11,  # a length without an end
        b"\x0b",  # a wire type that nobody uses any more
        b"\x19" + b"\0" * 8,  # a record of fixed width
    ],
)
def test_a_message_that_is_no_aggregate_is_none(message: bytes) -> None:
    assert user_records(sealed(message)) is None


def test_fields_that_nobody_knows_are_passed_over() -> None:
    unknown = varint(9 << 3 | 1) + b"\0" * 8 + varint(9 << 3 | 5) + b"\0" * 4 + number_field(9, 300)
    message = bytes_field(1, b"a") + unknown + bytes_field(3, number_field(1, 0) + b"\x1a\x01x")

    assert user_records(sealed(message)) == [UserRecord("a", None, b"x")]


def test_the_records_of_an_aggregate_share_its_number_and_arrival() -> None:
    packed = aggregate([UserRecord("a", None, b"1"), UserRecord("b", 7, b"2")])
    outer = Record("49", "outer", packed, 12.5)

    assert is_aggregate(packed)
    assert deaggregated(outer, WHOLE) == [
        Record("49", "a", b"1", 12.5),
        Record("49", "b", b"2", 12.5),
    ]


@pytest.mark.parametrize("data", [b"", b"{}", MAGIC, MAGIC + b"x" * 40])
def test_what_is_no_aggregate_is_delivered_as_it_is(data: bytes) -> None:
    record = Record("49", "a", data, 12.5)

    assert deaggregated(record, WHOLE) == [record]


def test_an_aggregate_packed_for_another_shard_is_not_delivered() -> None:
    lower = HashKeyRange(0, 9)
    mine, theirs = UserRecord("a", 9, b"mine"), UserRecord("a", 10, b"theirs")

    def delivered(*records: UserRecord) -> list[bytes]:
        return [
            each.data for each in deaggregated(Record("1", "k", aggregate(records), 0.0), lower)
        ]

    assert delivered(mine) == [b"mine"]
    assert delivered(mine, theirs) == []
    assert delivered(UserRecord("a", None, b"hashed")) == []
    assert hash_key("a") > 9
