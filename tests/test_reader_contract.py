"""
What every Kinesis stream and its readers keep besides test_stream_contract.py, on any back end.

Three back ends: simulated, moto in this process, and an endpoint (moto's server on a port of its
own). What moto cannot pass is marked where it is, with what is wrong with it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from eventsim.backends import Backend, open_backend
from eventsim.clock import Clock
from eventsim.errors import ServiceError, Unreachable
from eventsim.sources import kinesis
from eventsim.streams import PutSummary
from eventsim.types import Position, PutRecord, Reader, Record, Stream

BACKENDS = ("simulated", "moto", "endpoint")
TRIM_HORIZON = Position("TRIM_HORIZON")


@dataclass
class Place:
    """A stream called orders on a back end, and what was told of its puts."""

    backend: Backend
    clock: Clock
    shards: int = 2
    told: list[PutSummary] = field(default_factory=list)

    async def stream(self, **resource: Any) -> Stream:
        settings = kinesis.Resource(**{"shards": self.shards, **resource})
        return await kinesis.open_stream("orders", settings, self.backend, self.told.append)


@pytest.fixture(params=BACKENDS)
async def place(request: pytest.FixtureRequest, clock: Clock) -> AsyncIterator[Place]:
    url = request.getfixturevalue("moto_server") if request.param == "endpoint" else None
    backend = await open_backend(request.param, clock, endpoint_url=url)
    yield Place(backend, clock)
    await backend.aclose()


def record(key: str, number: int) -> PutRecord:
    return PutRecord(key, f"{key}{number}".encode())


def records(count: int, keys: str = "abcdef") -> list[PutRecord]:
    return [record(keys[number % len(keys)], number) for number in range(count)]


def data_of(records: Sequence[Record]) -> list[bytes]:
    return [record.data for record in records]


def cannot(
    place: Place, request: pytest.FixtureRequest, why: str, *raises: type[BaseException]
) -> None:
    """Mark what moto is known to fail, in this process and behind its server."""
    if place.backend.name != "simulated":
        request.applymarker(pytest.mark.xfail(reason=why, raises=raises, strict=True))


async def spread(place: Place, stream: Stream, count: int) -> list[Record]:
    """Put *count* records of one key, each at another time, and read them back."""
    (shard,) = await stream.shards()
    for number in range(count):
        await stream.put([record("a", number)])
        await place.clock.sleep(1.0)
    reader = stream.reader(shard.shard_id, TRIM_HORIZON)
    found: list[Record] = []
    while len(found) < count:
        found += (await reader.read(None)).records
    return found


async def read_to_end(reader: Reader) -> list[Record]:
    found: list[Record] = []
    while True:
        read = await reader.read(None)
        found += read.records
        if read.ended:
            return found


async def read_all(stream: Stream, position: Position = TRIM_HORIZON) -> dict[str, list[Record]]:
    return {
        shard.shard_id: await read_to_end(stream.reader(shard.shard_id, position))
        for shard in await stream.shards()
    }


async def one_shard(place: Place) -> tuple[Stream, str]:
    stream = await place.stream(shards=1)
    (shard,) = await stream.shards()
    return stream, shard.shard_id


async def test_every_record_is_read_once_and_in_order(place: Place) -> None:
    stream, put = await place.stream(), records(60)

    await stream.put(put[:25])
    await stream.put(put[25:])
    stream.finish()
    found = await read_all(stream)

    assert sorted(data_of([r for shard in found.values() for r in shard])) == sorted(
        record.data for record in put
    )
    assert min(map(len, found.values())) > 0
    for shard in found.values():
        numbers = [int(record.sequence_number) for record in shard]
        assert numbers == sorted(set(numbers))
        for key in "abcdef":
            mine = [record.data for record in shard if record.partition_key == key]
            assert mine in ([], [record.data for record in put if record.partition_key == key])


async def test_the_stream_says_which_it_is(place: Place) -> None:
    stream = await place.stream(retention_hours=48)

    assert stream.arn == "arn:aws:kinesis:us-east-1:123456789012:stream/orders"
    assert stream.retention_seconds == 48 * 3600
    assert [shard.shard_id for shard in await stream.shards()] == [
        "shardId-000000000000",
        "shardId-000000000001",
    ]


async def test_an_explicit_hash_key_decides_the_shard(place: Place) -> None:
    stream = await place.stream()

    await stream.put([PutRecord("a", b"low", 0), PutRecord("a", b"high", 2**127)])
    stream.finish()

    found = await read_all(stream)
    assert [data_of(shard) for shard in found.values()] == [[b"low"], [b"high"]]


async def test_an_ending_hash_key_belongs_to_its_shard(
    place: Place, request: pytest.FixtureRequest
) -> None:
    cannot(place, request, "K10: to moto no shard has it", AttributeError, Unreachable)
    stream = await place.stream()

    await stream.put([PutRecord("a", b"highest", 2**128 - 1), PutRecord("a", b"mid", 2**127 - 1)])
    stream.finish()

    found = await read_all(stream)
    assert [data_of(shard) for shard in found.values()] == [[b"mid"], [b"highest"]]


async def test_sequence_numbers_have_56_digits(
    place: Place, request: pytest.FixtureRequest
) -> None:
    cannot(place, request, "K6: moto counts 1, 2, 3", AssertionError)
    stream, shard_id = await one_shard(place)
    await stream.put(records(3))
    stream.finish()

    found = await read_to_end(stream.reader(shard_id, TRIM_HORIZON))

    assert [len(record.sequence_number) for record in found] == [56, 56, 56]


async def test_puts_are_told_by_shard_before_they_are_read(place: Place) -> None:
    stream, shard_id = await one_shard(place)
    await place.clock.sleep_until(2.0)

    await stream.put(records(3))
    told = list(place.told)
    stream.finish()
    found = await read_to_end(stream.reader(shard_id, TRIM_HORIZON))

    first, last = found[0].sequence_number, found[-1].sequence_number
    (one,) = told
    assert one == PutSummary(shard_id, first, last, 3, one.since, one.since, one.held)
    assert list(one.held) in ([], list(found))  # not every back end has them at hand
    assert place.told == told
    assert told[0].since == pytest.approx(2.0, abs=1.0)


async def test_a_position_gives_exactly_the_records_behind_it(place: Place) -> None:
    stream, shard_id = await one_shard(place)
    found = await spread(place, stream, 5)
    third = found[2]
    stream.finish()

    async def read_from(position: Position) -> list[Record]:
        return await read_to_end(stream.reader(shard_id, position))

    number = third.sequence_number
    assert await read_from(TRIM_HORIZON) == found
    assert await read_from(Position("AT_SEQUENCE_NUMBER", sequence_number=number)) == found[2:]
    assert await read_from(Position("AFTER_SEQUENCE_NUMBER", sequence_number=number)) == found[3:]
    assert await read_from(Position("AT_TIMESTAMP", timestamp=third.arrival)) == found[2:]
    assert await read_from(Position("AT_TIMESTAMP", timestamp=third.arrival - 0.0005)) == found[2:]
    assert await read_from(Position("LATEST")) == []


async def test_a_record_the_api_refuses_is_refused_with_its_code(place: Place) -> None:
    stream, shard_id = await one_shard(place)
    refused = [
        (PutRecord("", b""), "ValidationException"),
        (PutRecord("k" * 257, b""), "ValidationException"),
        (PutRecord("a", b"", 2**128), "InvalidArgumentException"),
        (PutRecord("a", b"x" * (10 * 1024 * 1024)), "ValidationException"),
    ]

    for bad, code in refused:
        with pytest.raises(ServiceError) as error:
            await stream.put([record("a", 1), bad])
        assert error.value.code == code

    stream.finish()
    assert await read_to_end(stream.reader(shard_id, TRIM_HORIZON)) == []


async def test_a_shard_that_is_not_there_is_a_service_error(place: Place) -> None:
    stream = await place.stream()

    with pytest.raises(ServiceError) as error:
        await stream.reader("shardId-000000000009", TRIM_HORIZON).read(None)

    assert error.value.code == "ResourceNotFoundException"
