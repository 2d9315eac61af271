"""
What every stream and its readers keep, whichever back end they are on.

Three back ends: simulated, moto in this process, and an endpoint (moto's server on a port of its
own). What moto cannot pass is marked where it is, with what is wrong with it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio
import pytest

from eventsim.backends import Backend, open_backend
from eventsim.clock import Clock
from eventsim.errors import RecordingError, ServiceError, Unreachable
from eventsim.sources import kinesis
from eventsim.streams import PutSummary
from eventsim.types import Position, PutRecord, Reader, Record, Stream, TimedRecord

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
    assert told == [PutSummary(shard_id, first, last, 3, told[0].since, told[0].since)]
    assert place.told == told
    assert told[0].since == pytest.approx(2.0, abs=1.0)


async def test_latest_skips_what_was_there(place: Place) -> None:
    stream, shard_id = await one_shard(place)
    await stream.put([record("old", 1)])
    reader = stream.reader(shard_id, Position("LATEST"))

    assert list((await reader.read(place.clock.time() + 2.5)).records) == []
    await stream.put([record("new", 1)])
    stream.finish()

    assert data_of(await read_to_end(reader)) == [b"new1"]


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


async def test_an_empty_stream_ends_when_nobody_will_put(place: Place) -> None:
    stream, shard_id = await one_shard(place)
    reader = stream.reader(shard_id, TRIM_HORIZON)
    waited = await reader.read(place.clock.time() + 3.5)
    stream.finish()

    ended = await reader.read(None)

    assert (list(waited.records), waited.polls, waited.ended) == ([], 4, False)
    assert (list(ended.records), ended.ended) == ([], True)
    assert (await reader.read(None)).ended


async def test_what_is_put_between_two_reads_is_read(place: Place) -> None:
    stream, shard_id = await one_shard(place)
    reader = stream.reader(shard_id, TRIM_HORIZON)
    seen = []
    for number in range(4):
        await stream.put([record("a", number)])
        seen += data_of((await reader.read(None)).records)

    assert seen == [b"a0", b"a1", b"a2", b"a3"]


async def test_a_reader_that_waits_wakes_for_a_put(place: Place) -> None:
    stream, shard_id = await one_shard(place)
    reader = stream.reader(shard_id, TRIM_HORIZON)

    async def put_later() -> None:
        await place.clock.sleep_until(7.3)
        await stream.put([record("a", 1)])

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(put_later)
        read = await reader.read(None)

    assert (data_of(read.records), read.polls, place.clock.time()) == ([b"a1"], 9, 8.0)


async def test_until_is_kept_and_the_reader_goes_on_behind_it(place: Place) -> None:
    stream, shard_id = await one_shard(place)
    reader = stream.reader(shard_id, TRIM_HORIZON)

    nothing = await reader.read(60.0)
    at = place.clock.time()
    await stream.put([record("a", 1)])
    something = await reader.read(120.0)

    # Polls at 0, 1 … 59; the one at 60 belongs to the next read.
    assert (list(nothing.records), nothing.polls, nothing.ended, at) == ([], 60, False, 60.0)
    assert (data_of(something.records), something.polls) == ([b"a1"], 1)
    assert place.clock.time() == 60.0


async def test_records_are_read_back_to_back_while_there_are_more(place: Place) -> None:
    if place.backend.name == "endpoint":
        pytest.skip("10,001 records through moto twice: once in this process is enough")
    stream, shard_id = await one_shard(place)
    await stream.put([PutRecord("a", b"") for _ in range(10_001)])
    reader = stream.reader(shard_id, TRIM_HORIZON)

    first, second = await reader.read(None), await reader.read(None)

    assert (len(first.records), first.behind > 0) == (10_000, True)
    assert (len(second.records), second.behind) == (1, 0.0)
    assert place.clock.time() == 0.0


async def test_a_reader_that_slept_too_long_goes_on_behind_what_it_read(place: Place) -> None:
    stream, shard_id = await one_shard(place)
    await stream.put([record("a", 1)])
    reader = stream.reader(shard_id, TRIM_HORIZON)
    before = await reader.read(None)
    await stream.put([record("a", 2)])
    await place.clock.sleep(400.0)
    stream.finish()

    after = await read_to_end(reader)

    assert (data_of(before.records), data_of(after)) == ([b"a1"], [b"a2"])


async def test_a_recording_arrives_at_its_times(place: Place) -> None:
    stream, shard_id = await one_shard(place)
    times = [0.0, 0.5, 2.0, 2.0, 9.25]
    reader = stream.reader(shard_id, TRIM_HORIZON)
    seen: list[tuple[float, bytes]] = []

    async def read() -> None:
        ended = False
        while not ended:
            read = await reader.read(None)
            ended = read.ended
            seen.extend((place.clock.time(), data) for data in data_of(read.records))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read)
        timed = (TimedRecord(time, record("a", n)) for n, time in enumerate(times))
        await stream.feed(timed)
        fed_at = place.clock.time()
        stream.finish()

    assert fed_at == 9.25
    assert [data for _, data in seen] == [b"a0", b"a1", b"a2", b"a3", b"a4"]
    assert [time for time, _ in seen][-1] == 10.0
    assert sum(told.records for told in place.told) == 5


async def test_what_stands_before_damage_in_a_recording_is_put(place: Place) -> None:
    stream, shard_id = await one_shard(place)
    damage = RecordingError("orders.jsonl", 4, "not JSON")

    def recording() -> Iterator[TimedRecord]:
        yield TimedRecord(1.0, record("a", 1))
        yield TimedRecord(9.5, record("a", 2))
        raise damage

    with pytest.raises(RecordingError) as error:
        await stream.feed(recording())
    at = place.clock.time()
    stream.finish()
    found = await read_to_end(stream.reader(shard_id, TRIM_HORIZON))

    assert (error.value, at, data_of(found)) == (damage, 9.5, [b"a1", b"a2"])


async def test_two_readers_of_a_shard_each_read_everything(place: Place) -> None:
    stream, shard_id = await one_shard(place)
    await stream.put(records(5))
    stream.finish()

    one = await read_to_end(stream.reader(shard_id, TRIM_HORIZON))
    two = await read_to_end(stream.reader(shard_id, TRIM_HORIZON))

    assert one == two
    assert len(one) == 5


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
