"""A simulated table read over days and years: shards that roll, items that expire, silence."""

from __future__ import annotations

from typing import Any

import anyio
from hypothesis import given, settings
from hypothesis import strategies as st

from eventsim import clock as clocks
from eventsim.backends import Backend
from eventsim.clock import Clock, VirtualClock
from eventsim.sources import dynamodb
from eventsim.sources._dynamodb_simulated import SimulatedTable
from eventsim.types import Position, PutRecord, Read, Record, Stream, Trimmed
from tests.conftest import START
from tests.tables import TRIM_HORIZON, numbers, read_to_end, shown, user, write

HOUR = 3_600.0
DAY = 24 * HOUR
EPOCH = START.timestamp()


async def table(clock: Clock, **resource: Any) -> SimulatedTable:
    backend = Backend("simulated", clock, "123456789012", "us-east-1")
    found = dynamodb.Resource.model_validate({"key": {"id": "S"}, "ttl": "expires", **resource})
    stream = await dynamodb.open_stream("users", found, backend)
    assert isinstance(stream, SimulatedTable)
    return stream


async def only_shard(stream: Stream) -> str:
    (shard,) = await stream.shards()
    return shard.shard_id


def mortal(name: str, seconds: float) -> PutRecord:
    return write("put", id={"S": name}, n={"N": "1"}, expires={"N": f"{EPOCH + seconds:.0f}"})


async def read_lineage(stream: Stream) -> dict[str, list[Record]]:
    """Every shard to its end, children as they are found, as a poller does."""
    found: dict[str, list[Record]] = {}
    while left := [each for each in await stream.shards() if each.shard_id not in found]:
        for shard in left:
            found[shard.shard_id] = await read_to_end(stream.reader(shard.shard_id, TRIM_HORIZON))
    return found


async def test_a_shard_that_rolls_ends_and_its_child_goes_on(clock: Clock) -> None:
    stream = await table(clock)
    shard_id = await only_shard(stream)
    reader = stream.reader(shard_id, TRIM_HORIZON)
    reads: list[tuple[float, Read]] = []

    async def read() -> None:
        while not (reads and reads[-1][1].ended):
            read = await reader.read(None)
            reads.append((clock.time(), read))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read)
        for hours in (1.0, 5.0):
            await clock.sleep_until(hours * HOUR + 0.1)
            await stream.put([user("a", int(hours))])
    stream.finish()
    parent, child = await stream.shards()

    assert [(time, numbers(read.records), read.closed) for time, read in reads] == [
        (HOUR + 0.25, [("a", "1")], False),
        (5 * HOUR + 0.25, [], True),
    ]
    assert child.parent_shard_ids == (parent.shard_id,) == (shard_id,)
    rest = await stream.reader(child.shard_id, TRIM_HORIZON).read(None)
    assert (numbers(rest.records), rest.ended, rest.closed) == ([("a", "5")], True, False)


async def test_a_year_with_a_write_a_week_costs_what_its_writes_cost(clock: Clock) -> None:
    stream = await table(clock)
    reads = 0

    async def poll() -> None:
        nonlocal reads
        shard_id = await only_shard(stream)
        while True:
            reader, read = stream.reader(shard_id, TRIM_HORIZON), Read(())
            while not read.ended:
                read = await reader.read(None)
                reads += 1
            if not read.closed:
                return
            shard_id = (await stream.shards())[-1].shard_id

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(poll)
        for week in range(52):
            await clock.sleep_until(week * 7 * DAY + 1)
            await stream.put([user("a", week)])
        stream.finish()

    assert reads <= 2 * 52
    assert len(await stream.shards()) <= 2


async def test_a_reader_wakes_when_an_item_is_deleted_because_it_expired(clock: Clock) -> None:
    stream = await table(clock)
    await stream.put([mortal("a", 40 * 60), mortal("b", 40 * 60 + 1)])
    reader = stream.reader(await only_shard(stream), Position("LATEST"))
    stream.finish()

    first, second = await reader.read(None), await reader.read(None)

    assert [name for name, *_ in shown([*first.records, *second.records])] == ["REMOVE", "REMOVE"]
    assert [record.arrival - EPOCH for record in (*first.records, *second.records)] == [
        40 * 60,
        45 * 60,
    ]
    assert (first.ended, second.ended) == (False, True)
    assert clock.time() == 45 * 60
    assert first.polls + second.polls == 45 * 60 * 4 + 1


async def test_a_write_that_prolongs_a_life_keeps_a_reader_asleep(clock: Clock) -> None:
    stream = await table(clock)
    await stream.put([mortal("a", 600)])
    reader = stream.reader(await only_shard(stream), Position("LATEST"))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(reader.read, 1_000.0)
        await clock.sleep_until(500.0)
        await stream.put([mortal("a", 1_500)])
    stream.finish()
    found = await read_to_end(reader)

    assert [(record.data.event_name, record.arrival - EPOCH) for record in found][-1:] == [
        ("REMOVE", 1_500.0)
    ]


async def test_what_is_deleted_after_the_end_may_be_told_by_a_child(clock: Clock) -> None:
    stream = await table(clock)
    await stream.put([mortal("a", 6 * HOUR)])
    stream.finish()

    found = await read_lineage(stream)

    names = [[name for name, *_ in shown(records)] for records in found.values()]
    assert names == [["INSERT"], ["REMOVE"]]


async def test_who_comes_back_after_the_retention_is_told_what_was_lost(clock: Clock) -> None:
    stream = await table(clock, rollover="90d")
    shard_id = await only_shard(stream)
    await stream.put([user("a", n) for n in range(3)])
    first, *lost = (await stream.reader(shard_id, TRIM_HORIZON).read(None)).records
    await clock.sleep(DAY)
    await stream.put([user("a", 9)])

    position = Position("AFTER_SEQUENCE_NUMBER", sequence_number=first.sequence_number)
    read = await stream.reader(shard_id, position).read(None)

    assert numbers(read.records) == [("a", "9")]
    assert read.trimmed == Trimmed(lost[0].sequence_number, lost[1].sequence_number, 2)


async def test_a_deleted_table_ends_its_readers_with_what_it_told(clock: Clock) -> None:
    stream = await table(clock)
    reader = stream.reader(await only_shard(stream), TRIM_HORIZON)
    await stream.put([mortal("a", 600)])

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(reader.read, None)
        await clock.sleep(1.0)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(reader.read, None)
        await clock.sleep(10.0)
        await stream.delete()

    assert (clock.time(), (await reader.read(None)).ended) == (11.0, True)


@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.floats(0, 20_000), st.sampled_from("abc")), min_size=1, max_size=15),
    st.integers(1, 3),
    st.sampled_from(["1m", "1h", "4h"]),
)
def test_every_change_is_read_once_however_shards_roll(
    steps: list[tuple[float, str]], partitions: int, rollover: str
) -> None:
    async def main() -> None:
        clock = VirtualClock(START)
        stream = await table(clock, partitions=partitions, rollover=rollover, release="retention")
        found: dict[str, list[Record]] = {}

        async def poll(shard_id: str) -> None:
            reader = stream.reader(shard_id, TRIM_HORIZON)
            ended = False
            while not ended:
                read = await reader.read(None)
                found.setdefault(shard_id, []).extend(read.records)
                ended = read.ended
            if read.closed:
                (child,) = [s for s in await stream.shards() if s.parent_shard_ids == (shard_id,)]
                tasks.start_soon(poll, child.shard_id)

        async with anyio.create_task_group() as tasks:
            for shard in await stream.shards():
                tasks.start_soon(poll, shard.shard_id)
            for number, (seconds, name) in enumerate(steps):
                await clock.sleep(seconds)
                await stream.put([user(name, number)])
            stream.finish()

        by_name: dict[str, list[str | None]] = {}
        for records in found.values():  # a child is begun after its parent has ended
            for name, text in numbers(records):
                by_name.setdefault(name, []).append(text)
        expected: dict[str, list[str | None]] = {}
        for number, (_, name) in enumerate(steps):
            expected.setdefault(name, []).append(str(number))
        assert by_name == expected

    clocks.run(main, virtual=True)
