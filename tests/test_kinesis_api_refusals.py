"""What Kinesis of a server refuses, and in which words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from botocore.config import Config

from tests.server_process import Served
from tests.test_kinesis_api import ARN, HALF, SHARDS, iterator, records, refused

NAME = "refusing"
PLACE = f"in stream {NAME} under account 123456789012"
CONSUMER = f"{ARN}/{NAME}/consumer/nobody:1"
OF_NUMBERS = (
    "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and "
    "StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. "
    "Request specified {} StartingSequenceNumber."
)
INVALID, MISSING = "InvalidArgumentException", "ResourceNotFoundException"
IN_USE, VALIDATION = "ResourceInUseException", "ValidationException"
LIMIT = "LimitExceededException"


@pytest.fixture(scope="module")
def kinesis(aws: Served) -> Iterator[Any]:
    """A client that leaves judging to the server."""
    import boto3

    client = boto3.client(
        "kinesis",
        endpoint_url=aws.base,
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
    )
    client.create_stream(StreamName=NAME, ShardCount=2)
    yield client
    client.delete_stream(StreamName=NAME, EnforceConsumerDeletion=True)
    client.close()


def one_violation(path: str, constraint: str, value: str = "") -> str:
    told = f"Value{value} at '{path}' failed to satisfy constraint: {constraint}"
    return f"1 validation error detected: {told}"


def scaled(count: int) -> dict[str, Any]:
    return {"StreamName": NAME, "TargetShardCount": count, "ScalingType": "UNIFORM_SCALING"}


def at(kind: str, **more: Any) -> dict[str, Any]:
    return {"StreamName": NAME, "ShardId": SHARDS[0], "ShardIteratorType": kind, **more}


OWN = {"StreamName": NAME}
HOURS = "Requested retention period"
REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    (
        "create_stream",
        {"StreamName": NAME, "ShardCount": 1},
        IN_USE,
        f"Stream {NAME} under account 123456789012 already exists.",
    ),
    (
        "create_stream",
        {"StreamName": "a/b", "ShardCount": 1},
        VALIDATION,
        one_violation(
            "streamName",
            "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
            " 'a/b'",
        ),
    ),
    (
        "create_stream",
        {"StreamName": "none"},
        VALIDATION,
        one_violation("shardCount", "Member must not be null", " null"),
    ),
    (
        "create_stream",
        {"StreamName": "none", "ShardCount": 1, "WarmThroughputMiBps": 5},
        INVALID,
        "WarmThroughputMiBps is not there in eventsim; leave it out",
    ),
    (
        "create_stream",
        {"StreamName": "n", "ShardCount": 2, "StreamModeDetails": {"StreamMode": "ON_DEMAND"}},
        INVALID,
        "ShardCount is not for a stream in On-Demand mode.",
    ),
    ("describe_stream", {}, INVALID, "Either StreamName or StreamARN must be provided."),
    (
        "describe_stream",
        {"StreamARN": f"{ARN}/{NAME}", "StreamName": "other"},
        INVALID,
        f"StreamARN {ARN}/{NAME} is not that of StreamName other.",
    ),
    (
        "describe_stream",
        {"StreamARN": f"{ARN}/{NAME}".replace("east", "west")},
        MISSING,
        f"Stream {ARN}/{NAME} not found.".replace("east", "west"),
    ),
    (
        "put_records",
        {**OWN, "Records": records("a") * 501},
        VALIDATION,
        one_violation("records", "Member must have length less than or equal to 500"),
    ),
    (
        "put_records",
        {**OWN, "Records": [{"Data": bytes(1_000_000), "PartitionKey": "a"}] * 11},
        INVALID,
        "Records size exceeds 10 MB limit",
    ),
    (
        "put_records",
        {**OWN, "Records": [{"Data": b"a"}]},
        VALIDATION,
        one_violation("records.1.member.partitionKey", "Member must not be null", " null"),
    ),
    (
        "put_record",
        {**OWN, **records("a")[0], "ExplicitHashKey": str(2**128)},
        INVALID,
        "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. "
        f"Specified value was {2**128}",
    ),
    ("get_records", {"ShardIterator": "AAAA"}, INVALID, "Invalid ShardIterator."),
    (
        "get_shard_iterator",
        at("LATEST", ShardId=SHARDS[7]),
        MISSING,
        f"Could not find shard {SHARDS[7]} {PLACE}.",
    ),
    (
        "get_shard_iterator",
        at("AT_SEQUENCE_NUMBER"),
        INVALID,
        OF_NUMBERS.format("AT_SEQUENCE_NUMBER and no"),
    ),
    (
        "get_shard_iterator",
        at("LATEST", StartingSequenceNumber="1"),
        INVALID,
        OF_NUMBERS.format("LATEST and also a"),
    ),
    (
        "get_shard_iterator",
        at("AFTER_SEQUENCE_NUMBER", StartingSequenceNumber="1"),
        INVALID,
        f"StartingSequenceNumber 1 used in GetShardIterator on shard {SHARDS[0]} {PLACE} is "
        "invalid because it did not come from this stream.",
    ),
    (
        "get_shard_iterator",
        at("AT_TIMESTAMP"),
        INVALID,
        "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. "
        "Current timestampInMillis: null",
    ),
    (
        "split_shard",
        {**OWN, "ShardToSplit": SHARDS[0], "NewStartingHashKey": "0"},
        INVALID,
        f"NewStartingHashKey 0 used in SplitShard() on shard {SHARDS[0]} {PLACE} is not both "
        "greater than one plus the shard's StartingHashKey 0 and less than the shard's "
        f"EndingHashKey {2**127 - 2}.",
    ),
    (
        "merge_shards",
        {**OWN, "ShardToMerge": SHARDS[0], "AdjacentShardToMerge": SHARDS[0]},
        INVALID,
        f"Shards {SHARDS[0]} and {SHARDS[0]} {PLACE} are not an adjacent pair of shards "
        "eligible for merging",
    ),
    (
        "update_shard_count",
        scaled(5),
        INVALID,
        "TargetShardCount 5 is more than 4, twice what there are.",
    ),
    (
        "decrease_stream_retention_period",
        {**OWN, "RetentionPeriodHours": 23},
        INVALID,
        f"Minimum allowed retention period is 24 hours. {HOURS} (23 hours) is too short.",
    ),
    (
        "increase_stream_retention_period",
        {**OWN, "RetentionPeriodHours": 8_761},
        INVALID,
        f"Maximum allowed retention period is 8760 hours. {HOURS} (8761 hours) is too long.",
    ),
    (
        "decrease_stream_retention_period",
        {**OWN, "RetentionPeriodHours": 48},
        INVALID,
        f"{HOURS} (48 hours) for stream {NAME} can not be longer than existing retention period "
        "(24 hours). Use IncreaseRetentionPeriod API.",
    ),
    ("list_shards", {"NextToken": "AAAA"}, INVALID, "Invalid NextToken."),
    ("list_streams", {"NextToken": "AAAA"}, INVALID, "Invalid NextToken."),
    (
        "list_shards",
        {**OWN, "ShardFilter": {"Type": "AT_TIMESTAMP"}},
        INVALID,
        "Timestamp must be provided for a ShardFilter of type AT_TIMESTAMP.",
    ),
    (
        "list_shards",
        {**OWN, "ShardFilter": {"Type": "AFTER_SHARD_ID"}},
        INVALID,
        "ShardId must be provided for a ShardFilter of type AFTER_SHARD_ID.",
    ),
    (
        "describe_stream_consumer",
        {"ConsumerARN": CONSUMER},
        MISSING,
        f"Consumer {CONSUMER} not found.",
    ),
    (
        "describe_stream_consumer",
        {"StreamARN": f"{ARN}/{NAME}", "ConsumerName": "nobody"},
        MISSING,
        f"Consumer nobody under stream: {NAME}, account 123456789012 not found.",
    ),
    (
        "describe_stream_consumer",
        {"ConsumerName": "nobody"},
        INVALID,
        "Either ConsumerARN, or StreamARN and ConsumerName, must be provided.",
    ),
    (
        "subscribe_to_shard",
        {
            "ConsumerARN": CONSUMER,
            "ShardId": SHARDS[0],
            "StartingPosition": {"Type": "LATEST"},
        },
        MISSING,
        f"Consumer {CONSUMER} not found.",
    ),
    (
        "add_tags_to_stream",
        {**OWN, "Tags": {f"k{number}": "" for number in range(51)}},
        INVALID,
        f"Failed to add tags to stream {NAME} under account 123456789012 because a given stream "
        "cannot have more than 50 tags associated with it.",
    ),
]


@pytest.mark.parametrize(("operation", "given", "code", "text"), REFUSED)
def test_a_request_is_refused_in_the_words_of_the_service(
    kinesis: Any, operation: str, given: dict[str, Any], code: str, text: str
) -> None:
    assert refused(getattr(kinesis, operation), **given) == (400, code, text)


def test_a_region_has_only_so_many_shards(kinesis: Any) -> None:
    code, text = refused(kinesis.create_stream, StreamName="wide", ShardCount=10_001)[1:]
    assert code == LIMIT
    assert text.startswith("This request would exceed the shard limit for the account 123456789012")


def test_a_shard_is_split_once_and_an_on_demand_stream_never(kinesis: Any) -> None:
    kinesis.create_stream(StreamName="once", ShardCount=1)
    split = {"StreamName": "once", "ShardToSplit": SHARDS[0], "NewStartingHashKey": HALF}
    kinesis.split_shard(**split)
    told = "has already been merged or split, and thus is not eligible for merging or splitting."
    place = "in stream once under account 123456789012"
    assert refused(kinesis.split_shard, **split)[1:] == (
        INVALID,
        f"Shard {SHARDS[0]} {place} {told}",
    )
    kinesis.update_stream_mode(
        StreamARN=f"{ARN}/once", StreamModeDetails={"StreamMode": "ON_DEMAND"}
    )
    assert refused(kinesis.split_shard, **split)[1:] == (
        VALIDATION,
        "Request is invalid. Stream once under account 123456789012 is in On-Demand mode.",
    )
    kinesis.delete_stream(StreamName="once")


def test_a_stream_with_consumers_is_not_deleted_by_mistake(kinesis: Any) -> None:
    kinesis.create_stream(StreamName="kept", ShardCount=1)
    register = {"StreamARN": f"{ARN}/kept", "ConsumerName": "one"}
    kinesis.register_stream_consumer(**register)
    assert refused(kinesis.register_stream_consumer, **register)[1] == IN_USE
    for number in range(19):
        kinesis.register_stream_consumer(StreamARN=f"{ARN}/kept", ConsumerName=f"c{number}")
    more = {"StreamARN": f"{ARN}/kept", "ConsumerName": "c19"}
    assert refused(kinesis.register_stream_consumer, **more)[1] == LIMIT
    assert refused(kinesis.delete_stream, StreamName="kept")[1] == IN_USE
    kinesis.delete_stream(StreamName="kept", EnforceConsumerDeletion=True)


def test_an_iterator_of_another_making_is_none(kinesis: Any) -> None:
    place = iterator(kinesis, NAME, "LATEST")
    changed = place[:12] + ("A" if place[12] != "A" else "B") + place[13:]
    assert refused(kinesis.get_records, ShardIterator=changed)[1:] == (
        INVALID,
        "Invalid ShardIterator.",
    )


def test_an_operation_that_is_not_there_says_so_by_its_name(kinesis: Any) -> None:
    text = "eventsim does not have the operation GetResourcePolicy of Kinesis"
    answer = refused(kinesis.get_resource_policy, ResourceARN=f"{ARN}/{NAME}")
    assert answer == (501, "NotImplemented", text)


def posted(aws: Served, target: str, body: bytes, kind: str = "json") -> tuple[int, str]:
    scope = "AKID/20260101/us-east-1/kinesis/aws4_request"
    headers = {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, Signature=00",
        "X-Amz-Target": f"Kinesis_20131202.{target}",
        "Content-Type": f"application/x-amz-{kind}-1.1",
    }
    answer = httpx.post(aws.base, headers=headers, content=body)
    return answer.status_code, answer.json()["__type"]


def test_what_is_no_request_is_refused_by_name(aws: Served) -> None:
    assert posted(aws, "Nothing", b"{}") == (400, "UnknownOperationException")
    assert posted(aws, "ListStreams", b"{") == (400, "SerializationException")
    assert posted(aws, "ListStreams", b"[]") == (400, "SerializationException")
    assert posted(aws, "ListStreams", b'{"Limit":"1"}') == (400, "SerializationException")
    filtered = b'{"StreamName":"s","ShardFilter":{"Type":"AT_TIMESTAMP","Timestamp":1e306}}'
    assert posted(aws, "ListShards", filtered) == (400, "SerializationException")
    assert posted(aws, "ListStreams", b"\xbf\xff", "cbor") == (400, "SerializationException")
    large = bytes(16 * 1_048_576 + 1)
    assert posted(aws, "ListStreams", large) == (413, "RequestEntityTooLargeException")
