"""Enhanced fan-out of the simulated stream: what is pushed, when, and what is never done."""

from __future__ import annotations

from collections.abc import Iterator

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventsim.backends import open_backend
from eventsim.clock import Clock, VirtualClock, run
from eventsim.errors import BackendError, ServiceError
from eventsim.rules.kinesis import shard_id
from eventsim.rules.kpl import UserRecord
from eventsim.sources import kinesis
from eventsim.sources._kinesis_simulated import SimulatedStream
from eventsim.types import FanOut, Position, PutRecord, Read, Reader, Stream, TimedRecord, Trimmed
from tests.conftest import START
from tests.test_rules_kpl import aggregate

SHARD = shard_id(0)
TRIM_HORIZON, LATEST = Position("TRIM_HORIZON"), Position("LATEST")
ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/orders"
MEBIBYTE = 1024 * 1024


async def open_simulated(clock: Clock, **resource: object) -> SimulatedStream:
    backend = await open_backend("simulated", clock)
    resource_block = kinesis.Resource.model_validate({"consumers": ["fast", "other"], **resource})
    stream = await kinesis.open_stream("orders", resource_block, backend)
    assert isinstance(stream, SimulatedStream)
    return stream


def put(*data: bytes) -> list[PutRecord]:
    return [PutRecord("a", each) for each in data]


def timed(*times: float) -> Iterator[TimedRecord]:
    return (TimedRecord(time, PutRecord("a", b"%d" % n)) for n, time in enumerate(times))


def data_of(read: Read) -> list[bytes]:
    return [record.data for record in read.records]


async def pushed(clock: Clock, reader: Reader) -> list[tuple[float, list[bytes]]]:
    """When each push came to the shard's end, and what it brought."""
    found = []
    while True:
        read = await reader.read(None)
        assert read.polls == 0
        if read.records:
            found.append((clock.time(), data_of(read)))
        if read.ended:
            return found


async def test_a_consumer_is_the_stream_under_another_arn(clock: Clock) -> None:
    stream = await open_simulated(clock, shards=2, retention_hours=48)
    assert isinstance(stream, FanOut)
    fast: Stream = stream.consumer("fast")

    await fast.put(put(b"1"))
    await fast.feed(timed(1.0))
    fast.finish()

    assert (fast.arn, stream.arn) == (f"{ARN}/consumer/fast:1767225600", ARN)
    assert fast.retention_seconds == 48 * 3_600
    assert await fast.shards() == await stream.shards()
    assert fast is stream.consumer("fast")
    assert stream.store.retained() == 2


async def test_a_consumer_that_nobody_registered_is_not_found(clock: Clock) -> None:
    stream = await open_simulated(clock)

    with pytest.raises(ServiceError) as error:
        stream.consumer("slow")

    assert str(error.value) == (
        "ResourceNotFoundException: Consumer slow under stream: orders, account 123456789012 "
        "not found."
    )


async def test_a_record_is_pushed_70_ms_after_it_arrived(clock: Clock) -> None:
    stream = await open_simulated(clock)
    found: list[tuple[float, list[bytes]]] = []

    async def receive() -> None:
        found.extend(await pushed(clock, stream.consumer("fast").reader(SHARD, TRIM_HORIZON)))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(receive)
        await clock.sleep_until(3.3)
        await stream.put(put(b"put"))
        await stream.feed(timed(5.5, 5.52, 5.6, 3_600.0))
        stream.finish()

    assert found == [
        (3.37, [b"put"]),
        (5.57, [b"0", b"1"]),
        (5.67, [b"2"]),
        (3_600.07, [b"3"]),
    ]


async def test_what_is_there_already_is_pushed_at_once(clock: Clock) -> None:
    stream = await open_simulated(clock)
    await stream.put(put(b"1"))
    await clock.sleep(5.0)
    reader = stream.consumer("fast").reader(SHARD, TRIM_HORIZON)

    read = await reader.read(None)

    assert (data_of(read), read.polls, read.behind, clock.time()) == ([b"1"], 0, 0.0, 5.0)


async def test_an_earlier_record_is_pushed_before_a_later_one(clock: Clock) -> None:
    stream = await open_simulated(clock)
    found: list[tuple[float, list[bytes]]] = []

    async def receive() -> None:
        found.extend(await pushed(clock, stream.consumer("fast").reader(SHARD, TRIM_HORIZON)))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(receive)
        tasks.start_soon(stream.feed, timed(100.0))
        await clock.sleep_until(20.0)
        await stream.put(put(b"early"))
        await clock.sleep_until(100.0)
        stream.finish()

    assert found == [(20.07, [b"early"]), (100.07, [b"0"])]


async def test_until_is_kept_and_nothing_is_lost_by_it(clock: Clock) -> None:
    stream = await open_simulated(clock)
    reader = stream.consumer("fast").reader(SHARD, TRIM_HORIZON)
    await stream.put(put(b"1"))

    early = await reader.read(0.07)
    at = clock.time()
    idle = await reader.read(0.07)
    late = await reader.read(60.0)

    assert (early, at, idle) == (Read((), 0), 0.07, Read((), 0))
    assert (data_of(late), clock.time()) == ([b"1"], 0.07)
    assert (await reader.read(30.0), clock.time()) == (Read((), 0), 30.0)


async def test_a_reader_that_was_cancelled_goes_on_where_it_was(clock: Clock) -> None:
    stream = await open_simulated(clock)
    reader = stream.consumer("fast").reader(SHARD, TRIM_HORIZON)
    with clock.move_on_at(2.0):
        await reader.read(None)
    await stream.put(put(b"1"))
    with clock.move_on_at(2.05):
        await reader.read(None)

    assert data_of(await reader.read(None)) == [b"1"]


async def test_a_subscription_is_renewed_behind_what_was_pushed(clock: Clock) -> None:
    stream = await open_simulated(clock)
    reader = stream.consumer("fast").reader(SHARD, LATEST)
    assert await reader.read(1.0) == Read((), 0)
    seen = []

    for number in range(4):
        await stream.put(put(b"%d" % number))
        await clock.sleep(number * 400.0)
        seen += data_of(await reader.read(None))

    assert seen == [b"0", b"1", b"2", b"3"]


async def test_a_shard_that_was_split_ends_and_its_children_are_pushed(clock: Clock) -> None:
    stream = await open_simulated(clock)
    fast = stream.consumer("fast")
    reader = fast.reader(SHARD, TRIM_HORIZON)
    reads: list[Read] = []

    async def receive() -> None:
        while not (reads and reads[-1].ended):
            reads.append(await reader.read(None))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(receive)
        await stream.put(put(b"1"))
        await clock.sleep_until(2.0)
        await stream.split(SHARD)
    at = clock.time()
    await stream.put([PutRecord("a", b"2", 0)])
    child = await fast.reader(shard_id(1), TRIM_HORIZON).read(None)

    assert [(data_of(read), read.ended, read.closed) for read in reads] == [
        ([b"1"], False, False),
        ([], True, True),
    ]
    assert (at, data_of(child)) == (2.0, [b"2"])
    assert (await reader.read(None)).closed


async def test_a_stream_that_puts_no_more_ends_without_being_closed(clock: Clock) -> None:
    stream = await open_simulated(clock)
    reader = stream.consumer("fast").reader(SHARD, TRIM_HORIZON)
    await stream.put(put(b"1"))
    stream.finish()

    last = await reader.read(None)

    assert (data_of(last), last.ended, last.closed) == ([b"1"], True, False)
    assert await reader.read(None) == Read((), 0, ended=True)


async def test_a_deleted_stream_is_told_of(clock: Clock) -> None:
    stream = await open_simulated(clock)
    reader = stream.consumer("fast").reader(SHARD, TRIM_HORIZON)

    async def delete() -> None:
        await clock.sleep_until(5.0)
        stream.store.delete()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(delete)
        with pytest.raises(ServiceError) as error:
            await reader.read(None)

    assert (error.value.code, clock.time()) == ("ResourceNotFoundException", 5.0)


async def test_what_the_retention_took_is_told_of(clock: Clock) -> None:
    stream = await open_simulated(clock)
    reader = stream.consumer("fast").reader(SHARD, TRIM_HORIZON)
    await reader.read(0.01)
    await stream.put(put(b"1", b"2"))
    await clock.sleep(86_401.0)
    await stream.put(put(b"3"))

    lost = await reader.read(None)
    read = await reader.read(None)

    assert isinstance(lost.trimmed, Trimmed)
    assert (list(lost.records), lost.trimmed.records, data_of(read)) == ([], 2, [b"3"])


async def test_each_consumer_has_2_mib_a_second_of_a_shard_to_itself(clock: Clock) -> None:
    stream = await open_simulated(clock, limits=True)
    parts = [b"x" * (MEBIBYTE - 1)] * 4
    for part in parts:
        await stream.put(put(part))
        await clock.sleep(1.0)

    async def receive(name: str, times: list[float]) -> None:
        reader = stream.consumer(name).reader(SHARD, TRIM_HORIZON)
        assert len((await reader.read(None)).records) == 4
        times.append(clock.time())
        await stream.put(put(b"next"))
        await reader.read(None)
        times.append(clock.time())

    fast: list[float] = []
    other: list[float] = []
    await receive("fast", fast)
    await clock.sleep_until(10.0)
    polled = await stream.reader(SHARD, TRIM_HORIZON).read(None)
    assert len(polled.records) == 5  # a poll has its own 2 MiB a second
    await clock.sleep_until(20.0)
    await stream.consumer("other").reader(SHARD, TRIM_HORIZON).read(None)
    other.append(clock.time())

    assert (fast, other) == ([4.0, 6.0], [20.0])


async def test_without_limits_nothing_waits_for_throughput(clock: Clock) -> None:
    stream = await open_simulated(clock)
    reader = stream.consumer("fast").reader(SHARD, TRIM_HORIZON)
    await stream.put(put(*[b"x" * (4 * MEBIBYTE)] * 5))
    await clock.sleep(1.0)

    reads = [await reader.read(None) for _ in range(3)]

    assert [(len(read.records), read.behind > 0) for read in reads] == [
        (2, True),
        (2, True),
        (1, False),
    ]
    assert clock.time() == 1.0


async def test_an_aggregate_is_opaque_when_polled_and_taken_apart_when_pushed(
    clock: Clock,
) -> None:
    stream = await open_simulated(clock)
    packed = aggregate([UserRecord("a", None, b"1"), UserRecord("b", None, b"2")])
    await stream.put(put(b"before", packed, b"after"))

    polled = await stream.reader(SHARD, TRIM_HORIZON).read(None)
    read = await stream.consumer("fast").reader(SHARD, TRIM_HORIZON).read(None)

    assert data_of(polled) == [b"before", packed, b"after"]
    numbers = [record.sequence_number for record in polled.records]
    assert [(r.sequence_number, r.partition_key, r.data) for r in read.records] == [
        (numbers[0], "a", b"before"),
        (numbers[1], "a", b"1"),
        (numbers[1], "b", b"2"),
        (numbers[2], "a", b"after"),
    ]


async def test_an_aggregate_packed_before_a_split_is_not_delivered_after_it(clock: Clock) -> None:
    stream = await open_simulated(clock)
    await stream.split(SHARD)
    mixed = aggregate([UserRecord("a", 0, b"low"), UserRecord("a", 2**127, b"high")])
    reader = stream.consumer("fast").reader(shard_id(1), TRIM_HORIZON)

    await stream.put([PutRecord("a", mixed, 0)])
    await clock.sleep(1.0)
    await stream.put([PutRecord("a", b"sentinel", 0)])

    assert data_of(await reader.read(None)) == [b"sentinel"]


@pytest.mark.parametrize("name", ["moto", "endpoint"])
async def test_only_the_simulated_back_end_pushes(clock: Clock, name: str) -> None:
    backend = await open_backend(name, clock, endpoint_url="http://127.0.0.1:9")
    resource = kinesis.Resource(consumers=("fast",))

    with pytest.raises(BackendError) as error:
        await kinesis.open_stream("orders", resource, backend)
    await backend.aclose()

    assert str(error.value) == (
        f"the {name} back end cannot push to consumer fast of orders: enhanced fan-out is "
        "simulated only; poll the stream, or use the simulated back end"
    )


@settings(max_examples=60)
@given(
    st.lists(st.integers(0, 400).map(lambda hundredths: hundredths / 100), max_size=20),
    st.integers(0, 30).map(lambda hundredths: hundredths / 100),
)
def test_everything_is_pushed_once_in_order_and_never_early(
    times: list[float], busy: float
) -> None:
    times = sorted(times)

    async def main() -> list[tuple[float, int]]:
        clock = VirtualClock(START)
        stream = await open_simulated(clock)
        stream.store.schedule(timed(*times))
        stream.finish()
        reader = stream.consumer("fast").reader(SHARD, TRIM_HORIZON)
        found, ended = [], False
        while not ended:
            read = await reader.read(None)
            found += [(clock.time(), int(data)) for data in data_of(read)]
            ended = read.ended
            await clock.sleep(busy)
        return found

    found = run(main, virtual=True)

    assert [number for _, number in found] == list(range(len(times)))
    for (at, _), arrived in zip(found, times, strict=True):
        assert at >= arrived
        assert busy > 0 or at <= arrived + 0.070001
