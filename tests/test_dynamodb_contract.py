"""
What every table makes of writes, whichever back end it is on.

The back ends are those of tests/tables.py. What moto cannot pass is marked where it is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from eventsim.backends import open_backend
from eventsim.clock import Clock
from eventsim.errors import ServiceError
from eventsim.sources import dynamodb
from eventsim.streams import PutSummary
from eventsim.types import Origin, PutRecord
from tests.tables import (
    BACKENDS,
    TRIM_HORIZON,
    Place,
    cannot,
    numbers,
    read_to_end,
    shown,
    user,
    write,
)


@pytest.fixture(params=BACKENDS)
async def place(request: pytest.FixtureRequest, clock: Clock) -> AsyncIterator[Place]:
    url = request.getfixturevalue("moto_server") if request.param == "endpoint" else None
    backend = await open_backend(request.param, clock, endpoint_url=url)
    yield Place(backend, clock)
    await backend.aclose()


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


async def test_a_view_has_its_images_and_no_other(place: Place) -> None:
    views = {
        "KEYS_ONLY": (False, False),
        "NEW_IMAGE": (True, False),
        "OLD_IMAGE": (False, True),
        "NEW_AND_OLD_IMAGES": (True, True),
    }
    for view, (new, old) in views.items():
        stream, shard_id = await place.table(view=view, name=view)

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
    assert told == PutSummary(shard_id, first, last, 3, told.since, told.until, told.held)
    assert list(told.held) in ([], list(found))  # not every back end has them at hand


async def test_what_the_api_refuses_is_refused_before_anything_is_written(place: Place) -> None:
    stream, shard_id = await place.table()
    refused = [
        write("put", n={"N": "1"}),
        write("put", id={"N": "1"}),
        write("put", id={"S": ""}),
        write("put", id={"S": "a"}, n={"N": "x"}),
        write("put", id={"S": "a"}, s={"SS": []}),
        write("put", id={"S": "a"}, s={"SS": ["x", "x"]}),
        write("put", id={"S": "a"}, s={"S": "x" * 410_000}),
        write("delete", id={"S": "a"}, n={"N": "1"}),
        write("update", n={"N": "1"}),
    ]

    for bad in refused:
        with pytest.raises(ServiceError) as error:
            await stream.put([user("a", 1), bad])
        assert error.value.code == "ValidationException"

    stream.finish()
    assert await read_to_end(stream.reader(shard_id, TRIM_HORIZON)) == []


async def test_a_record_of_another_source_is_refused(place: Place) -> None:
    stream, _ = await place.table()

    with pytest.raises(ServiceError) as error:
        await stream.put([PutRecord("a", b"{}")])

    assert str(error.value) == "SerializationException: a table takes a Write, not bytes"
