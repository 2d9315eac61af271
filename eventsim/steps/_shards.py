"""How a step names a shard of a stream, and a hash key."""

from __future__ import annotations

import re
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema

from eventsim.errors import EventsimError
from eventsim.rules.kinesis import HASH_KEYS
from eventsim.scenario.problem import refuse, show
from eventsim.scenario.stage import Stage
from eventsim.scenario.values import resource_name
from eventsim.types import Reshardable

_SHARD_ID = r"[a-zA-Z0-9_.-]{1,128}"


class StreamShard(NamedTuple):
    """A shard, and the resource that it is of."""

    stream: str
    shard_id: str


def _hash_key(value: Any) -> int:
    digits = value if isinstance(value, str) and value.isascii() and value.isdecimal() else ""
    if not 0 < len(digits) < 40 or int(digits) >= HASH_KEYS:
        raise refuse(f'is {show(value)}; write a whole number below 2^128 in quotes, such as "0"')
    return int(digits)


def _stream_shard(value: Any) -> StreamShard:
    stream, _, shard_id = value.rpartition("/") if isinstance(value, str) else ("", "", "")
    if not stream or not re.fullmatch(_SHARD_ID, shard_id):
        raise refuse(
            f"is {show(value)}; write a stream and its shard, such as orders/shardId-000000000000"
        )
    return StreamShard(resource_name(stream), shard_id)


def _shard_id(value: str) -> str:
    if not re.fullmatch(_SHARD_ID, value):
        raise refuse(f"is {show(value)}; write a shard, such as shardId-000000000001")
    return value


HashKey = Annotated[
    int,
    PlainValidator(_hash_key),
    WithJsonSchema({"type": "string", "pattern": r"^\d{1,39}$"}),
]
ShardOfStream = Annotated[
    StreamShard,
    PlainValidator(_stream_shard),
    WithJsonSchema({"type": "string", "pattern": f"^.+/{_SHARD_ID}$"}),
    Field(examples=["orders/shardId-000000000000"]),
]
ShardId = Annotated[str, AfterValidator(_shard_id), Field(examples=["shardId-000000000001"])]


def reshardable(stage: Stage, stream: str, verb: str) -> Reshardable:
    """The stream, if its shards can be split and merged. Raises EventsimError otherwise."""
    found = stage.streams[stream]
    if not isinstance(found, Reshardable):
        raise EventsimError(f"cannot {verb} a shard of {stream}: it is no stream that reshards")
    return found
