"""Acceptance cases of a DynamoDB mapping, each through a whole run in virtual time."""

from __future__ import annotations

import re
from typing import Any

import orjson
import pytest

from tests.cases import Case

TABLE: dict[str, Any] = {"users": {"type": "dynamodb", "key": {"id": "S"}}}
ALL: dict[str, Any] = {"Stream": "users", "StartingPosition": "TRIM_HORIZON"}


def write(at: str, *items: dict[str, Any]) -> dict[str, Any]:
    return {"at": at, "put": "users", "records": [{"put": item} for item in items]}


def filtered(pattern: dict[str, Any], *items: dict[str, Any]) -> list[str]:
    """The ids of the items whose writes passed the filter."""
    case = Case()
    criteria = {"Filters": [{"Pattern": orjson.dumps(pattern).decode()}]}
    case.run(TABLE, [write("0s", *items)], kind="DynamoDB", **ALL, FilterCriteria=criteria)
    return [
        record["dynamodb"]["Keys"]["id"]["S"]
        for event in case.events
        for record in event["Records"]
    ]


@pytest.mark.parametrize(
    ("image", "passed"),
    [
        pytest.param({"n": {"N": [{"numeric": [">", 100]}]}}, [], id="case-28"),
        pytest.param({"k": [{"exists": False}]}, ["1", "2"], id="case-29"),
        pytest.param({"k": ["v"]}, [], id="case-30"),
        pytest.param({"k": {"S": ["v"]}}, ["1"], id="with-the-type"),
    ],
)
def test_a_pattern_sees_the_attribute_values_as_they_are_written(
    image: dict[str, Any], passed: list[str]
) -> None:
    with_k = {"id": {"S": "1"}, "k": {"S": "v"}, "n": {"N": "101"}}
    without = {"id": {"S": "2"}}

    assert filtered({"dynamodb": {"NewImage": image}}, with_k, without) == passed


def test_the_same_item_put_twice_is_one_insert() -> None:
    """Case 31."""
    item = {"id": {"S": "1"}, "k": {"S": "v"}}

    assert filtered({"eventName": ["INSERT"]}, item, item) == ["1"]


def test_an_insert_is_told_in_the_words_of_version_1_1() -> None:
    """Case 32."""
    case = Case()
    item = {"id": {"S": "1"}, "data": {"B": "Zm9vYmFy"}}

    case.run(TABLE, [write("1500ms", item)], kind="DynamoDB", **ALL)

    ((record,),) = [event["Records"] for event in case.events]
    change = record.pop("dynamodb")
    assert re.fullmatch(r"[0-9a-f]{32}", record.pop("eventID"))
    arn = record.pop("eventSourceARN")
    assert arn.startswith("arn:aws:dynamodb:us-east-1:123456789012:table/users/stream/")
    assert record == {
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
    }
    assert change.pop("SequenceNumber").isdecimal()
    created = change.pop("ApproximateCreationDateTime")
    assert (created, type(created)) == (1_767_225_601.0, float)
    assert change == {
        "Keys": {"id": {"S": "1"}},
        "NewImage": item,
        "SizeBytes": change["SizeBytes"],
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }


def test_a_discarded_batch_tells_arrivals_in_whole_seconds() -> None:
    """Case 33."""

    def fails(event: Any) -> None:
        raise ValueError("poison")

    case = Case(fails)
    destination = {"OnFailure": {"Destination": "dlq"}}

    case.run(
        {**TABLE, "dlq": {"type": "sqs"}},
        [write("1500ms", {"id": {"S": "1"}})],
        kind="DynamoDB",
        **ALL,
        MaximumRetryAttempts=1,
        DestinationConfig=destination,
    )

    (document,) = map(orjson.loads, case.bodies["dlq"])
    change = case.events[0]["Records"][0]
    number, at = change["dynamodb"]["SequenceNumber"], "2026-01-01T00:00:01Z"
    request_id = case.told("batch_discarded")[0].fields["request_id"]
    assert document == {
        "requestContext": {
            "requestId": request_id,
            "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:f",
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 2,
        },
        "responseContext": {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled",
        },
        "version": "1.0",
        "timestamp": document["timestamp"],
        "DDBStreamBatchInfo": {
            "shardId": case.told("batch_discarded")[0].fields["shard"],
            "startSequenceNumber": number,
            "endSequenceNumber": number,
            "approximateArrivalOfFirstRecord": at,
            "approximateArrivalOfLastRecord": at,
            "batchSize": 1,
            "streamArn": change["eventSourceARN"],
        },
    }
    assert re.fullmatch(r"2026-01-01T00:00:0\d\.\d{3}Z", document["timestamp"])


def test_a_batch_of_a_table_is_gathered_over_several_reads() -> None:
    """A read brings 1,000 changes at most, a batch may have 10,000."""
    case = Case()
    items = [{"id": {"S": str(number)}} for number in range(2_600)]

    case.run(TABLE, [write("0s", *items)], kind="DynamoDB", **ALL, BatchSize=2_500)

    assert [len(event["Records"]) for event in case.events] == [2_500, 100]
    ids = [r["dynamodb"]["Keys"]["id"]["S"] for event in case.events for r in event["Records"]]
    assert ids == [str(number) for number in range(2_600)]


def test_a_change_of_a_table_grows_too_old_by_when_it_was_made() -> None:
    """Its arrival is its own, not the time of the read: MaximumRecordAgeInSeconds takes hold."""

    def fails(event: Any) -> None:
        raise ValueError("poison")

    case = Case(fails)
    destination = {"OnFailure": {"Destination": "dlq"}}

    case.run(
        {**TABLE, "dlq": {"type": "sqs"}},
        [write("10s", {"id": {"S": "1"}})],
        kind="DynamoDB",
        **ALL,
        MaximumRecordAgeInSeconds=60,
        DestinationConfig=destination,
    )

    (document,) = map(orjson.loads, case.bodies["dlq"])
    assert list(document) == ["requestContext", "version", "timestamp", "DDBStreamBatchInfo"]
    context = document["requestContext"]
    assert (context["condition"], context["approximateInvokeCount"]) == ("RecordAgeExceeded", 8)
    assert document["timestamp"] == "2026-01-01T00:01:10.000Z"
