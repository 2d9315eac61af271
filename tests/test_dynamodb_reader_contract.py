"""
What a reader of a table's stream keeps besides test_stream_contract.py, on any back end.

The back ends are those of tests/tables.py. What moto cannot pass is marked where it is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from eventsim.backends import open_backend
from eventsim.clock import Clock
from eventsim.errors import ServiceError, Unreachable
from eventsim.types import Position, Record
from tests.tables import BACKENDS, TRIM_HORIZON, Place, cannot, read_to_end, spread


@pytest.fixture(params=BACKENDS)
async def place(request: pytest.FixtureRequest, clock: Clock) -> AsyncIterator[Place]:
    url = request.getfixturevalue("moto_server") if request.param == "endpoint" else None
    backend = await open_backend(request.param, clock, endpoint_url=url)
    yield Place(backend, clock)
    await backend.aclose()


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


async def test_a_shard_that_is_not_there_is_a_service_error(
    place: Place, request: pytest.FixtureRequest
) -> None:
    cannot(place, request, "D1: moto has one shard only", AssertionError, Unreachable)
    stream, _ = await place.table()
    stream.finish()

    with pytest.raises(ServiceError) as error:
        await stream.reader("shardId-00000000000000000009-aaaaaaaa", TRIM_HORIZON).read(None)

    assert error.value.code == "ResourceNotFoundException"
