"""
What every reader of a table's stream keeps, whichever back end it is on.

The back ends are those of tests/tables.py. What moto cannot pass is marked where it is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import anyio
import pytest

from eventsim.backends import open_backend
from eventsim.clock import Clock
from eventsim.errors import RecordingError, ServiceError, Unreachable
from eventsim.types import Position, Record, TimedRecord
from tests.tables import BACKENDS, TRIM_HORIZON, Place, cannot, numbers, read_to_end, spread, user


@pytest.fixture(params=BACKENDS)
async def place(request: pytest.FixtureRequest, clock: Clock) -> AsyncIterator[Place]:
    url = request.getfixturevalue("moto_server") if request.param == "endpoint" else None
    backend = await open_backend(request.param, clock, endpoint_url=url)
    yield Place(backend, clock)
    await backend.aclose()


async def test_latest_skips_what_was_there(place: Place) -> None:
    stream, shard_id = await place.table()
    await stream.put([user("old", 1)])
    reader = stream.reader(shard_id, Position("LATEST"))

    assert list((await reader.read(place.clock.time() + 0.6)).records) == []
    await stream.put([user("new", 1)])
    stream.finish()

    assert numbers(await read_to_end(reader)) == [("new", "1")]


async def test_a_position_gives_exactly_the_records_behind_it(place: Place) -> None:
    if place.backend.name == "endpoint":
        pytest.skip("five writes at once have one time there: its clock is real")
    stream, shard_id = await place.table()
    found = await spread(place, stream, shard_id, 5)
    third = found[2]
    stream.finish()

    async def read_from(position: Position) -> list[Record]:
        return await read_to_end(stream.reader(shard_id, position))

    number = third.sequence_number
    assert await read_from(TRIM_HORIZON) == found
    assert await read_from(Position("AT_SEQUENCE_NUMBER", sequence_number=number)) == found[2:]
    assert await read_from(Position("AFTER_SEQUENCE_NUMBER", sequence_number=number)) == found[3:]
    assert await read_from(Position("AT_TIMESTAMP", timestamp=third.arrival)) == found[2:]
    assert await read_from(Position("AT_TIMESTAMP", timestamp=third.arrival + 0.9)) == found[2:]
    assert await read_from(Position("LATEST")) == []


async def test_an_empty_stream_ends_when_nobody_will_write(place: Place) -> None:
    stream, shard_id = await place.table()
    reader = stream.reader(shard_id, TRIM_HORIZON)
    waited = await reader.read(place.clock.time() + 1.1)
    stream.finish()

    ended = await reader.read(None)

    assert (list(waited.records), waited.polls, waited.ended) == ([], 5, False)
    assert (list(ended.records), ended.ended, ended.closed) == ([], True, False)
    assert (await reader.read(None)).ended


async def test_what_is_written_between_two_reads_is_read(place: Place) -> None:
    stream, shard_id = await place.table()
    reader = stream.reader(shard_id, TRIM_HORIZON)
    seen = []
    for number in range(4):
        await stream.put([user("a", number)])
        seen += numbers((await reader.read(None)).records)

    assert seen == [("a", "0"), ("a", "1"), ("a", "2"), ("a", "3")]


async def test_a_reader_that_waits_wakes_for_a_write_four_times_a_second(place: Place) -> None:
    stream, shard_id = await place.table()
    reader = stream.reader(shard_id, TRIM_HORIZON)

    async def write_later() -> None:
        await place.clock.sleep_until(7.3)
        await stream.put([user("a", 1)])

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(write_later)
        read = await reader.read(None)

    assert (numbers(read.records), read.polls, place.clock.time()) == ([("a", "1")], 31, 7.5)


async def test_until_is_kept_and_the_reader_goes_on_behind_it(place: Place) -> None:
    stream, shard_id = await place.table()
    reader = stream.reader(shard_id, TRIM_HORIZON)

    nothing = await reader.read(10.0)
    at = place.clock.time()
    await stream.put([user("a", 1)])
    something = await reader.read(20.0)

    assert (list(nothing.records), nothing.polls, nothing.ended, at) == ([], 40, False, 10.0)
    assert (numbers(something.records), something.polls) == ([("a", "1")], 1)
    assert place.clock.time() == 10.0


async def test_records_are_read_back_to_back_while_there_are_more(place: Place) -> None:
    if place.backend.name == "endpoint":
        pytest.skip("1,001 writes through moto twice: once in this process is enough")
    stream, shard_id = await place.table()
    await stream.put([user("a", n) for n in range(1_001)])
    reader = stream.reader(shard_id, TRIM_HORIZON)

    first, second = await reader.read(None), await reader.read(None)

    assert (len(first.records), first.behind > 0) == (1_000, True)
    assert (len(second.records), second.behind) == (1, 0.0)
    assert place.clock.time() == 0.0


async def test_a_reader_that_slept_too_long_goes_on_behind_what_it_read(place: Place) -> None:
    stream, shard_id = await place.table()
    await stream.put([user("a", 1)])
    reader = stream.reader(shard_id, TRIM_HORIZON)
    before = await reader.read(None)
    await stream.put([user("a", 2)])
    await place.clock.sleep(1_000.0)
    stream.finish()

    after = await read_to_end(reader)

    assert (numbers(before.records), numbers(after)) == ([("a", "1")], [("a", "2")])


async def test_a_feed_is_written_at_its_times(place: Place) -> None:
    stream, shard_id = await place.table()
    reader = stream.reader(shard_id, TRIM_HORIZON)
    seen: list[tuple[float, list[tuple[str, str | None]]]] = []

    async def read() -> None:
        ended = False
        while not ended:
            read = await reader.read(None)
            ended = read.ended
            if read.records:
                seen.append((place.clock.time(), numbers(read.records)))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read)
        await stream.feed(
            TimedRecord(time, user("a", n)) for n, time in enumerate([0.0, 0.5, 2.0, 2.0, 3.1])
        )
        fed_at = place.clock.time()
        stream.finish()

    assert fed_at == 3.1
    assert [each for _, found in seen for each in found] == [("a", str(n)) for n in range(5)]
    assert seen[-1] == (3.25, [("a", "4")])


async def test_what_stands_before_damage_in_a_feed_is_written(place: Place) -> None:
    stream, shard_id = await place.table()
    damage = RecordingError("users.jsonl", 4, "not JSON")

    def recording() -> Iterator[TimedRecord]:
        yield TimedRecord(1.0, user("a", 1))
        yield TimedRecord(9.5, user("a", 2))
        raise damage

    with pytest.raises(RecordingError) as error:
        await stream.feed(recording())
    at = place.clock.time()
    stream.finish()
    found = await read_to_end(stream.reader(shard_id, TRIM_HORIZON))

    assert (error.value, at, numbers(found)) == (damage, 9.5, [("a", "1"), ("a", "2")])


async def test_two_readers_of_a_shard_each_read_everything(place: Place) -> None:
    stream, shard_id = await place.table()
    await stream.put([user("a", n) for n in range(5)])
    stream.finish()

    one = await read_to_end(stream.reader(shard_id, TRIM_HORIZON))
    two = await read_to_end(stream.reader(shard_id, TRIM_HORIZON))

    assert one == two
    assert len(one) == 5


async def test_a_shard_that_is_not_there_is_a_service_error(
    place: Place, request: pytest.FixtureRequest
) -> None:
    cannot(place, request, "D1: moto has one shard only", AssertionError, Unreachable)
    stream, _ = await place.table()
    stream.finish()

    with pytest.raises(ServiceError) as error:
        await stream.reader("shardId-00000000000000000009-aaaaaaaa", TRIM_HORIZON).read(None)

    assert error.value.code == "ResourceNotFoundException"
