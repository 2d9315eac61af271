"""On-failure documents, whole, as recorded on AWS but for what differs from run to run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsim.rules.deliveries import as_object, as_text
from eventsim.rules.failure_documents import Discarded, DocumentWords, failure_document
from eventsim.sources import kinesis
from eventsim.types import (
    Batch,
    Document,
    Origin,
    Payload,
    Record,
    ResponseContext,
    TumblingWindow,
)

SHARD = "shardId-000000000000"
STREAM = "arn:aws:kinesis:us-east-1:111111111111:stream/orders"
TABLE = "arn:aws:dynamodb:us-east-1:111111111111:table/orders/stream/2026-01-01T00:00:00.000"
FUNCTION = "arn:aws:lambda:us-east-1:111111111111:function:consumer"
NOW = 1573691886.021  # 2019-11-14T00:38:06.021Z
UUID = "5b9c1f0e-5b1c-4f3a-8c1e-2f6d3a4b5c6d"
KINESIS = DocumentWords(
    FUNCTION, UUID, Origin(SHARD, STREAM), kinesis.BATCH_INFO, kinesis.ARRIVAL_TIMESPEC
)
DYNAMODB = replace(
    KINESIS,
    origin=Origin(SHARD, TABLE),
    batch_info="DDBStreamBatchInfo",
    arrival_timespec="seconds",
)
UNHANDLED = ResponseContext(200, "$LATEST", "Unhandled")
PARTIAL = ResponseContext(200, "$LATEST", None)
EVENT = Payload(lambda: {"Records": [{"eventID": "é"}]})


def batch(*numbers: int, window: TumblingWindow | None = None) -> Batch:
    """Records that arrived on 2019-11-14 at 00:38:04.835, 00:38:05.835 and so on."""
    records = [Record(str(n), "a", b"", 1573691884.835 + i) for i, n in enumerate(numbers)]
    return Batch(SHARD, records, window=window)


def exhausted(given_up: Batch, response: ResponseContext | None = UNHANDLED) -> Discarded:
    return Discarded(given_up, "RetryAttemptsExhausted", "request-1", 2, response)


def document(discarded: Discarded, words: DocumentWords = KINESIS) -> Document:
    return failure_document(words, discarded, NOW, EVENT)


def request_context(condition: str = "RetryAttemptsExhausted") -> dict[str, Any]:
    return {
        "requestId": "request-1",
        "functionArn": FUNCTION,
        "condition": condition,
        "approximateInvokeCount": 2,
    }


def same(found: Document, body: dict[str, Any]) -> None:
    """The documents are the same to the last key, in the same order."""
    assert as_text(found) == orjson.dumps(body).decode()


def test_a_kinesis_batch_whose_retries_are_used_up() -> None:
    same(
        document(exhausted(batch(7, 8))),
        {
            "requestContext": request_context(),
            "responseContext": {
                "statusCode": 200,
                "executedVersion": "$LATEST",
                "functionError": "Unhandled",
            },
            "version": "1.0",
            "timestamp": "2019-11-14T00:38:06.021Z",
            "KinesisBatchInfo": {
                "shardId": SHARD,
                "startSequenceNumber": "7",
                "endSequenceNumber": "8",
                "approximateArrivalOfFirstRecord": "2019-11-14T00:38:04.835Z",
                "approximateArrivalOfLastRecord": "2019-11-14T00:38:05.835Z",
                "batchSize": 2,
                "streamArn": STREAM,
            },
        },
    )


def test_a_dynamodb_batch_tells_whole_seconds() -> None:
    same(
        document(exhausted(batch(7)), DYNAMODB),
        {
            "requestContext": request_context(),
            "responseContext": {
                "statusCode": 200,
                "executedVersion": "$LATEST",
                "functionError": "Unhandled",
            },
            "version": "1.0",
            "timestamp": "2019-11-14T00:38:06.021Z",
            "DDBStreamBatchInfo": {
                "shardId": SHARD,
                "startSequenceNumber": "7",
                "endSequenceNumber": "7",
                "approximateArrivalOfFirstRecord": "2019-11-14T00:38:04Z",
                "approximateArrivalOfLastRecord": "2019-11-14T00:38:04Z",
                "batchSize": 1,
                "streamArn": TABLE,
            },
        },
    )


@pytest.mark.parametrize("words", [KINESIS, DYNAMODB], ids=["Kinesis", "DynamoDB"])
def test_a_batch_that_the_function_named_as_failed_has_no_function_error(
    words: DocumentWords,
) -> None:
    body = document(exhausted(batch(6), PARTIAL), words).body

    assert body["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": None,
    }


@pytest.mark.parametrize("response", [None, UNHANDLED], ids=["never sent", "tried before"])
def test_records_that_are_too_old_are_told_without_a_response(
    response: ResponseContext | None,
) -> None:
    found = document(Discarded(batch(7), "RecordAgeExceeded", "request-1", 2, response))

    same(
        found,
        {
            "requestContext": request_context("RecordAgeExceeded"),
            "version": "1.0",
            "timestamp": "2019-11-14T00:38:06.021Z",
            "KinesisBatchInfo": document(exhausted(batch(7))).body["KinesisBatchInfo"],
        },
    )


def test_a_batch_too_large_to_be_sent_has_no_response() -> None:
    found = document(exhausted(batch(7), None)).body

    assert list(found) == ["requestContext", "version", "timestamp", "KinesisBatchInfo"]
    assert found["requestContext"] == request_context()


def test_a_qualifier_stands_in_the_function_arn() -> None:
    words = replace(KINESIS, function_arn=f"{FUNCTION}:live")

    context = document(exhausted(batch(7)), words).body["requestContext"]

    assert context == {**request_context(), "functionArn": f"{FUNCTION}:live"}


@pytest.mark.parametrize("early", [False, True])
def test_a_final_invocation_without_records_tells_its_shard_and_its_window(early: bool) -> None:
    window = TumblingWindow(1573691880.0, 1573691940.0, {"n": 1}, True, early)

    found = document(exhausted(batch(window=window)), DYNAMODB).body

    assert list(found)[3:] == ["timestamp", "DDBStreamBatchInfo", "timeWindowInfo"]
    assert found["DDBStreamBatchInfo"] == {"shardId": SHARD, "streamArn": TABLE}
    assert found["timeWindowInfo"] == {
        "window": {"start": "2019-11-14T00:38:00Z", "end": "2019-11-14T00:39:00Z"},
        "isFinalInvokeForWindow": True,
        "isWindowTerminatedEarly": early,
    }


def test_records_of_a_window_are_told_with_it() -> None:
    window = TumblingWindow(1573691880.0, 1573691940.0)

    found = document(exhausted(batch(7, 8, window=window))).body

    assert found["KinesisBatchInfo"] == document(exhausted(batch(7, 8))).body["KinesisBatchInfo"]
    assert found["timeWindowInfo"]["isFinalInvokeForWindow"] is False


def test_an_object_has_the_event_as_json_text_and_its_place_in_its_key() -> None:
    found = document(exhausted(batch(7)))

    key, body = as_object(found, "6f")

    assert key == f"aws/lambda/{UUID}/{SHARD}/2019/11/14/2019-11-14T00.38.06-6f"
    assert body == orjson.dumps({**found.body, "payload": '{"Records":[{"eventID":"é"}]}'})


def test_only_an_object_has_the_event_built() -> None:
    def never() -> Any:
        raise AssertionError("nobody needs it")

    as_text(failure_document(KINESIS, exhausted(batch(7)), NOW, Payload(never)))


@given(st.integers(0, 4_000_000_000_000))
def test_a_stamp_is_the_millisecond_it_was_given(milliseconds: int) -> None:
    found = failure_document(KINESIS, exhausted(batch(7)), milliseconds / 1000, EVENT).body

    assert found["timestamp"].endswith(f".{milliseconds % 1000:03}Z")
