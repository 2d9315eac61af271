"""
Kinesis Data Streams: the event a function gets, and the stream it comes from.

https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
(Each shard is polled once a second, and again at once while records are waiting.)
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Annotated, Any, Literal, NamedTuple

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from eventsim.backends import Backend
from eventsim.rules import kinesis as rules
from eventsim.rules.arns import arn
from eventsim.rules.documents import Encoded
from eventsim.rules.refusals import check
from eventsim.rules.roles import Need
from eventsim.rules.tumbling import in_window, window_of
from eventsim.sources import _kinesis_replaying
from eventsim.sources._base64 import decoded
from eventsim.streams import OnPut, nobody
from eventsim.types import (
    FoundStream,
    InvocationType,
    MappingKind,
    Origin,
    PutRecord,
    Record,
    Scene,
    Stream,
)

MAPPING = MappingKind("Kinesis")
recorded = _kinesis_replaying
INVOCATION_TYPES: tuple[InvocationType, ...] = ("RequestResponse",)
BATCH_INFO = "KinesisBatchInfo"
ARRIVAL_TIMESPEC = "milliseconds"
POLL_INTERVAL_SECONDS = 1.0
FILTER_KEY = "data"
EXECUTION_POLICY = "AWSLambdaKinesisExecutionRole"
ROLE_REFUSED = (
    "Cannot access stream {arn}. Please ensure the role can perform the GetRecords, "
    "GetShardIterator, DescribeStream, ListShards, and ListStreams Actions on your stream in IAM."
)


StreamText = Annotated[str, "the stream's name"]
Data = Annotated[str, "text of each record; - reads it from stdin"]
Encoding = Annotated[str | None, "data as base64, instead of a text"]
PartitionKey = Annotated[str, "of each record"]
Records = Annotated[int, Field(ge=1, le=10_000), "records in the event"]
ShardIndex = Annotated[int, Field(ge=0, lt=rules.SHARDS_MAX), "which of the stream's shards"]
Consumer = Annotated[str | None, "the name of a consumer with enhanced fan-out"]
_OPENED_SECONDS_AGO = 86_400


def _different(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"has '{name}' twice; a consumer has its name to itself")
    return names


class Resource(BaseModel):
    """A stream in a scenario: ``orders: {type: kinesis, shards: 4}``.

    A simulated stream lets go of a record once every mapping is done with it (``release:
    consumed``) or once it is older than its retention; ``release: retention`` keeps it until
    then, as AWS does. ``limits: true`` enforces the throughput of a shard, which is not done
    otherwise. The other back ends keep and limit records as they do.

    Each of ``consumers`` has enhanced fan-out: a mapping whose Stream is ``orders/consumer/fast``
    (or its ARN) is pushed to and does not poll. Only the simulated back end pushes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["kinesis"] = "kinesis"
    shards: Annotated[int, Field(strict=True, ge=1, le=rules.SHARDS_MAX)] = 1
    retention_hours: Annotated[
        int, Field(strict=True, ge=rules.RETENTION_HOURS_MIN, le=rules.RETENTION_HOURS_MAX)
    ] = 24
    release: Literal["consumed", "retention"] = "consumed"
    limits: Annotated[bool, Field(strict=True)] = False
    consumers: Annotated[
        tuple[Annotated[str, Field(pattern=f"^{rules.CONSUMER_NAME}$")], ...],
        Field(max_length=rules.CONSUMERS_MAX, json_schema_extra={"uniqueItems": True}),
        AfterValidator(_different),
    ] = ()


class StreamName(NamedTuple):
    """What a mapping's Stream means: a resource, and one of its consumers or the stream itself."""

    resource: str
    consumer: str | None


def stream_name(text: str) -> StreamName:
    """Return what a name (``orders``, ``orders/consumer/fast``) or an ARN means.

    The ARN of a consumer ends in the time of its creation, which is not looked at.
    """
    name = text.split(":stream/", 1)[1] if text.startswith("arn:") and ":stream/" in text else text
    resource, separator, consumer = name.partition("/consumer/")
    return StreamName(resource, consumer.partition(":")[0] if separator else None)


def event(records: Sequence[Record], origin: Origin) -> dict[str, Any]:
    """The event of a batch from one shard, built afresh."""
    encode = b2a_base64
    shard_id, arn, region, role_arn = origin.shard_id, origin.arn, origin.region, origin.role_arn
    return {
        "Records": [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": partition_key,
                    "sequenceNumber": sequence_number,
                    "data": encode(data, newline=False).decode("ascii"),
                    "approximateArrivalTimestamp": arrival,
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": f"{shard_id}:{sequence_number}",
                "eventName": "aws:kinesis:record",
                "invokeIdentityArn": role_arn,
                "awsRegion": region,
                "eventSourceARN": arn,
            }
            for sequence_number, partition_key, data, arrival in records
        ]
    }


def filterable(record: Record) -> dict[str, Any]:
    """What FilterCriteria see of a record: its data as JSON, and beside it what Kinesis tells.

    https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis-filtering.html
    """
    sequence_number, partition_key, data, arrival = record
    return {
        "kinesisSchemaVersion": "1.0",
        "partitionKey": partition_key,
        "sequenceNumber": sequence_number,
        "data": Encoded(data),
        "approximateArrivalTimestamp": arrival,
    }


def encoded_size(records: Sequence[Record], origin: Origin) -> int:
    """How many bytes ``event`` of the same arguments has as compact JSON in UTF-8.

    What is the same in every record (shard and ARNs) counts as it is given, plain ASCII.
    """
    if not records:
        return len(b'{"Records":[]}')
    sequence_numbers, keys, data, arrivals = zip(*records, strict=True)
    base64_quarters = sum([(len(each) + 2) // 3 for each in data])
    # A JSON list costs a bracket more than its items and their commas.
    items = len(orjson.dumps(keys)) + len(orjson.dumps(arrivals)) - 2 * len(records) - 2
    same = _SAME_BYTES + _length(origin)
    numbers = 2 * sum(map(len, sequence_numbers))
    return _FRAME_BYTES + len(records) * same + numbers + items + 4 * base64_quarters


def encoded_size_at_most(records: Sequence[Record], origin: Origin) -> int:
    """A bound on ``encoded_size`` that costs a third of it; far too high only for short keys."""
    if not records:
        return _FRAME_BYTES + 1
    same = _SAME_BYTES + _length(origin)
    longest_number = 2 * len(records[-1].sequence_number)  # numbers grow
    varying = _KEY_BYTES_MAX + _ARRIVAL_BYTES_MAX + longest_number + _BASE64_PADDING
    data = sum(map(len, map(_DATA, records)))
    return _FRAME_BYTES + len(records) * (same + varying) + data * 4 // 3


def records(
    scene: Scene,
    *,
    stream: StreamText = "orders",
    data: Data = '{"order": 1}',
    encoded: Encoding = None,
    partition_key: PartitionKey = "customer-1",
    records: Records = 1,
    shard: ShardIndex = 0,
    consumer: Consumer = None,
) -> dict[str, Any]:
    """Records of one shard, as a mapping's function gets them."""
    told = _told(scene, data, encoded, partition_key, records, shard)
    return event(told, _origin(scene, stream, shard, consumer))


def window(
    scene: Scene,
    *,
    stream: StreamText = "orders",
    data: Data = '{"order": 1}',
    encoded: Encoding = None,
    partition_key: PartitionKey = "customer-1",
    records: Annotated[int, Field(ge=0, le=10_000), "in the event; none at a window's end"] = 1,
    shard: ShardIndex = 0,
    seconds: Annotated[int, Field(ge=1, le=900), "TumblingWindowInSeconds"] = 120,
    state: Annotated[dict[str, Any] | None, "JSON that the function answered last"] = None,
    final: Annotated[bool, "isFinalInvokeForWindow"] = False,
    terminated_early: Annotated[bool, "isWindowTerminatedEarly"] = False,
) -> dict[str, Any]:
    """Records of one shard in a tumbling window."""
    told = _told(scene, data, encoded, partition_key, records, shard)
    origin = _origin(scene, stream, shard, None)
    placed = replace(
        window_of(scene.at.timestamp(), seconds),
        state=state or {},
        final=final,
        terminated_early=terminated_early,
    )
    return in_window(event(told, origin), placed, origin)


EVENTS = (records, window)


def source_arn(event: dict[str, Any], scene: Scene) -> str:
    """The ARN of the stream, or of its consumer."""
    return str(event.get("eventSourceARN") or event["Records"][0]["eventSourceARN"])


def _told(
    scene: Scene, data: str, encoded: str | None, key: str, count: int, shard: int
) -> list[Record]:
    payload = data.encode() if encoded is None else decoded(encoded)
    check(rules.refuse_record(PutRecord(key, payload)))
    prefix = rules.sequence_prefix(scene.at.timestamp() - _OPENED_SECONDS_AGO, shard)
    arrival = rules.arrival_stamp(scene.at.timestamp())
    return [
        Record(rules.sequence_number(prefix, scene.count("records") + 1), key, payload, arrival)
        for _ in range(count)
    ]


def _origin(scene: Scene, stream: str, shard: int, consumer: str | None) -> Origin:
    source = rules.stream_arn(stream, scene.account, scene.region)
    if consumer is not None:
        made = scene.at.timestamp() - _OPENED_SECONDS_AGO
        source = rules.consumer_arn(source, consumer, made)
    role = arn("iam", scene.region, scene.account, "role/stream-reader")
    return Origin(rules.shard_id(shard), source, scene.region, role)


async def open_stream(
    name: str, resource: Resource, backend: Backend, on_put: OnPut = nobody
) -> Stream:
    """The stream *name* on *backend*, made if it is not there; *on_put* is told of every put.

    Raises BackendError, ServiceError or Unreachable when the back end cannot give it.
    """
    if backend.name == "simulated":
        from eventsim.sources._kinesis_simulated import SimulatedStream

        return SimulatedStream(
            name,
            backend,
            shard_count=resource.shards,
            retention_hours=resource.retention_hours,
            release_consumed=resource.release == "consumed",
            limits=resource.limits,
            consumers=resource.consumers,
            poll_interval=POLL_INTERVAL_SECONDS,
            on_put=on_put,
        )
    from eventsim.sources._kinesis_client import no_fan_out, open_client_stream

    if resource.consumers:
        raise no_fan_out(name, resource.consumers[0], backend)
    return await open_client_stream(
        name,
        backend,
        shard_count=resource.shards,
        retention_hours=resource.retention_hours,
        poll_interval=POLL_INTERVAL_SECONDS,
        on_put=on_put,
    )


def arn_of(name: str, account: str, region: str, opened: float) -> str:
    """The ARN of a stream of that name."""
    return rules.stream_arn(name, account, region)


def role_needs(arn: str) -> tuple[Need, ...]:
    """What an execution role needs for a mapping on a stream, or on one of its consumers.

    Not ListStreams, which is about no stream in particular.
    """
    stream, separator, _ = arn.partition("/consumer/")
    describe = Need(("kinesis:DescribeStream", "kinesis:DescribeStreamSummary"), stream)
    shards = Need(("kinesis:ListShards",), stream)
    if separator:
        return Need(("kinesis:SubscribeToShard",), arn), describe, shards
    reading = ("kinesis:GetRecords", "kinesis:GetShardIterator")
    return *(Need((action,), stream) for action in reading), describe, shards


async def find_stream(name: str, backend: Backend) -> FoundStream:
    """The stream *name* as it is on a back end that has an API.

    Raises ServiceError when it is not there, BackendError, Unreachable.
    """
    from eventsim.sources._kinesis_client import find_client_stream

    return await find_client_stream(name, backend, POLL_INTERVAL_SECONDS)


def _length(origin: Origin) -> int:
    return len(origin.shard_id) + len(origin.arn) + len(origin.region) + len(origin.role_arn)


_DATA = itemgetter(2)
_KEY_BYTES_MAX = 6 * rules.PARTITION_KEY_CHARACTERS_MAX + 2  # each as \\u0000, in quotes
_ARRIVAL_BYTES_MAX = 24
_BASE64_PADDING = 4
_FRAME_BYTES = len(b'{"Records":[]}') - 1  # a comma between two records, none after the last
# All of a record but what varies: sequence number (twice), key with quotes, data, arrival, ARNs.
_SAME_BYTES = (
    len(orjson.dumps(event([Record("", "", b"", 0.0)], Origin())))
    - len(b'{"Records":[]}')
    - len(b'""0.0')
    + 1
)
