"""The event that a function gets from Kinesis, and the bytes it will have."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from eventsim.sources import kinesis
from eventsim.types import Origin, Record

SHARD = "shardId-000000000000"
ORIGIN = Origin(
    SHARD,
    "arn:aws:kinesis:eu-west-1:123456789012:stream/orders",
    "eu-west-1",
    "arn:aws:iam::123456789012:role/consumer",
)

keys = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
arrivals = st.integers(0, 4_102_444_800_000).map(lambda milliseconds: milliseconds / 1000)
numbers = st.integers(1, 10**56).map(str)
records = st.builds(Record, numbers, keys, st.binary(max_size=50), arrivals)


def test_the_event_is_the_one_aws_sends() -> None:
    number = "49590338271490256608559692538361571095921575989136588898"

    event = kinesis.event([Record(number, "1", b"Hello, this is a test.", 1545084650.987)], ORIGIN)

    assert event == {
        "Records": [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": "1",
                    "sequenceNumber": number,
                    "data": "SGVsbG8sIHRoaXMgaXMgYSB0ZXN0Lg==",
                    "approximateArrivalTimestamp": 1545084650.987,
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": f"{SHARD}:{number}",
                "eventName": "aws:kinesis:record",
                "invokeIdentityArn": "arn:aws:iam::123456789012:role/consumer",
                "awsRegion": "eu-west-1",
                "eventSourceARN": "arn:aws:kinesis:eu-west-1:123456789012:stream/orders",
            }
        ]
    }
    assert list(event["Records"][0]) == [
        "kinesis",
        "eventSource",
        "eventVersion",
        "eventID",
        "eventName",
        "invokeIdentityArn",
        "awsRegion",
        "eventSourceARN",
    ]


@given(st.lists(records, max_size=5))
def test_data_is_base64_of_the_very_bytes(batch: list[Record]) -> None:
    event = kinesis.event(batch, ORIGIN)

    found = [each["kinesis"]["data"] for each in event["Records"]]
    assert found == [b64encode(record.data).decode() for record in batch]
    assert [b64decode(data, validate=True) for data in found] == [record.data for record in batch]


@given(st.lists(records, max_size=5))
def test_the_size_is_that_of_the_encoded_event(batch: list[Record]) -> None:
    event = kinesis.event(batch, ORIGIN)

    size = kinesis.encoded_size(batch, ORIGIN)

    assert size == len(orjson.dumps(event))


def test_each_event_is_a_fresh_object() -> None:
    batch = [Record("1", "a", b"", 0.0), Record("2", "a", b"", 0.0)]

    one, two = (kinesis.event(batch, ORIGIN) for _ in range(2))

    containers = [each for event in (one, two) for each in _containers(event)]
    assert len({id(each) for each in containers}) == len(containers) == 2 * 6


def test_a_resource_has_defaults() -> None:
    assert kinesis.Resource().model_dump() == {
        "type": "kinesis",
        "shards": 1,
        "retention_hours": 24,
        "release": "consumed",
        "limits": False,
        "consumers": (),
    }


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("shards", 0, "Input should be greater than or equal to 1"),
        ("shards", 10_001, "Input should be less than or equal to 10000"),
        ("shards", "4", "Input should be a valid integer"),
        ("shards", True, "Input should be a valid integer"),
        ("retention_hours", 23, "Input should be greater than or equal to 24"),
        ("retention_hours", 8_761, "Input should be less than or equal to 8760"),
        ("release", "never", "Input should be 'consumed' or 'retention'"),
        ("limits", "yes", "Input should be a valid boolean"),
        ("shard", 1, "Extra inputs are not permitted"),
    ],
)
def test_a_resource_that_cannot_be_is_refused(key: str, value: object, message: str) -> None:
    with pytest.raises(ValidationError) as error:
        kinesis.Resource.model_validate({key: value})

    assert [(fault["loc"], fault["msg"]) for fault in error.value.errors()] == [((key,), message)]


def test_words_that_the_scenario_looks_for() -> None:
    assert (kinesis.MAPPING.event, kinesis.POLL_INTERVAL_SECONDS) == ("Kinesis", 1.0)


def _containers(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [value, *(each for part in value.values() for each in _containers(part))]
    if isinstance(value, list):
        return [value, *(each for part in value for each in _containers(part))]
    return []


@given(st.lists(records, max_size=5))
def test_the_bound_on_the_size_is_never_too_low(batch: list[Record]) -> None:
    bound = kinesis.encoded_size_at_most(batch, ORIGIN)

    assert bound >= kinesis.encoded_size(batch, ORIGIN)


def test_the_bound_of_an_ordinary_batch_is_below_six_megabytes() -> None:
    batch = [Record("1" * 56, "key", b"x" * 200, 1.5)] * 1_000

    assert kinesis.encoded_size_at_most(batch, ORIGIN) < 6 * 1024 * 1024


STREAM_ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/orders"


@pytest.mark.parametrize(
    ("text", "resource", "consumer"),
    [
        ("orders", "orders", None),
        (STREAM_ARN, "orders", None),
        ("orders/consumer/fast", "orders", "fast"),
        (f"{STREAM_ARN}/consumer/fast:1767225600", "orders", "fast"),
        (f"{STREAM_ARN}/consumer/fast", "orders", "fast"),
        (
            "arn:aws:sqs:us-east-1:123456789012:orders",
            "arn:aws:sqs:us-east-1:123456789012:orders",
            None,
        ),
    ],
)
def test_a_name_or_an_arn_means_a_stream_or_a_consumer(
    text: str, resource: str, consumer: str | None
) -> None:
    assert kinesis.stream_name(text) == (resource, consumer)


@pytest.mark.parametrize(
    "consumers", [["a b"], ["x" * 129], ["a", "a"], [str(n) for n in range(21)]]
)
def test_consumers_that_a_stream_cannot_have_are_refused(consumers: Any) -> None:
    with pytest.raises(ValidationError):
        kinesis.Resource(consumers=consumers)
