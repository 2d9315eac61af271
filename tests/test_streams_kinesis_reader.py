"""A reader of the simulated stream: when it asks, what it counts, and what it never does."""

from __future__ import annotations

from collections.abc import Iterator

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventsim.backends import open_backend
from eventsim.clock import Clock, RealClock, VirtualClock, VirtualLoop, run
from eventsim.rules.kinesis import shard_id
from eventsim.sources import kinesis
from eventsim.sources._ahead import LOOK_AHEAD_RECORDS
from eventsim.sources._kinesis_simulated import SimulatedStream
from eventsim.types import Position, PutRecord, Read, TimedRecord
from tests.conftest import START

SHARD = shard_id(0)
TRIM_HORIZON = Position("TRIM_HORIZON")


async def open_simulated(clock: Clock, **resource: object) -> SimulatedStream:
    backend = await open_backend("simulated", clock)
    settings = kinesis.Resource.model_validate(resource)
    stream = await kinesis.open_stream("orders", settings, backend)
    assert isinstance(stream, SimulatedStream)
    return stream


def timed(*times: float) -> Iterator[TimedRecord]:
    return (TimedRecord(time, PutRecord("a", b"%d" % n)) for n, time in enumerate(times))


async def all_reads(clock: Clock, stream: SimulatedStream) -> list[tuple[float, int, int]]:
    """Time, records and polls of each read to the stream's end."""
    reader = stream.reader(SHARD, TRIM_HORIZON)
    found = []
    while True:
        read = await reader.read(None)
        found.append((clock.time(), len(read.records), read.polls))
        if read.ended:
            return found


async def test_polls_that_find_nothing_are_counted_and_not_made(clock: Clock) -> None:
    stream = await open_simulated(clock)
    reads: list[tuple[float, int, int]] = []

    async def read() -> None:
        reads.extend(await all_reads(clock, stream))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read)
        await stream.feed(timed(0.0, 0.5, 1.0, 5.2, 3_600.0, 10_000.5))
        stream.finish()

    assert reads == [
        (0.0, 1, 1),
        (1.0, 2, 1),
        (6.0, 1, 5),
        (3_600.0, 1, 3_594),
        (10_001.0, 1, 6_401),
    ]


async def test_a_year_of_silence_is_a_few_jumps(clock: VirtualClock) -> None:
    loop = clock._loop
    stream = await open_simulated(clock, retention_hours=8_760)
    year = 365 * 86_400.0

    async def read() -> None:
        assert [polls for _, _, polls in await all_reads(clock, stream)] == [1, int(year)]

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read)
        before = loop.jumps
        await stream.feed(timed(0.0, year))
        stream.finish()

    assert isinstance(loop, VirtualLoop)
    assert loop.jumps - before <= 3


async def test_a_busy_poller_counts_no_polls(clock: Clock) -> None:
    stream = await open_simulated(clock)
    reader = stream.reader(SHARD, TRIM_HORIZON)
    await stream.put([PutRecord("a", b"1")])
    await reader.read(None)
    await clock.sleep(7.5)  # its function runs
    await stream.put([PutRecord("a", b"2")])

    read = await reader.read(None)

    assert (len(read.records), read.polls, clock.time()) == (1, 1, 8.0)


async def test_a_silent_hour_costs_no_place(clock: Clock) -> None:
    stream = await open_simulated(clock)
    await stream.put([PutRecord("a", b"old")])
    reader = stream.reader(SHARD, Position("LATEST"))
    await reader.read(3_600.0)
    await stream.put([PutRecord("a", b"new")])

    assert [record.data for record in (await reader.read(None)).records] == [b"new"]


async def test_an_earlier_record_wakes_a_reader_that_waits_for_a_later_one(clock: Clock) -> None:
    stream = await open_simulated(clock)
    reader = stream.reader(SHARD, TRIM_HORIZON)
    found: list[tuple[float, Read]] = []

    async def read() -> None:
        found.extend([(clock.time(), await reader.read(None)) for _ in range(3)])

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(stream.feed, timed(100.0))
        tasks.start_soon(read)
        await clock.sleep_until(20.5)
        tasks.start_soon(stream.feed, timed(40.5))
        await stream.put([PutRecord("a", b"")])

    assert [(start, len(read.records), read.polls) for start, read in found] == [
        (0.0, 1, 22),
        (21.0, 1, 20),
        (41.0, 1, 59),
    ]
    assert clock.time() == 100.0


async def test_a_recording_is_never_held_whole(clock: Clock) -> None:
    stream = await open_simulated(clock)
    reader = stream.reader(SHARD, TRIM_HORIZON)
    pulled = 0
    kept = []

    def recording() -> Iterator[TimedRecord]:
        nonlocal pulled
        for pulled in range(1, 20_001):
            yield TimedRecord(pulled * 0.01, PutRecord("a", b""))

    async def consume() -> None:
        ended = False
        while not ended:
            read = await reader.read(None)
            ended = read.ended
            if read.records:
                stream.consumed(SHARD, read.records[-1].sequence_number)
            kept.append(stream.store.retained())
            assert pulled <= clock.time() * 100 + LOOK_AHEAD_RECORDS + 1

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(consume)
        await stream.feed(recording())
        stream.finish()

    assert max(kept) <= LOOK_AHEAD_RECORDS
    assert kept[-1] == 0


async def test_a_throttled_reader_and_writer_get_through_in_order(clock: Clock) -> None:
    stream = await open_simulated(clock, limits=True)
    put = [PutRecord("a", b"%d" % number) for number in range(2_500)]
    reader = stream.reader(SHARD, TRIM_HORIZON)
    for _ in range(5):
        stream.store.get_records(stream.store.get_shard_iterator(SHARD, TRIM_HORIZON))

    first = await reader.read(0.5)
    await stream.put(put)
    stream.finish()
    found = []
    while True:
        read = await reader.read(None)
        found += [record.data for record in read.records]
        if read.ended:
            break

    assert (list(first.records), first.polls) == ([], 3)
    assert found == [record.data for record in put]
    assert clock.time() == pytest.approx(2.0, abs=1.5)


@pytest.mark.real_time
async def test_in_real_time_nothing_is_different_but_the_waiting() -> None:
    clock = RealClock(START, speed=200.0)
    stream = await open_simulated(clock)
    found: list[tuple[float, int]] = []

    async def read() -> None:
        found.extend((time, count) for time, count, _ in await all_reads(clock, stream) if count)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read)
        await stream.feed(timed(0.2, 0.4, 30.2, 60.5))
        stream.finish()

    assert sum(count for _, count in found) == 4
    assert found[0][0] >= 0.2
    assert found[-1][0] >= 60.5


@settings(max_examples=40)
@given(
    st.lists(st.integers(0, 400).map(lambda quarters: quarters / 4), max_size=15),
    st.integers(1, 30).map(lambda quarters: quarters / 4),
)
def test_a_reader_asks_as_often_as_one_that_never_sleeps(times: list[float], busy: float) -> None:
    """Held against a plain loop that makes every poll of the cadence."""
    times = sorted(times)
    ticks = [float(tick) for tick in range(1, 200)]
    expected, left, now = [], list(times), 0.0
    polls, tick = 0, 0.0
    while left:
        polls += 1
        if arrived := [time for time in left if time <= tick]:
            expected.append((tick, len(arrived), polls))
            left, polls, now = left[len(arrived) :], 0, tick + busy
        tick = next(each for each in ticks if each > tick and each >= now)

    async def main() -> list[tuple[float, int, int]]:
        clock = VirtualClock(START)
        stream = await open_simulated(clock)
        stream.store.schedule(timed(*times))
        stream.finish()
        reader = stream.reader(SHARD, TRIM_HORIZON)
        found: list[tuple[float, int, int]] = []
        while len(found) < len(expected):
            read = await reader.read(None)
            found.append((clock.time(), len(read.records), read.polls))
            await clock.sleep(busy)
        return found

    assert run(main, virtual=True) == expected


@pytest.mark.parametrize("pushed", [False, True])
async def test_latest_is_where_the_shard_ended_when_the_reader_was_made(
    clock: Clock, pushed: bool
) -> None:
    stream = await open_simulated(clock, consumers=["fast"])
    await stream.put([PutRecord("a", b"before")])
    readable = stream.consumer("fast") if pushed else stream

    reader = readable.reader(SHARD, Position("LATEST"))
    await stream.put([PutRecord("a", b"after")])

    read = await reader.read(None)
    assert [record.data for record in read.records] == [b"after"]


@pytest.mark.parametrize("pushed", [False, True])
async def test_a_reader_that_goes_on_tells_what_has_expired_since(
    clock: Clock, pushed: bool
) -> None:
    stream = await open_simulated(clock, consumers=["fast"], release="retention")
    readable = stream.consumer("fast") if pushed else stream
    await stream.put([PutRecord("a", b"0"), PutRecord("a", b"1"), PutRecord("a", b"2")])
    first, second, third = (await readable.reader(SHARD, TRIM_HORIZON).read(None)).records
    await clock.sleep(100_000.0)
    await stream.put([PutRecord("a", b"3")])

    position = Position("AFTER_SEQUENCE_NUMBER", first.sequence_number)
    reader = readable.reader(SHARD, position)
    read = await reader.read(None)
    records = read.records or (await reader.read(None)).records

    assert read.trimmed == (second.sequence_number, third.sequence_number, 2)
    assert [record.data for record in records] == [b"3"]
