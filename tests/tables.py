"""
A table on each back end, and what tests write to it and read from its stream.

Three back ends: simulated, moto in this process, and an endpoint (moto's server on a port of its
own). What moto cannot pass is marked where it is, with what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest

from eventsim.backends import Backend
from eventsim.clock import Clock
from eventsim.rules.dynamodb import Operation, Write
from eventsim.sources import dynamodb
from eventsim.streams import PutSummary
from eventsim.types import Position, PutRecord, Reader, Record, Stream

BACKENDS = ("simulated", "moto", "endpoint")
TRIM_HORIZON = Position("TRIM_HORIZON")


@dataclass
class Place:
    """Tables on a back end, and what was told of their streams."""

    backend: Backend
    clock: Clock
    told: list[PutSummary] = field(default_factory=list)

    async def table(self, name: str = "users", **resource: Any) -> tuple[Stream, str]:
        settings = dynamodb.Resource.model_validate({"key": {"id": "S"}, **resource})
        stream = await dynamodb.open_stream(name, settings, self.backend, self.told.append)
        (shard,) = await stream.shards()
        return stream, shard.shard_id


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
