"""What was given up, read out of whatever it came in."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from eventsim.rules.failed_documents import BatchSpan, Failure, failures_in

ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/orders"
AT = "2026-01-01T00:00:00.000Z"
PLACE = {"shardId": "s", "startSequenceNumber": "1", "endSequenceNumber": "9", "streamArn": ARN}
BATCH = {"timestamp": AT, "KinesisBatchInfo": {**PLACE, "batchSize": 3}}
EVENT = {"version": "1.0", "timestamp": AT, "requestContext": {}, "requestPayload": {"id": 1}}
ERROR = {"ErrorCode": {"DataType": "Number", "StringValue": "200"}}
SPAN = BatchSpan(ARN, "s", "1", "9", 3)


def text(value: Any) -> str:
    return orjson.dumps(value).decode()


def notification(value: Any, **more: Any) -> dict[str, Any]:
    return {"Type": "Notification", "Message": text(value), "Timestamp": AT, **more}


def message(value: Any, **more: Any) -> dict[str, Any]:
    """As ReceiveMessage tells it."""
    return {"MessageId": "m", "Body": text(value), "Attributes": {"SentTimestamp": "7"}, **more}


def polled(value: Any, **more: Any) -> dict[str, Any]:
    """As a function's event tells it."""
    return {"messageId": "m", "body": text(value), "attributes": {"SentTimestamp": "7"}, **more}


def told(value: dict[str, Any]) -> list[Any]:
    found = [make() for make in failures_in(value)]
    return [(each.span, each.event, each.time, each.bare) for each in found]


ASYNCHRONOUS = (None, b'{"id":1}', AT, False)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (BATCH, [(SPAN, None, AT, False)]),
        ({**BATCH, "payload": '{"Records":[]}'}, [(SPAN, b'{"Records":[]}', AT, False)]),
        (
            {"timestamp": AT, "DDBStreamBatchInfo": {"shardId": "s"}, "payload": "{}"},
            [(None, b"{}", AT, False)],
        ),
        ({"DDBStreamBatchInfo": PLACE}, [(SPAN._replace(records=None), None, None, False)]),
        (EVENT, [ASYNCHRONOUS]),
        ({**EVENT, "requestPayload": "text"}, [(None, b'"text"', AT, False)]),
        (message(EVENT), [ASYNCHRONOUS]),
        (polled(BATCH), [(SPAN, None, AT, False)]),
        (notification(EVENT), [ASYNCHRONOUS]),
        (message(notification(EVENT)), [ASYNCHRONOUS]),
        (
            {"detail-type": "Lambda Function Invocation Result - Failure", "detail": EVENT},
            [ASYNCHRONOUS],
        ),
        ({"Messages": [message(EVENT), message(BATCH)]}, [ASYNCHRONOUS, (SPAN, None, AT, False)]),
        ({"Records": [polled(EVENT), polled(EVENT)]}, [ASYNCHRONOUS] * 2),
        ({"Messages": []}, []),
        (message({"id": 2}, MessageAttributes=ERROR), [(None, b'{"id":2}', "7", False)]),
        (polled([2], messageAttributes=ERROR), [(None, b"[2]", "7", False)]),
        (notification({"id": 2}, MessageAttributes=ERROR), [(None, b'{"id":2}', AT, False)]),
        (message({"id": 2}), [(None, b'{"id":2}', "7", True)]),
        (message([2]), [(None, b"[2]", "7", True)]),
        ({"id": 2}, [(None, b'{"id":2}', None, True)]),
    ],
)
def test_a_failure_is_found_in_whatever_it_came_in(value: dict[str, Any], found: list[Any]) -> None:
    assert told(value) == found


@pytest.mark.parametrize(
    "event",
    [
        {"Records": [polled({"id": 1}), polled(EVENT)]},
        {"Records": [{"messageId": "m", "body": "hello"}]},
        {"Records": [{"eventSource": "aws:s3"}]},
        {"Records": []},
        {"httpMethod": "POST", "body": '{"id": 1}', "requestContext": {}, "version": "1.0"},
        {"detail-type": "order", "detail": EVENT},
    ],
)
def test_an_event_that_tells_of_no_failure_is_not_taken_apart(event: dict[str, Any]) -> None:
    assert told(event) == [(None, orjson.dumps(event), None, True)]


def test_the_event_of_a_dead_letter_is_not_looked_into() -> None:
    event = {"Records": [polled(EVENT)]}

    assert told(message(event, MessageAttributes=ERROR)) == [
        (None, orjson.dumps(event), "7", False)
    ]


def test_each_message_is_told_by_itself() -> None:
    answer = {"Messages": [message(EVENT), {"MessageId": "m", "Body": "hello"}, message(BATCH)]}
    first, second, third = failures_in(answer)

    assert first() == Failure(answer["Messages"][0], None, b'{"id":1}', AT)
    with pytest.raises(ValueError, match="a message without JSON in it, so no event"):
        second()
    assert third().span == SPAN


@pytest.mark.parametrize(
    ("info", "said"),
    [
        ({**PLACE, "batchSize": "3"}, "no document of a batch: batchSize is '3'"),
        ({**PLACE, "batchSize": 1, "shardId": 7}, "no document of a batch: shardId is 7"),
        (
            {**PLACE, "batchSize": 1, "endSequenceNumber": "x"},
            "no document of a batch: endSequenceNumber is 'x'",
        ),
    ],
)
def test_a_document_that_says_too_little_is_refused(info: dict[str, Any], said: str) -> None:
    (make,) = failures_in({"KinesisBatchInfo": info})

    with pytest.raises(ValueError, match=said):
        make()


def test_a_document_wrapped_without_end_is_refused() -> None:
    value: dict[str, Any] = EVENT
    for _ in range(6):
        value = notification(value)
    (make,) = failures_in(value)

    with pytest.raises(ValueError, match="is nested too deeply"):
        make()
