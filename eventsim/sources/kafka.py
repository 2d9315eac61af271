"""
Apache Kafka, as Amazon MSK runs it or as you do: the event a function gets.

https://docs.aws.amazon.com/lambda/latest/dg/with-msk.html
https://docs.aws.amazon.com/lambda/latest/dg/with-kafka.html
(Lambda polls. Records are grouped by topic and partition; keys, values and headers are bytes.)

Where AWS is silent: the bytes of a header are numbers from -128 to 127, as Java writes them.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Annotated, Any, Literal

from pydantic import Field

from eventsim.rules.arns import arn, dns_suffix
from eventsim.rules.timestamps import epoch_milliseconds
from eventsim.sources._base64 import decoded
from eventsim.sources._names import hex_of, uuid_of
from eventsim.types import InvocationType, Scene

INVOCATION_TYPES: tuple[InvocationType, ...] = ("RequestResponse",)

Topic = Annotated[str, "the topic's name"]
Value = Annotated[str, "text of each record; - reads it from stdin"]
Encoding = Annotated[str | None, "the value as base64, instead of a text"]
RecordKey = Annotated[str | None, "the text that is each record's key"]
Headers = Annotated[dict[str, str] | None, 'JSON: {"name": "text"}']
Records = Annotated[int, Field(ge=1, le=10_000), "records in the event"]
Partitions = Annotated[int, Field(ge=1, le=1_000), "that the records are spread over, in turn"]
TimestampType = Annotated[Literal["CREATE_TIME", "LOG_APPEND_TIME"], "what the timestamp is of"]


def msk(
    scene: Scene,
    *,
    cluster: Annotated[str, "the MSK cluster's name"] = "orders-cluster",
    topic: Topic = "orders",
    value: Value = '{"order": 1}',
    encoded: Encoding = None,
    key: RecordKey = "customer-1",
    headers: Headers = None,
    records: Records = 1,
    partitions: Partitions = 1,
    timestamp_type: TimestampType = "CREATE_TIME",
) -> dict[str, Any]:
    """Records of a cluster of Amazon MSK."""
    name = f"cluster/{cluster}/{uuid_of(cluster)}-1"
    place = f"{cluster.lower()}.{hex_of(cluster, 6)}.c1.kafka"
    host = f"{place}.{scene.region}.{dns_suffix(scene.region)}"
    return {
        "eventSource": "aws:kafka",
        "eventSourceArn": arn("kafka", scene.region, scene.account, name),
        "bootstrapServers": ",".join(f"b-{broker}.{host}:9092" for broker in (1, 2)),
        "records": _records(
            scene, topic, _bytes(value, encoded), key, headers, records, partitions, timestamp_type
        ),
    }


def self_managed(
    scene: Scene,
    *,
    servers: Annotated[list[str] | None, "addresses of brokers, with their ports"] = None,
    topic: Topic = "orders",
    value: Value = '{"order": 1}',
    encoded: Encoding = None,
    key: RecordKey = "customer-1",
    headers: Headers = None,
    records: Records = 1,
    partitions: Partitions = 1,
    timestamp_type: TimestampType = "CREATE_TIME",
) -> dict[str, Any]:
    """Records of a cluster of your own."""
    given = servers or ["kafka-1.example.com:9092", "kafka-2.example.com:9092"]
    return {
        "eventSource": "SelfManagedKafka",
        "bootstrapServers": ",".join(given),
        "records": _records(
            scene, topic, _bytes(value, encoded), key, headers, records, partitions, timestamp_type
        ),
    }


EVENTS = (msk, self_managed)


def source_arn(event: dict[str, Any], scene: Scene) -> str | None:
    """The ARN of a cluster of Amazon MSK; none has your own."""
    return event.get("eventSourceArn")


def _records(
    scene: Scene,
    topic: str,
    value: bytes,
    key: str | None,
    headers: dict[str, str] | None,
    records: int,
    partitions: int,
    timestamp_type: str,
) -> dict[str, Any]:
    by_partition: dict[str, Any] = {}
    for number in range(records):
        partition = number % partitions
        record = {
            "topic": topic,
            "partition": partition,
            "offset": scene.count("kafka offsets"),
            "timestamp": epoch_milliseconds(scene.at),
            "timestampType": timestamp_type,
            **({} if key is None else {"key": b64encode(key.encode()).decode()}),
            "value": b64encode(value).decode(),
            "headers": [{name: _signed(text)} for name, text in (headers or {}).items()],
        }
        by_partition.setdefault(f"{topic}-{partition}", []).append(record)
    return by_partition


def _bytes(value: str, encoded: str | None) -> bytes:
    return value.encode() if encoded is None else decoded(encoded)


def _signed(text: str) -> list[int]:
    return [byte - 256 if byte > 127 else byte for byte in text.encode()]
