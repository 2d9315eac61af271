"""
What every stream and its readers keep, whichever service it is of and whichever back end it is on.

What only Kinesis or only a table's stream promises, and what moto cannot pass, is in
test_reader_contract.py and test_dynamodb_reader_contract.py.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import ceil

import anyio
import pytest

from eventsim.backends import Backend, open_backend
from eventsim.clock import Clock
from eventsim.errors import RecordingError
from eventsim.sources import dynamodb, kinesis
from eventsim.streams import PutSummary
from eventsim.types import Position, PutRecord, Record, Stream, TimedRecord
from tests import tables
from tests.tables import BACKENDS, TRIM_HORIZON, read_to_end


@dataclass
class Place:
    """One stream of one shard on a back end, and what was told of its puts."""

    backend: Backend
    clock: Clock
    told: list[PutSummary] = field(default_factory=list)
    interval: float = kinesis.POLL_INTERVAL_SECONDS
    page: int = 10_000
    iterator_seconds: float = 300.0

    async def open(self) -> tuple[Stream, str]:
        stream = await self.stream()
        (shard,) = await stream.shards()
        return stream, shard.shard_id

    async def stream(self) -> Stream:
        settings = kinesis.Resource(shards=1)
        return await kinesis.open_stream("orders", settings, self.backend, self.told.append)

    def put(self, number: int) -> PutRecord:
        return PutRecord("a", str(number).encode())

    def numbers(self, records: Sequence[Record]) -> list[int]:
        return [int(record.data) for record in records]

    def tick(self, time: float) -> float:
        """When a reader that was made at 0 polls first, at *time* or after it."""
        return ceil(time / self.interval) * self.interval


@dataclass
class TablePlace(Place):
    """The same with a table; each put gives its one item another number."""

    interval: float = dynamodb.POLL_INTERVAL_SECONDS
    page: int = 1_000
    iterator_seconds: float = 900.0

    async def stream(self) -> Stream:
        settings = dynamodb.Resource.model_validate({"key": {"id": "S"}})
        return await dynamodb.open_stream("users", settings, self.backend, self.told.append)

    def put(self, number: int) -> PutRecord:
        return tables.user("a", number)

    def numbers(self, records: Sequence[Record]) -> list[int]:
        return [int(number or -1) for _, number in tables.numbers(records)]


PLACES = {"kinesis": Place, "dynamodb": TablePlace}


@pytest.fixture(params=product(PLACES, BACKENDS), ids="-".join)
async def place(request: pytest.FixtureRequest, clock: Clock) -> AsyncIterator[Place]:
    source, name = request.param
    url = request.getfixturevalue("moto_server") if name == "endpoint" else None
    backend = await open_backend(name, clock, endpoint_url=url)
    yield PLACES[source](backend, clock)
    await backend.aclose()


async def test_latest_skips_what_was_there(place: Place) -> None:
    stream, shard_id = await place.open()
    await stream.put([place.put(1)])
    reader = stream.reader(shard_id, Position("LATEST"))

    assert list((await reader.read(place.clock.time() + 2.5 * place.interval)).records) == []
    await stream.put([place.put(2)])
    stream.finish()

    assert place.numbers(await read_to_end(reader)) == [2]


async def test_an_empty_stream_ends_when_nobody_will_put(place: Place) -> None:
    stream, shard_id = await place.open()
    reader = stream.reader(shard_id, TRIM_HORIZON)
    waited = await reader.read(place.clock.time() + 3.5 * place.interval)
    stream.finish()

    ended = await reader.read(None)

    assert (list(waited.records), waited.polls, waited.ended) == ([], 4, False)
    assert (list(ended.records), ended.ended, ended.closed) == ([], True, False)
    assert (await reader.read(None)).ended


async def test_what_is_put_between_two_reads_is_read(place: Place) -> None:
    stream, shard_id = await place.open()
    reader = stream.reader(shard_id, TRIM_HORIZON)
    seen = []
    for number in range(4):
        await stream.put([place.put(number)])
        seen += place.numbers((await reader.read(None)).records)

    assert seen == [0, 1, 2, 3]


async def test_a_reader_that_waits_wakes_for_a_put_at_its_next_tick(place: Place) -> None:
    stream, shard_id = await place.open()
    reader = stream.reader(shard_id, TRIM_HORIZON)

    async def put_later() -> None:
        await place.clock.sleep_until(7.3)
        await stream.put([place.put(1)])

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(put_later)
        read = await reader.read(None)

    wake = place.tick(7.3)
    polls = round(wake / place.interval) + 1
    assert (place.numbers(read.records), read.polls, place.clock.time()) == ([1], polls, wake)


async def test_until_is_kept_and_the_reader_goes_on_behind_it(place: Place) -> None:
    stream, shard_id = await place.open()
    reader = stream.reader(shard_id, TRIM_HORIZON)
    until = 60 * place.interval

    nothing = await reader.read(until)
    at = place.clock.time()
    await stream.put([place.put(1)])
    something = await reader.read(2 * until)

    # A poll at 0 and 59 more; the one at *until* belongs to the next read.
    assert (list(nothing.records), nothing.polls, nothing.ended, at) == ([], 60, False, until)
    assert (place.numbers(something.records), something.polls) == ([1], 1)
    assert place.clock.time() == until


async def test_records_are_read_back_to_back_while_there_are_more(place: Place) -> None:
    if place.backend.name == "endpoint":
        pytest.skip("so many records through moto twice: once in this process is enough")
    stream, shard_id = await place.open()
    await stream.put([place.put(number) for number in range(place.page + 1)])
    reader = stream.reader(shard_id, TRIM_HORIZON)

    first, second = await reader.read(None), await reader.read(None)

    assert (len(first.records), first.behind > 0) == (place.page, True)
    assert (len(second.records), second.behind) == (1, 0.0)
    assert place.clock.time() == 0.0


async def test_a_reader_that_slept_too_long_goes_on_behind_what_it_read(place: Place) -> None:
    stream, shard_id = await place.open()
    await stream.put([place.put(1)])
    reader = stream.reader(shard_id, TRIM_HORIZON)
    before = await reader.read(None)
    await stream.put([place.put(2)])
    await place.clock.sleep(place.iterator_seconds + 100.0)
    stream.finish()

    after = await read_to_end(reader)

    assert (place.numbers(before.records), place.numbers(after)) == ([1], [2])


async def test_a_feed_arrives_at_its_times(place: Place) -> None:
    stream, shard_id = await place.open()
    reader = stream.reader(shard_id, TRIM_HORIZON)
    seen: list[tuple[float, int]] = []

    async def read() -> None:
        ended = False
        while not ended:
            read = await reader.read(None)
            ended = read.ended
            seen.extend((place.clock.time(), number) for number in place.numbers(read.records))

    times = [0.0, 0.5, 2.0, 2.0, 9.1]
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read)
        await stream.feed(TimedRecord(time, place.put(n)) for n, time in enumerate(times))
        fed_at = place.clock.time()
        stream.finish()

    assert fed_at == 9.1
    assert [number for _, number in seen] == [0, 1, 2, 3, 4]
    assert seen[-1][0] == place.tick(9.1)
    assert sum(told.records for told in place.told) == 5


async def test_what_stands_before_damage_in_a_feed_is_put(place: Place) -> None:
    stream, shard_id = await place.open()
    damage = RecordingError("orders.jsonl", 4, "not JSON")

    def recording() -> Iterator[TimedRecord]:
        yield TimedRecord(1.0, place.put(1))
        yield TimedRecord(9.5, place.put(2))
        raise damage

    with pytest.raises(RecordingError) as error:
        await stream.feed(recording())
    at = place.clock.time()
    stream.finish()
    found = await read_to_end(stream.reader(shard_id, TRIM_HORIZON))

    assert (error.value, at, place.numbers(found)) == (damage, 9.5, [1, 2])


async def test_two_readers_of_a_shard_each_read_everything(place: Place) -> None:
    stream, shard_id = await place.open()
    await stream.put([place.put(number) for number in range(5)])
    stream.finish()

    one = await read_to_end(stream.reader(shard_id, TRIM_HORIZON))
    two = await read_to_end(stream.reader(shard_id, TRIM_HORIZON))

    assert one == two
    assert place.numbers(one) == [0, 1, 2, 3, 4]
