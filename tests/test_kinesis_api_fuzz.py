"""Requests made of botocore's model of Kinesis, right and wrong: no answer is a 500 of ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from hypothesis import given, settings
from hypothesis import strategies as st

from eventsim.kinesis_api import OPERATIONS
from tests.server_process import Served
from tests.test_server_fuzz import values

REGION = "ap-south-1"
MODEL = ServiceModel(Loader().load_service_model("kinesis", "service-2"), "kinesis")
SCOPE = f"AKID/20260101/{REGION}/kinesis/aws4_request"
SIGNED = {"Authorization": f"AWS4-HMAC-SHA256 Credential={SCOPE}, Signature=00"}
ARN = f"arn:aws:kinesis:{REGION}:123456789012:stream/fuzzed"
SHARDS = ["shardId-000000000000", "shardId-000000000001", "shardId-000000000007"]
NUMBERS = ["0", "1", str(2**127), str(2**128 - 1), "9" * 39]


@pytest.fixture(scope="module")
def known(aws: Served) -> dict[str, list[str]]:
    """What there is in a region of its own, which the requests then change."""
    kinesis = aws.client("kinesis", REGION)
    kinesis.create_stream(StreamName="fuzzed", ShardCount=2)
    consumer = kinesis.register_stream_consumer(StreamARN=ARN, ConsumerName="c")["Consumer"]
    put = kinesis.put_record(StreamName="fuzzed", Data=b"x", PartitionKey="k")
    place = kinesis.get_shard_iterator(
        StreamName="fuzzed", ShardId=SHARDS[0], ShardIteratorType="TRIM_HORIZON"
    )
    page = kinesis.list_shards(StreamName="fuzzed", MaxResults=1)
    sequence = [put["SequenceNumber"], "0"]
    return {
        "StreamName": ["fuzzed", "fuzzed", "nobody", "b"],
        "StreamARN": [ARN, f"{ARN}s"],
        "ResourceARN": [ARN, consumer["ConsumerARN"]],
        "ConsumerARN": [consumer["ConsumerARN"], f"{ARN}/consumer/d:1"],
        "ConsumerName": ["c", "d"],
        "ShardIterator": [place["ShardIterator"], "AAAA"],
        "NextToken": [page["NextToken"], "AAAA"],
        "PartitionKey": ["k", "ö"],
        **dict.fromkeys(("StartingSequenceNumber", "SequenceNumber"), sequence),
        **dict.fromkeys(("ExplicitHashKey", "NewStartingHashKey"), NUMBERS),
        **dict.fromkeys(
            ("ShardId", "ShardToSplit", "ShardToMerge", "ExclusiveStartShardId"), SHARDS
        ),
    }


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=20) as made:
        yield made


def body_of(draw: st.DataObject, operation: str, known: dict[str, list[str]]) -> dict[str, Any]:
    """Members of an operation; what must be there is, mostly."""
    shape = MODEL.operation_model(operation).input_shape
    if shape is None:
        return {}
    return {
        name: draw.draw(values(name, member, 0, known), label=name)
        for name, member in shape.members.items()
        if draw.draw(st.integers(0, 9)) < (9 if name in shape.required_members else 4)
    }


@settings(max_examples=200)
@given(data=st.data(), operation=st.sampled_from(sorted(OPERATIONS)))
def test_every_request_has_an_answer_that_aws_could_give(
    aws: Served,
    client: httpx.Client,
    known: dict[str, list[str]],
    data: st.DataObject,
    operation: str,
) -> None:
    body = body_of(data, operation, known)
    if operation == "DeleteStream" and "fuzzed" in json.dumps(body):
        return  # the others need it
    headers = {**SIGNED, "X-Amz-Target": f"Kinesis_20131202.{operation}"}
    answer = client.post(aws.base, headers=headers, content=json.dumps(body).encode())
    assert answer.status_code < 500
    if answer.status_code >= 400:
        assert answer.headers["x-amzn-errortype"] == answer.json()["__type"]
        assert answer.json()["message"]
