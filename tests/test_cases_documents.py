"""On-failure documents of whole runs, to the last key, beside what the function was given."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from tests.cases import ALL, STREAM, Case, put

DLQ: dict[str, Any] = {"DestinationConfig": {"OnFailure": {"Destination": "dlq"}}}
TABLE: dict[str, Any] = {"users": {"type": "dynamodb", "key": {"id": "S"}}}
QUEUE: dict[str, Any] = {"dlq": {"type": "sqs"}}
REPORTS = ["ReportBatchItemFailures"]
ORDERS = "arn:aws:kinesis:us-east-1:123456789012:stream/orders"
RETRIES, AGE = "RetryAttemptsExhausted", "RecordAgeExceeded"
UNHANDLED = {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}
REPORTED = {**UNHANDLED, "functionError": None}


def fails(event: Any) -> None:
    raise ValueError("poison")


def stamp(seconds: float) -> str:
    """That moment of the run, which began with the year."""
    moment = datetime.fromtimestamp(1_767_225_600 + seconds, UTC)
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def document(
    case: Case,
    condition: str,
    count: int,
    size: int,
    written: float,
    response: dict[str, Any] | None = None,
    last: float = 0.0,
) -> str:
    """What is told of the one batch that was given up, as text: the order of keys counts.

    It is under the request id of the last invocation; ``AGE`` and what is too large have none
    that the function would know of.
    """
    (discarded,) = case.told("batch_discarded")
    told = discarded.fields
    body: dict[str, Any] = {
        "requestContext": {
            "requestId": case.request_ids[-1] if response else told["request_id"],
            "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:f",
            "condition": condition,
            "approximateInvokeCount": count,
        },
        **({"responseContext": response} if response else {}),
        "version": "1.0",
        "timestamp": stamp(written),
        "KinesisBatchInfo": {
            "shardId": "shardId-000000000000",
            "startSequenceNumber": told["first"],
            "endSequenceNumber": told["last"],
            "approximateArrivalOfFirstRecord": stamp(0.0),
            "approximateArrivalOfLastRecord": stamp(last),
            "batchSize": size,
            "streamArn": ORDERS,
        },
    }
    return orjson.dumps(body).decode()


def sequence_numbers(case: Case) -> dict[str, str]:
    """The sequence number of each record that the function was given, by its data."""
    records = [record for event in case.events for record in event["Records"]]
    data = [text for batch in case.data() for text in batch]
    return {
        text: record["kinesis"]["sequenceNumber"]
        for text, record in zip(data, records, strict=True)
    }


@pytest.mark.parametrize(
    ("attempts", "count", "written"), [(1, 2, 1.39), (0, 1, 1.12)], ids=["case-8", "case-9"]
)
def test_a_batch_that_fails_each_time(attempts: int, count: int, written: float) -> None:
    case = Case(fails)

    case.run(
        STREAM | QUEUE, [put("0s", 1), put("835ms", 2)], **ALL, **DLQ, MaximumRetryAttempts=attempts
    )

    assert case.data() == [["1", "2"]] * count
    assert set(case.request_ids) == {case.request_ids[0]}
    assert case.bodies["dlq"] == [document(case, RETRIES, count, 2, written, UNHANDLED, last=0.835)]
    told = case.told("batch_discarded")[0].fields
    assert (told["first"], told["last"]) == (*sequence_numbers(case).values(),)


@pytest.mark.parametrize("raw", [False, True], ids=["in the envelope of SNS", "raw"])
def test_a_topic_gets_the_same_document_as_a_queue(raw: bool) -> None:
    case = Case(fails)
    inbox = {"queue": "dlq", "raw_message_delivery": raw}
    topic = {"alerts": {"type": "sns", "subscriptions": [inbox]}}
    destination = {"OnFailure": {"Destination": "alerts"}}

    case.run(
        STREAM | QUEUE | topic,
        [put("0s", 1)],
        **ALL,
        MaximumRetryAttempts=1,
        DestinationConfig=destination,
    )

    (body,) = case.bodies["dlq"]
    expected = document(case, RETRIES, 2, 1, 1.39, UNHANDLED)
    assert (body if raw else orjson.loads(body)["Message"]) == expected


def test_an_object_is_the_same_document_and_the_event_as_text() -> None:
    """Case 34."""
    case = Case(fails)

    case.run(
        STREAM | {"failures": {"type": "s3"}},
        [put("0s", 1)],
        **ALL,
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": "failures"}},
    )

    ((key, body, content_type),) = case.objects["failures"]
    head = document(case, RETRIES, 2, 1, 1.39, UNHANDLED)
    payload = orjson.dumps(case.events[-1]).decode()
    assert body == orjson.dumps(orjson.loads(head) | {"payload": payload})
    uuid = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    place = rf"aws/lambda/{uuid}/shardId-000000000000/2026/01/01/2026-01-01T00\.00\.01-{uuid}"
    assert re.fullmatch(place, key)
    assert content_type == "application/octet-stream"


def test_a_record_that_fits_into_no_event() -> None:
    """Case 6."""
    case = Case()

    case.run(
        STREAM | QUEUE,
        [put("0s", "x" * (5 * 1024 * 1024), "next")],
        **ALL,
        **DLQ,
        MaximumRetryAttempts=2,
    )

    assert case.data() == [["next"]]
    assert case.bodies["dlq"] == [document(case, RETRIES, 3, 1, 1.75)]


def test_a_record_that_grows_too_old_while_it_is_retried() -> None:
    """Case 11: eight invocations, as recorded, and no response though there were some."""
    case = Case(fails)

    case.run(STREAM | QUEUE, [put("0s", 1)], **ALL, **DLQ, MaximumRecordAgeInSeconds=60)

    assert case.data() == [["1"]] * 8
    assert case.told("batch_discarded")[0].fields["request_id"] == case.request_ids[-1]
    assert case.bodies["dlq"] == [document(case, AGE, 8, 1, 60.0)]


def test_a_record_that_was_too_old_before_it_was_read() -> None:
    """Case 12: one old record and five fresh ones when the mapping is enabled."""
    case = Case()
    timeline = [
        put("0s", 1),
        put("80s", 2, 3, 4, 5, 6),
        {"at": "90s", "update": "f.E", "Properties": {"Enabled": True}},
    ]
    settings: dict[str, Any] = {"Enabled": False, "MaximumRecordAgeInSeconds": 60, "BatchSize": 10}

    case.run(STREAM | QUEUE, timeline, **ALL, **DLQ, **settings)

    assert case.data() == [["2", "3", "4", "5", "6"]]
    assert case.bodies["dlq"] == [document(case, AGE, 1, 1, 90.0)]


def test_the_poison_record_alone_that_bisecting_has_found() -> None:
    """Case 13."""
    case = Case(lambda event: fails(event) if "3" in case.data()[-1] else None)

    case.run(
        STREAM | QUEUE,
        [put("0s", 1, 2, 3, 4)],
        **ALL,
        **DLQ,
        MaximumRetryAttempts=0,
        BisectBatchOnFunctionError=True,
    )

    assert [[int(data) for data in batch] for batch in case.data()] == [
        [1, 2, 3, 4],
        [1, 2],
        [3, 4],
        [3],
        [4],
    ]
    (body,) = map(orjson.loads, case.bodies["dlq"])
    assert body["requestContext"]["requestId"] == case.request_ids[3]
    assert body["requestContext"]["approximateInvokeCount"] == 1
    info, number = body["KinesisBatchInfo"], sequence_numbers(case)["3"]
    assert [info[key] for key in ("startSequenceNumber", "endSequenceNumber", "batchSize")] == [
        number,
        number,
        1,
    ]


def test_what_the_function_named_as_failed_has_no_function_error() -> None:
    """Case 15: the sixth record five times, the others once."""

    def names_the_sixth(event: Any) -> Any:
        numbers = [record["kinesis"]["sequenceNumber"] for record in event["Records"]]
        named = numbers[case.data()[-1].index("6")] if "6" in case.data()[-1] else None
        return {"batchItemFailures": [{"itemIdentifier": named}] if named else []}

    case = Case(names_the_sixth)
    settings: dict[str, Any] = {
        "BatchSize": 3,
        "MaximumRetryAttempts": 3,
        "FunctionResponseTypes": REPORTS,
    }

    case.run(STREAM | QUEUE, [put("0s", 1, 2, 3, 4, 5, 6)], **ALL, **DLQ, **settings)

    assert case.data() == [["1", "2", "3"], ["4", "5", "6"], *[["6"]] * 4]
    assert case.bodies["dlq"] == [document(case, RETRIES, 4, 1, 4.97, REPORTED)]
    assert case.told("batch_discarded")[0].fields["first"] == sequence_numbers(case)["6"]


@pytest.mark.parametrize(
    "failure",
    [
        {"itemIdentifier": ""},
        {"itemIdentifier": None},
        {"itemIdentifier": 123},
        {"itemIdentifier": "987654321"},
        {"foo": 123},
        {"foo": None},
    ],
    ids=str,
)
def test_an_answer_that_names_no_record_of_the_batch(failure: dict[str, Any]) -> None:
    """Case 17."""
    case = Case(lambda event: {"batchItemFailures": [failure]})
    settings: dict[str, Any] = {"MaximumRetryAttempts": 2, "FunctionResponseTypes": REPORTS}

    case.run(STREAM | QUEUE, [put("0s", 1, 2)], **ALL, **DLQ, **settings)

    assert case.data() == [["1", "2"]] * 3
    assert case.bodies["dlq"] == [document(case, RETRIES, 3, 2, 1.91, REPORTED)]


def test_a_consumer_is_named_in_the_event_and_in_the_document() -> None:
    """With enhanced fan-out both have the whole ARN of the consumer, not that of its stream."""
    case = Case(fails)
    stream: dict[str, Any] = {"orders": {"type": "kinesis", "shards": 1, "consumers": ["fast"]}}
    source: dict[str, Any] = {"Stream": "orders/consumer/fast", "StartingPosition": "TRIM_HORIZON"}

    case.run(stream | QUEUE, [put("0s", 1)], **source, **DLQ, MaximumRetryAttempts=0)

    (record,) = case.events[0]["Records"]
    (body,) = map(orjson.loads, case.bodies["dlq"])
    arn = record["eventSourceARN"]
    assert re.fullmatch(rf"{ORDERS}/consumer/fast:\d+", arn)
    assert body["KinesisBatchInfo"]["streamArn"] == arn


def test_a_table_reports_as_a_stream_does() -> None:
    """Case 15 for the changes of a table."""

    def names_the_sixth(event: Any) -> Any:
        named = [
            record["dynamodb"]["SequenceNumber"]
            for record in event["Records"]
            if record["dynamodb"]["Keys"]["id"]["S"] == "6"
        ]
        return {"batchItemFailures": [{"itemIdentifier": number} for number in named]}

    case = Case(names_the_sixth)
    items = [{"put": {"id": {"S": str(number)}}} for number in range(1, 7)]
    settings: dict[str, Any] = {
        "BatchSize": 3,
        "MaximumRetryAttempts": 3,
        "FunctionResponseTypes": REPORTS,
    }

    case.run(
        TABLE | QUEUE,
        [{"at": "0s", "put": "users", "records": items}],
        kind="DynamoDB",
        Stream="users",
        StartingPosition="TRIM_HORIZON",
        **DLQ,
        **settings,
    )

    seen = [
        [record["dynamodb"]["Keys"]["id"]["S"] for record in event["Records"]]
        for event in case.events
    ]
    assert seen == [["1", "2", "3"], ["4", "5", "6"], *[["6"]] * 4]
    (body,) = map(orjson.loads, case.bodies["dlq"])
    number = case.events[-1]["Records"][0]["dynamodb"]["SequenceNumber"]
    at = "2026-01-01T00:00:00Z"
    assert (body["requestContext"]["approximateInvokeCount"], body["responseContext"]) == (
        4,
        REPORTED,
    )
    assert body["DDBStreamBatchInfo"] == {
        "shardId": case.told("batch_discarded")[0].fields["shard"],
        "startSequenceNumber": number,
        "endSequenceNumber": number,
        "approximateArrivalOfFirstRecord": at,
        "approximateArrivalOfLastRecord": at,
        "batchSize": 1,
        "streamArn": case.events[0]["Records"][0]["eventSourceARN"],
    }
