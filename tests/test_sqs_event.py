"""The event of a batch from a queue, key for key as AWS was recorded to send it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsim.sources import sqs
from eventsim.types import Message, Origin

ARN = "arn:aws:sqs:eu-west-1:123456789012:orders"
ORIGIN = Origin(arn=ARN, region="eu-west-1")
SYSTEM = {
    "ApproximateReceiveCount": "1",
    "SentTimestamp": "1767225600000",
    "SenderId": "AIDAEVENTSIMSENDER000",
    "ApproximateFirstReceiveTimestamp": "1767225600001",
}
ATTRIBUTES: dict[str, dict[str, Any]] = {
    "WeeksOn": {"DataType": "Number", "StringValue": "6"},
    "Author": {"DataType": "String", "StringValue": "John Grisham"},
    "Title": {"DataType": "String", "StringValue": "The Whistler"},
}


def message(**more: Any) -> Message:
    return Message(
        **{
            "message_id": "m-1",
            "receipt_handle": "handle",
            "body": '{"id": 1}',
            "md5_of_body": "b0",
            "attributes": SYSTEM,
            **more,
        }
    )


def test_a_plain_message() -> None:
    assert sqs.event([message()], ORIGIN) == {
        "Records": [
            {
                "messageId": "m-1",
                "receiptHandle": "handle",
                "body": '{"id": 1}',
                "attributes": SYSTEM,
                "messageAttributes": {},
                "md5OfBody": "b0",
                "eventSource": "aws:sqs",
                "eventSourceARN": ARN,
                "awsRegion": "eu-west-1",
            }
        ]
    }


def test_with_a_batching_window_a_digest_that_is_not_there_is_null() -> None:
    (record,) = sqs.event([message()], ORIGIN, windowed=True)["Records"]

    assert record["md5OfMessageAttributes"] is None
    assert list(record) == [
        "messageId",
        "receiptHandle",
        "body",
        "attributes",
        "messageAttributes",
        "md5OfMessageAttributes",
        "md5OfBody",
        "eventSource",
        "eventSourceARN",
        "awsRegion",
    ]


@pytest.mark.parametrize("windowed", [False, True])
def test_message_attributes_begin_with_a_small_letter(windowed: bool) -> None:
    digest = "d25a6aea97eb8f585bfa92d314504a92"  # as recorded on AWS for these
    attributes = {**ATTRIBUTES, "Blob": {"DataType": "Binary.png", "BinaryValue": b"\0\1"}}
    given_ = message(message_attributes=attributes, md5_of_message_attributes=digest)

    (record,) = sqs.event([given_], ORIGIN, windowed)["Records"]

    lists: dict[str, list[str]] = {"stringListValues": [], "binaryListValues": []}
    assert record["md5OfMessageAttributes"] == digest
    assert record["messageAttributes"] == {
        "WeeksOn": {"stringValue": "6", **lists, "dataType": "Number"},
        "Author": {"stringValue": "John Grisham", **lists, "dataType": "String"},
        "Title": {"stringValue": "The Whistler", **lists, "dataType": "String"},
        "Blob": {"binaryValue": "AAE=", **lists, "dataType": "Binary.png"},
    }


@given(
    st.lists(st.text('a"\\\n\u00e9\U0001f600', min_size=1, max_size=9), max_size=4), st.booleans()
)
def test_the_size_is_that_of_the_event_as_compact_json(bodies: list[str], windowed: bool) -> None:
    messages = [message(body=body) for body in bodies]

    size = sqs.encoded_size(messages, ORIGIN, windowed)

    assert size == len(orjson.dumps(sqs.event(messages, ORIGIN, windowed)))


def test_a_body_reaches_the_function_as_it_was_sent() -> None:
    body = '{ "a" : 1.0 }\n'

    assert sqs.event([message(body=body)], ORIGIN)["Records"][0]["body"] == body
