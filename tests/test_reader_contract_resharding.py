"""
What every stream and its readers keep while shards are split, merged and closed.

The back ends are those of test_reader_contract.py. Our own stream refuses to reshard on moto in
this process; there the API is called behind its back, to see what readers make of it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from eventsim.backends import open_backend
from eventsim.clock import Clock
from eventsim.errors import BackendError, ServiceError
from eventsim.sources._kinesis_simulated import SimulatedStream
from eventsim.types import (
    Position,
    PutRecord,
    Read,
    Reader,
    Reshardable,
    Resharding,
    Shard,
    Stream,
)
from tests.test_reader_contract import (
    BACKENDS,
    TRIM_HORIZON,
    Place,
    cannot,
    data_of,
    one_shard,
    read_to_end,
    record,
)

FIRST, SECOND, THIRD = (f"shardId-{number:012}" for number in range(3))
ENDLESS = "K4: to moto a closed shard never ends"
PARENT_ONLY = "K2: in moto every record still goes to the closed parent"


@pytest.fixture(params=BACKENDS)
async def place(request: pytest.FixtureRequest, clock: Clock) -> AsyncIterator[Place]:
    url = request.getfixturevalue("moto_server") if request.param == "endpoint" else None
    backend = await open_backend(request.param, clock, endpoint_url=url)
    yield Place(backend, clock)
    await backend.aclose()


async def split(place: Place, stream: Stream, shard_id: str) -> None:
    if place.backend.name == "moto":
        middle = {FIRST: 2**127, SECOND: 2**126}[shard_id]
        names = {"ShardToSplit": shard_id, "NewStartingHashKey": str(middle)}
        await place.backend.call("kinesis", "split_shard", StreamName="orders", **names)
    else:
        assert isinstance(stream, Reshardable)
        await stream.split(shard_id)


async def merge(place: Place, stream: Stream) -> None:
    if place.backend.name == "moto":
        names = {"ShardToMerge": FIRST, "AdjacentShardToMerge": SECOND}
        await place.backend.call("kinesis", "merge_shards", StreamName="orders", **names)
    else:
        assert isinstance(stream, Reshardable)
        await stream.merge(FIRST, SECOND)


async def reads_within(place: Place, reader: Reader, seconds: float) -> list[Read]:
    """What is read until the shard ends, or so many seconds have passed."""
    reads, until = [], place.clock.time() + seconds
    while place.clock.time() < until:
        reads.append(await reader.read(until))
        if reads[-1].ended:
            break
    return reads


async def test_children_are_listed_with_their_parents_and_behind_them(place: Place) -> None:
    stream, _ = await one_shard(place)

    await split(place, stream, FIRST)
    after_split = list(await stream.shards())

    assert after_split == [Shard(FIRST), Shard(SECOND, (FIRST,)), Shard(THIRD, (FIRST,))]


async def test_a_merged_shard_is_listed_with_both_parents(place: Place) -> None:
    stream = await place.stream()

    await merge(place, stream)

    assert list(await stream.shards()) == [
        Shard(FIRST),
        Shard(SECOND),
        Shard(THIRD, (FIRST, SECOND)),
    ]


async def test_a_shard_that_was_split_ends_as_closed(
    place: Place, request: pytest.FixtureRequest
) -> None:
    cannot(place, request, ENDLESS, AssertionError)
    stream, shard_id = await one_shard(place)
    reader = stream.reader(shard_id, TRIM_HORIZON)
    await reader.read(place.clock.time() + 2.5)

    await split(place, stream, shard_id)
    read = (await reads_within(place, reader, 10.0))[-1]

    assert (list(read.records), read.ended, read.closed) == ([], True, True)
    assert place.clock.time() == 3.0  # found by the next poll
    again = await reader.read(None)
    assert (list(again.records), again.ended, again.closed) == ([], True, True)


async def test_the_last_records_of_a_closed_shard_come_with_its_end(
    place: Place, request: pytest.FixtureRequest
) -> None:
    cannot(place, request, f"{ENDLESS}; and its records are put again", AssertionError)
    stream, shard_id = await one_shard(place)
    await stream.put([record("a", 1), record("b", 2)])

    await split(place, stream, shard_id)
    reads = await reads_within(place, stream.reader(shard_id, TRIM_HORIZON), 10.0)

    assert [(data_of(read.records), read.ended, read.closed) for read in reads] == [
        ([b"a1", b"b2"], True, True)
    ]


async def test_a_shard_whose_run_puts_no_more_ends_but_is_not_closed(place: Place) -> None:
    stream, shard_id = await one_shard(place)
    await stream.put([record("a", 1)])
    stream.finish()
    reader = stream.reader(shard_id, TRIM_HORIZON)

    reads = await reads_within(place, reader, 10.0)

    assert (reads[-1].ended, [read.closed for read in reads]) == (True, [False] * len(reads))


async def test_new_records_go_to_the_children(place: Place, request: pytest.FixtureRequest) -> None:
    cannot(place, request, PARENT_ONLY, AssertionError)
    stream, shard_id = await one_shard(place)
    await stream.put([PutRecord("a", b"before", 0)])
    await split(place, stream, shard_id)

    await stream.put([PutRecord("a", b"low", 0), PutRecord("a", b"high", 2**127)])
    stream.finish()

    found = {
        shard.shard_id: data_of(await read_to_end(stream.reader(shard.shard_id, TRIM_HORIZON)))
        for shard in await stream.shards()
    }
    assert found == {FIRST: [b"before"], SECOND: [b"low"], THIRD: [b"high"]}


async def test_a_merge_neither_loses_nor_repeats_a_record(
    place: Place, request: pytest.FixtureRequest
) -> None:
    cannot(
        place, request, "K3, K4: moto's parents do not end, their records are twice", BaseException
    )
    stream = await place.stream()
    put = [PutRecord("a", b"low", 0), PutRecord("a", b"high", 2**127)]
    await stream.put(put)

    await merge(place, stream)
    await stream.put([PutRecord("a", b"later", 0)])
    stream.finish()
    found: dict[str, list[bytes]] = {}
    for shard in await stream.shards():
        reads = await reads_within(place, stream.reader(shard.shard_id, TRIM_HORIZON), 10.0)
        found[shard.shard_id] = [data for read in reads for data in data_of(read.records)]
        assert reads[-1].closed == (shard.shard_id != THIRD)

    assert found == {FIRST: [b"low"], SECOND: [b"high"], THIRD: [b"later"]}


async def test_a_slow_reader_drains_a_closed_shard_behind_what_it_read(
    place: Place, request: pytest.FixtureRequest
) -> None:
    cannot(place, request, f"{ENDLESS}; and its records are put again", AssertionError)
    stream, shard_id = await one_shard(place)
    await stream.put([record("a", 1)])
    reader = stream.reader(shard_id, TRIM_HORIZON)
    first = await reader.read(None)
    await stream.put([record("a", 2)])
    await split(place, stream, shard_id)
    await place.clock.sleep(400.0)  # longer than an iterator lives

    rest = await reads_within(place, reader, 10.0)

    assert data_of(first.records) == [b"a1"]
    assert [data_of(read.records) for read in rest] == [[b"a2"]]
    assert rest[-1].closed


async def test_data_behind_many_empty_reads_is_found(place: Place) -> None:
    stream, shard_id = await one_shard(place)
    reader = stream.reader(shard_id, Position("LATEST"))

    empty = [await reader.read(place.clock.time() + 0.5) for _ in range(30)]
    await stream.put([record("a", 1)])
    found = await reader.read(None)

    assert [list(read.records) for read in empty] == [[]] * 30
    assert data_of(found.records) == [b"a1"]


async def test_a_reader_of_a_deleted_stream_is_told_so(place: Place) -> None:
    stream, shard_id = await one_shard(place)
    await stream.put([record("a", 1)])
    reader = stream.reader(shard_id, TRIM_HORIZON)
    await reader.read(None)

    if isinstance(stream, SimulatedStream):
        stream.store.delete()
    else:
        await place.backend.call("kinesis", "delete_stream", StreamName="orders")

    for _ in range(2):
        with pytest.raises(ServiceError) as error:
            await reader.read(None)
        assert error.value.code == "ResourceNotFoundException"


async def test_what_cannot_be_split_is_refused_with_its_code(place: Place) -> None:
    stream, shard_id = await one_shard(place)
    assert isinstance(stream, Reshardable)
    if place.backend.name == "moto":
        for refused in (stream.split(shard_id), stream.merge(FIRST, SECOND)):
            with pytest.raises(
                BackendError, match=r"the moto back end cannot (split|merge) shards"
            ):
                await refused
        return
    codes = []
    told: list[Resharding] = []
    stream.on_reshard(told.append)
    await stream.split(shard_id)

    for request in (
        stream.split(shard_id),
        stream.split("shardId-000000000009"),
        stream.split(SECOND, 2**127),
        stream.merge(SECOND, "shardId-000000000009"),
    ):
        with pytest.raises(ServiceError) as error:
            await request
        codes.append(error.value.code)

    assert codes == [
        "InvalidArgumentException",
        "ResourceNotFoundException",
        "InvalidArgumentException",
        "ResourceNotFoundException",
    ]
    assert told == [Resharding((FIRST,), (SECOND, THIRD))]
