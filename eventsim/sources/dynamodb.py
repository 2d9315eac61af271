"""
DynamoDB Streams: the event a function gets, and the table whose changes it tells.

https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
(Each shard is polled four times a second, and again at once while records are waiting.)

A record's data is a ``Change`` of ``eventsim.rules.dynamodb``, its partition key the item's key
as compact JSON. Who puts a record on the stream hands a ``Write`` to the table, which finds the
key itself. Attribute values are AWS's own, ``{N: "101"}``: a plain value could mean two things.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema

from eventsim.backends import Backend
from eventsim.rules import dynamodb as rules
from eventsim.rules.durations import PATTERN, seconds_of
from eventsim.rules.roles import Need
from eventsim.rules.tumbling import in_window, window_of
from eventsim.sources import _dynamodb_records, _dynamodb_replaying
from eventsim.sources._dynamodb_events import (
    KEYS,
    PLACED,
    SHIPPED,
    Images,
    Item,
    Keys,
    OldItem,
    Records,
    Table,
    View,
    changes,
    origin,
)
from eventsim.streams import OnPut, nobody
from eventsim.types import (
    FoundStream,
    InvocationType,
    MappingKind,
    Origin,
    Record,
    Scene,
    Stream,
)

RecordBlock = _dynamodb_records.RecordBlock
recorded = _dynamodb_replaying
MAPPING = MappingKind("DynamoDB", starting_positions=("LATEST", "TRIM_HORIZON"))
INVOCATION_TYPES: tuple[InvocationType, ...] = ("RequestResponse",)
BATCH_INFO = "DDBStreamBatchInfo"
ARRIVAL_TIMESPEC = "seconds"
POLL_INTERVAL_SECONDS = 0.25
FILTER_KEY = "dynamodb"
EXECUTION_POLICY = "AWSLambdaDynamoDBExecutionRole"
ROLE_REFUSED = (
    "Cannot access stream {arn}. Please ensure the role can perform the GetRecords, "
    "GetShardIterator, DescribeStream, and ListStreams Actions on your stream in IAM."
)
ROLLOVER_SECONDS_MIN = 60

_KEY_SCHEMA = {
    "type": "object",
    "minProperties": 1,
    "maxProperties": 2,
    "additionalProperties": {"enum": ["S", "N", "B"]},
}


def _key(value: Any) -> rules.KeySchema:
    if isinstance(value, rules.KeySchema):
        return value
    names = list(value) if isinstance(value, Mapping) else []
    if not 1 <= len(names) <= 2 or not all(isinstance(name, str) and name for name in names):
        raise ValueError("write the hash key and its type, such as {id: S}, or with a range key")
    wrong = [kind for kind in value.values() if kind not in ("S", "N", "B")]
    if wrong:
        raise ValueError(f"{wrong[0]} is no type of a key; write S, N or B")
    return rules.KeySchema(*(rules.KeyAttribute(name, value[name]) for name in names))


def _rollover(value: Any) -> float:
    if isinstance(value, float):
        return value
    seconds = seconds_of(value) if isinstance(value, str) else None
    if seconds is None or seconds < ROLLOVER_SECONDS_MIN:
        raise ValueError("write a duration of 1m or more, such as 4h")
    return float(seconds)


class Resource(BaseModel):
    """A table in a scenario: ``users: {type: dynamodb, key: {id: S}}``.

    ``key`` has the hash key and, after it, the range key if there is one; ``view`` is the
    StreamViewType, ``ttl`` the attribute with an item's time to live. A simulated stream has a
    chain of shards for each of the ``partitions``, each open for ``rollover``; it lets go of a
    record once every mapping is done with it (``release: consumed``) or after 24 hours
    (``release: retention``). The other back ends have the shards that they have.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["dynamodb"] = "dynamodb"
    key: Annotated[rules.KeySchema, PlainValidator(_key), WithJsonSchema(_KEY_SCHEMA)] = Field(
        examples=["{id: S}"]
    )
    view: rules.ViewType = "NEW_AND_OLD_IMAGES"
    ttl: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    partitions: Annotated[int, Field(strict=True, ge=1, le=rules.PARTITIONS_MAX)] = 1
    rollover: Annotated[
        float, PlainValidator(_rollover), WithJsonSchema({"type": "string", "pattern": PATTERN})
    ] = Field(14_400.0, json_schema_extra={"default": "4h"})
    release: Literal["consumed", "retention"] = "consumed"


def stream_name(text: str) -> tuple[str, str | None]:
    """Return the table that a stream's ARN means; its label is not looked at.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
    """
    table, separator, _ = text.partition("/stream/")
    if not separator or not text.startswith("arn:") or ":table/" not in table:
        return text, None
    return table.split(":table/", 1)[1], ""


def event(records: Sequence[Record], origin: Origin) -> dict[str, Any]:
    """The event of a batch from one shard, built afresh."""
    return {"Records": [_record(record, origin) for record in records]}


def _record(record: Record, origin: Origin) -> dict[str, Any]:
    change: rules.Change = record.data
    built = {
        "eventID": change.event_id,
        "eventName": change.event_name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": origin.region,
        "dynamodb": _told(record, change),
        "eventSourceARN": origin.arn,
    }
    if change.expired:
        built["userIdentity"] = dict(rules.SERVICE_IDENTITY)
    return built


def filterable(record: Record) -> dict[str, Any]:
    """The document that FilterCriteria are held against, built afresh."""
    change: rules.Change = record.data
    built = {
        "eventID": change.event_id,
        "eventName": change.event_name,
        "dynamodb": _told(record, change),
    }
    if change.expired:
        built["userIdentity"] = dict(rules.SERVICE_IDENTITY)
    return built


def _told(record: Record, change: rules.Change) -> dict[str, Any]:
    told: dict[str, Any] = {
        "ApproximateCreationDateTime": record.arrival,
        "Keys": orjson.loads(change.keys),
    }
    if change.new_image is not None:
        told["NewImage"] = orjson.loads(change.new_image)
    if change.old_image is not None:
        told["OldImage"] = orjson.loads(change.old_image)
    told["SequenceNumber"] = record.sequence_number
    told["SizeBytes"] = change.size_bytes
    told["StreamViewType"] = change.view_type
    return told


def encoded_size(records: Sequence[Record], origin: Origin) -> int:
    """How many bytes ``event`` of the same arguments has as compact JSON in UTF-8.

    ARN and region count as they are given, plain ASCII.
    """
    if not records:
        return len(b'{"Records":[]}')
    same = _SAME_BYTES + len(origin.arn) + len(origin.region)
    return _FRAME_BYTES + len(records) * same + sum(map(_own_bytes, records))


encoded_size_at_most = encoded_size  # the images are JSON already: nothing is faster


def _own_bytes(record: Record) -> int:
    sequence_number, _, change, arrival = record
    size = len(sequence_number) + len(repr(arrival)) + len(change.keys) + len(change.event_id)
    size += len(change.event_name) + len(change.view_type) + len(str(change.size_bytes))
    if change.new_image is not None:
        size += _NEW_IMAGE_BYTES + len(change.new_image)
    if change.old_image is not None:
        size += _OLD_IMAGE_BYTES + len(change.old_image)
    return size + _IDENTITY_BYTES if change.expired else size


def insert(
    scene: Scene,
    *,
    table: Table = "orders",
    item: Item = PLACED,
    keys: Keys = KEYS,
    view: View = "NEW_AND_OLD_IMAGES",
    records: Records = 1,
) -> dict[str, Any]:
    """Items that were not there were written."""
    told = changes(scene, Images(None, item), keys, view, records)
    return event(told, origin(scene, table))


def modify(
    scene: Scene,
    *,
    table: Table = "orders",
    item: Item = SHIPPED,
    old_item: OldItem = None,
    keys: Keys = KEYS,
    view: View = "NEW_AND_OLD_IMAGES",
    records: Records = 1,
) -> dict[str, Any]:
    """Items were changed; an item of your own had its key only, unless it is said how it was."""
    had = PLACED if item == SHIPPED else {name: item[name] for name in keys if name in item}
    before = had if old_item is None else old_item
    told = changes(scene, Images(before, item), keys, view, records)
    return event(told, origin(scene, table))


def remove(
    scene: Scene,
    *,
    table: Table = "orders",
    item: Item = PLACED,
    keys: Keys = KEYS,
    view: View = "NEW_AND_OLD_IMAGES",
    expired: Annotated[bool, "whether its time to live was over, so that DynamoDB did it"] = False,
    records: Records = 1,
) -> dict[str, Any]:
    """Items were deleted, by somebody or because their time to live was over."""
    told = changes(scene, Images(item, None), keys, view, records, expired=expired)
    return event(told, origin(scene, table))


def window(
    scene: Scene,
    *,
    table: Table = "orders",
    item: Item = PLACED,
    keys: Keys = KEYS,
    view: View = "NEW_AND_OLD_IMAGES",
    records: Annotated[int, Field(ge=0, le=10_000), "in the event; none at a window's end"] = 1,
    seconds: Annotated[int, Field(ge=1, le=900), "TumblingWindowInSeconds"] = 120,
    state: Annotated[dict[str, Any] | None, "JSON that the function answered last"] = None,
    final: Annotated[bool, "isFinalInvokeForWindow"] = False,
    terminated_early: Annotated[bool, "isWindowTerminatedEarly"] = False,
) -> dict[str, Any]:
    """Items that were not there were written, in a tumbling window."""
    place = origin(scene, table)
    placed = replace(
        window_of(scene.at.timestamp(), seconds),
        state=state or {},
        final=final,
        terminated_early=terminated_early,
    )
    told = changes(scene, Images(None, item), keys, view, records)
    return in_window(event(told, place), placed, place)


EVENTS = (insert, modify, remove, window)


def source_arn(event: dict[str, Any], scene: Scene) -> str:
    """The ARN of the table's stream."""
    return str(event.get("eventSourceARN") or event["Records"][0]["eventSourceARN"])


async def open_stream(
    name: str, resource: Resource, backend: Backend, on_put: OnPut = nobody
) -> Stream:
    """The table *name* on *backend* and its stream, made if it is not there.

    *on_put* is told of every record. Raises BackendError, ServiceError or Unreachable when the
    back end cannot give it.
    """
    if backend.name == "simulated":
        from eventsim.sources._dynamodb_simulated import SimulatedTable

        return SimulatedTable(
            name,
            backend,
            key=resource.key,
            view_type=resource.view,
            ttl_attribute=resource.ttl,
            partitions=resource.partitions,
            rollover_seconds=resource.rollover,
            release_consumed=resource.release == "consumed",
            poll_interval=POLL_INTERVAL_SECONDS,
            on_put=on_put,
        )
    from eventsim.sources._dynamodb_client import open_client_table

    return await open_client_table(
        name,
        backend,
        key=resource.key,
        view_type=resource.view,
        ttl_attribute=resource.ttl,
        poll_interval=POLL_INTERVAL_SECONDS,
        on_put=on_put,
    )


def arn_of(name: str, account: str, region: str, opened: float) -> str:
    """The ARN of the stream of a table of that name that was made at *opened*."""
    return rules.stream_arn(name, account, region, opened)


def policy_arns(arn: str) -> tuple[str, ...]:
    """What a policy means by the name of a table: the table, and its stream."""
    return arn.partition("/stream/")[0], arn


def role_needs(arn: str) -> tuple[Need, ...]:
    """What an execution role needs for a mapping on a stream.

    Not ListStreams, which is about no stream in particular.
    """
    actions = ("GetRecords", "GetShardIterator", "DescribeStream")
    return tuple(Need((f"dynamodb:{action}",), arn) for action in actions)


async def find_stream(name: str, backend: Backend) -> FoundStream:
    """The stream of the table *name* as it is on a back end that has an API.

    Its ARN has a label of its own, so it tells one stream of a table from the next. Raises
    ServiceError when the table is not there, BackendError when it has no stream, Unreachable.
    """
    from eventsim.sources._dynamodb_client import find_client_table

    return FoundStream(await find_client_table(name, backend, POLL_INTERVAL_SECONDS))


_FRAME_BYTES = len(b'{"Records":[]}') - 1  # a comma between two records, none after the last
_NEW_IMAGE_BYTES, _OLD_IMAGE_BYTES = len(b',"NewImage":'), len(b',"OldImage":')
_IDENTITY_BYTES = len(b',"userIdentity":') + len(orjson.dumps(rules.SERVICE_IDENTITY))
# All of a record but what varies, its comma included.
_SAME_BYTES = (
    len(
        b'{"eventID":"","eventName":"","eventVersion":"1.1","eventSource":"aws:dynamodb",'
        b'"awsRegion":"","dynamodb":{"ApproximateCreationDateTime":,"Keys":,"SequenceNumber":"",'
        b'"SizeBytes":,"StreamViewType":""},"eventSourceARN":""}'
    )
    + 1
)
