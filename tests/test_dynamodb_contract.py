"""
What every table's stream and its readers keep, whichever back end they are on.

Three back ends: simulated, moto in this process, and an endpoint (moto's server on a port of its
own). What moto cannot pass is marked where it is, with what is wrong with it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio
import orjson
import pytest

from eventsim.backends import Backend, open_backend
from eventsim.clock import Clock
from eventsim.errors import RecordingError, ServiceError, Unreachable
from eventsim.rules.dynamodb import Operation, Write
from eventsim.sources import dynamodb
from eventsim.streams import PutSummary
from eventsim.types import Origin, Position, PutRecord, Reader, Record, Stream, TimedRecord

BACKENDS = ("simulated", "moto", "endpoint")
TRIM_HORIZON = Position("TRIM_HORIZON")


@dataclass
class Place:
    """A table called users on a back end, and what was told of its stream."""

    backend: Backend
    clock: Clock
    told: list[PutSummary] = field(default_factory=list)

    async def table(self, **resource: Any) -> tuple[Stream, str]:
        settings = dynamodb.Resource.model_validate({"key": {"id": "S"}, **resource})
        stream = await dynamodb.open_stream("users", settings, self.backend, self.told.append)
        (shard,) = await stream.shards()
        return stream, shard.shard_id


@pytest.fixture(params=BACKENDS)
async def place(request: pytest.FixtureRequest, clock: Clock) -> AsyncIterator[Place]:
    url = request.getfixturevalue("moto_server") if request.param == "endpoint" else None
    backend = await open_backend(request.param, clock, endpoint_url=url)
    yield Place(backend, clock)
    await backend.aclose()


def write(operation: Operation, **attributes: Any) -> PutRecord:
    return PutRecord("", Write(operation, attributes))


def user(name: str, number: int) -> PutRecord:
    return write("put", id={"S": name}, n={"N": str(number)})


def cannot(
    place: Place, request: pytest.FixtureRequest, why: str, *raises: type[BaseException]
) -> None:
    """Mark what moto is known to fail, in this process and behind its server."""
    if place.backend.name != "simulated":
        request.applymarker(pytest.mark.xfail(reason=why, raises=raises, strict=True))


async def read_to_end(reader: Reader) -> list[Record]:
    found: list[Record] = []
    while True:
        read = await reader.read(None)
        found += read.records
        if read.ended:
            return found


def shown(records: Sequence[Record]) -> list[tuple[str, Any, Any, Any]]:
    """What each record says: its event name, keys, new image and old image."""
    return [
        (change.event_name, _json(change.keys), _json(change.new_image), _json(change.old_image))
        for change in (record.data for record in records)
    ]


def _json(image: bytes | None) -> Any:
    return None if image is None else orjson.loads(image)


def numbers(records: Sequence[Record]) -> list[tuple[str, str | None]]:
    """The number in the new image of each item, by the item's id."""
    return [(keys["id"]["S"], new and new["n"]["N"]) for _, keys, new, _ in shown(records)]


async def spread(place: Place, stream: Stream, shard_id: str, count: int) -> list[Record]:
    """Write *count* times, each a second after the one before, and read what that gave."""
    for number in range(count):
        await stream.put([user("a", number)])
        await place.clock.sleep(1.0)
    reader = stream.reader(shard_id, TRIM_HORIZON)
    found: list[Record] = []
    while len(found) < count:
        found += (await reader.read(None)).records
    return found


A = {"id": {"S": "a"}}
A1, A2 = A | {"n": {"N": "1"}}, A | {"n": {"N": "2"}}


async def test_every_change_is_read_once_and_in_order(place: Place) -> None:
    stream, shard_id = await place.table()
    put = [user("abcdef"[n % 6], n) for n in range(60)]

    await stream.put(put[:25])
    await stream.put(put[25:])
    stream.finish()
    found = await read_to_end(stream.reader(shard_id, TRIM_HORIZON))

    assert numbers(found) == [("abcdef"[n % 6], str(n)) for n in range(60)]
    sequence = [int(record.sequence_number) for record in found]
    assert sequence == sorted(set(sequence))
    assert {len(record.sequence_number) >= 21 for record in found} == {True}


@pytest.mark.parametrize(
    ("view", "new", "old"),
    [
        ("KEYS_ONLY", False, False),
        ("NEW_IMAGE", True, False),
        ("OLD_IMAGE", False, True),
        ("NEW_AND_OLD_IMAGES", True, True),
    ],
)
async def test_a_view_has_its_images_and_no_other(
    place: Place, view: str, new: bool, old: bool
) -> None:
    stream, shard_id = await place.table(view=view)

    await stream.put([user("a", 1), write("update", **A2), write("delete", **A)])
    stream.finish()
    found = await read_to_end(stream.reader(shard_id, TRIM_HORIZON))

    assert shown(found) == [
        ("INSERT", A, A1 if new else None, None),
        ("MODIFY", A, A2 if new else None, A1 if old else None),
        ("REMOVE", A, None, A2 if old else None),
    ]
    assert {record.data.view_type for record in found} == {view}
    assert {record.partition_key for record in found} == {'{"id":{"S":"a"}}'}


async def test_a_write_that_changes_nothing_leaves_no_record(
    place: Place, request: pytest.FixtureRequest
) -> None:
    cannot(place, request, "D2: to moto every PutItem is a change", AssertionError)
    stream, shard_id = await place.table()

    await stream.put([user("a", 1), user("a", 1), write("delete", id={"S": "b"})])
    stream.finish()

    found = await read_to_end(stream.reader(shard_id, TRIM_HORIZON))
    assert shown(found) == [("INSERT", A, A1, None)]


async def test_a_delete_of_nothing_leaves_no_record(place: Place) -> None:
    stream, shard_id = await place.table()

    await stream.put([write("delete", id={"S": "b"})])
    stream.finish()

    assert await read_to_end(stream.reader(shard_id, TRIM_HORIZON)) == []


async def test_an_update_keeps_what_it_does_not_name(place: Place) -> None:
    stream, shard_id = await place.table()

    await stream.put([write("put", **A1), write("update", **A, k={"BOOL": True})])
    stream.finish()
    found = await read_to_end(stream.reader(shard_id, TRIM_HORIZON))

    assert [(new, old) for _, _, new, old in shown(found)] == [
        (A1, None),
        (A1 | {"k": {"BOOL": True}}, A1),
    ]


async def test_every_type_of_value_comes_back_as_json_has_it(place: Place) -> None:
    stream, shard_id = await place.table(key={"id": "S", "at": "N"})
    item = {
        "id": {"S": "a"},
        "at": {"N": "7"},
        "text": {"S": "ünï"},
        "flag": {"BOOL": False},
        "nothing": {"NULL": True},
        "list": {"L": [{"S": "x"}, {"M": {"b": {"B": "AA=="}}}]},
        "texts": {"SS": ["a", "b"]},
        "numbers": {"NS": ["1", "2"]},
        "bytes": {"BS": ["AA==", "AQ=="]},
    }

    await stream.put([write("put", **item)])
    stream.finish()
    found = await read_to_end(stream.reader(shard_id, TRIM_HORIZON))

    assert shown(found) == [("INSERT", {"id": {"S": "a"}, "at": {"N": "7"}}, item, None)]
    assert found[0].partition_key == '{"at":{"N":"7"},"id":{"S":"a"}}'


async def test_a_key_may_be_binary(place: Place, request: pytest.FixtureRequest) -> None:
    cannot(place, request, "moto puts the base64 of a key into base64 once more", AssertionError)
    stream, shard_id = await place.table(key={"id": "B"})

    await stream.put([write("put", id={"B": "Zm9vYmFy"})])
    stream.finish()

    (found,) = await read_to_end(stream.reader(shard_id, TRIM_HORIZON))
    assert found.partition_key == '{"id":{"B":"Zm9vYmFy"}}'


async def test_numbers_come_back_in_plain_digits(place: Place) -> None:
    stream, shard_id = await place.table()

    await stream.put([write("put", id={"S": "a"}, n={"N": "1.50e2"})])
    stream.finish()

    found = await read_to_end(stream.reader(shard_id, TRIM_HORIZON))
    assert numbers(found) == [("a", "150")]


async def test_a_size_is_that_of_keys_and_images(
    place: Place, request: pytest.FixtureRequest
) -> None:
    cannot(place, request, "D2: moto counts the JSON of the record", AssertionError)
    stream, shard_id = await place.table(key={"my_partition_key": "S"}, view="NEW_IMAGE")
    item = {"my_partition_key": {"S": "hello world"}, "binary_key": {"B": "Zm9vYmFy"}}

    await stream.put([write("put", **item)])
    stream.finish()

    found = await read_to_end(stream.reader(shard_id, TRIM_HORIZON))
    assert [record.data.size_bytes for record in found] == [70]


async def test_a_creation_time_is_in_whole_seconds(place: Place) -> None:
    stream, shard_id = await place.table()
    await place.clock.sleep_until(2.7)

    await stream.put([user("a", 1)])
    stream.finish()
    (record,) = await read_to_end(stream.reader(shard_id, TRIM_HORIZON))

    assert record.arrival.is_integer()
    if place.backend.name != "endpoint":  # whose clock is its own
        assert record.arrival == 1_767_225_602.0


async def test_the_stream_says_which_it_is(place: Place) -> None:
    stream, shard_id = await place.table()

    assert stream.arn.startswith("arn:aws:dynamodb:us-east-1:123456789012:table/users/stream/2")
    assert stream.retention_seconds == 24 * 3600
    assert shard_id.startswith("shardId-0000000")


async def test_the_event_is_of_its_region(clock: Clock) -> None:
    backend = await open_backend("moto", clock, region="eu-west-1")
    stream, shard_id = await Place(backend, clock).table()
    await stream.put([user("a", 1)])
    stream.finish()
    found = await read_to_end(stream.reader(shard_id, TRIM_HORIZON))
    origin = Origin(shard_id, stream.arn, "eu-west-1")

    (told,) = dynamodb.event(found, origin)["Records"]

    # D2: moto says us-east-1 and 1.0
    assert (told["awsRegion"], told["eventVersion"]) == ("eu-west-1", "1.1")
    await backend.aclose()


async def test_changes_are_told_once_by_shard(place: Place) -> None:
    stream, shard_id = await place.table()
    await place.clock.sleep_until(2.0)

    await stream.put([user("a", n) for n in range(3)])
    stream.finish()
    found = await read_to_end(stream.reader(shard_id, TRIM_HORIZON))
    await read_to_end(stream.reader(shard_id, TRIM_HORIZON))

    (told,) = place.told
    first, last = found[0].sequence_number, found[-1].sequence_number
    assert told == PutSummary(shard_id, first, last, 3, told.since, told.until)


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
    assert await read_from(Position("AT_TIMESTAMP", timestamp=third.arrival - 0.5)) == found[2:]
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


@pytest.mark.parametrize(
    "bad",
    [
        write("put", n={"N": "1"}),
        write("put", id={"N": "1"}),
        write("put", id={"S": ""}),
        write("put", id={"S": "a"}, n={"N": "x"}),
        write("put", id={"S": "a"}, s={"SS": []}),
        write("put", id={"S": "a"}, s={"SS": ["x", "x"]}),
        write("put", id={"S": "a"}, s={"S": "x" * 410_000}),
        write("delete", id={"S": "a"}, n={"N": "1"}),
        write("update", n={"N": "1"}),
    ],
)
async def test_what_the_api_refuses_is_refused_before_anything_is_written(
    place: Place, bad: PutRecord
) -> None:
    stream, shard_id = await place.table()

    with pytest.raises(ServiceError) as error:
        await stream.put([user("a", 1), bad])
    stream.finish()

    assert error.value.code == "ValidationException"
    assert await read_to_end(stream.reader(shard_id, TRIM_HORIZON)) == []


async def test_a_record_of_another_source_is_refused(place: Place) -> None:
    stream, _ = await place.table()

    with pytest.raises(ServiceError) as error:
        await stream.put([PutRecord("a", b"{}")])

    assert str(error.value) == "SerializationException: a table takes a Write, not bytes"


async def test_a_shard_that_is_not_there_is_a_service_error(
    place: Place, request: pytest.FixtureRequest
) -> None:
    cannot(place, request, "D1: moto has one shard only", AssertionError, Unreachable)
    stream, _ = await place.table()
    stream.finish()

    with pytest.raises(ServiceError) as error:
        await stream.reader("shardId-00000000000000000009-aaaaaaaa", TRIM_HORIZON).read(None)

    assert error.value.code == "ResourceNotFoundException"
