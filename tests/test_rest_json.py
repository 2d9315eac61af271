"""The rest-json protocol by botocore's model: requests found, read and judged; answers written."""

from __future__ import annotations

from typing import Any

import pytest

from eventsim.errors import InvokeError
from eventsim.server.event_stream import event, json_event
from eventsim.server.rest_json import RestJson
from eventsim.server.routing import Asked, BadSignature, asked

SIGNED = "AWS4-HMAC-SHA256 Credential=K/20260101/{}/aws4_request"


@pytest.fixture(scope="module")
def api() -> RestJson:
    return RestJson("lambda", ["Invoke"])


def parsed(api: RestJson, operation: str, body: bytes = b"", **labels: str) -> dict[str, Any]:
    return api.parse(operation, labels, "", {}, body)


def test_a_request_is_for_the_operation_of_its_path(api: RestJson) -> None:
    arn = "arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af"
    found = api.route("POST", f"/2015-03-31/functions/{arn}/invocations", "Qualifier=1")
    assert found == (
        "Invoke",
        {"FunctionName": "arn:aws:lambda:us-east-1:123456789012:function:f"},
    )
    assert api.route("GET", "/2018-10-31/layers", "find=LayerVersion&Arn=a") == (
        "GetLayerVersionByArn",
        {},
    )
    assert api.route("GET", "/2018-10-31/layers", "") == ("ListLayers", {})
    assert api.route("GET", "/2015-03-31/functions/a/b/c", "") is None


def test_members_come_from_path_query_headers_and_body(api: RestJson) -> None:
    found = api.parse(
        "Invoke",
        {"FunctionName": "f"},
        "Qualifier=live",
        {"x-amz-invocation-type": "Event"},
        b"\x00",
    )
    assert found == {
        "FunctionName": "f",
        "Qualifier": "live",
        "InvocationType": "Event",
        "Payload": b"\x00",
    }


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (
            b'{"StatementId":"!","Action":"lambda:*"}',
            "2 validation errors detected: Value '!' at 'statementId' failed to satisfy "
            "constraint: Member must satisfy regular expression pattern: ([a-zA-Z0-9-_]+); "
            "Value null at 'principal' failed to satisfy constraint: Member must not be null",
        ),
        (b'{"StatementId":[]}', "START_OBJECT can not be converted to a String"),
        (b"[]", "Could not parse request body into json: the body must be a JSON object"),
    ],
)
def test_what_the_model_does_not_take_is_refused(api: RestJson, body: bytes, text: str) -> None:
    with pytest.raises(InvokeError) as refused:
        parsed(api, "AddPermission", body, FunctionName="f")
    assert (refused.value.status, refused.value.message) == (400, text)


def test_an_answer_that_the_model_does_not_know_is_an_error_of_ours(api: RestJson) -> None:
    with pytest.raises(TypeError, match="GetPolicy answers Polly, which its output does not have"):
        api.serialise("GetPolicy", {"Polly": "x"})
    with pytest.raises(TypeError, match="Policy is 1, and should be a string"):
        api.serialise("GetPolicy", {"Policy": 1})


def test_an_answer_has_its_status_its_headers_and_no_nones(api: RestJson) -> None:
    answer = {"StatusCode": 202, "ExecutedVersion": "1", "FunctionError": None, "Payload": b"x"}
    assert api.serialise("Invoke", answer) == (202, [("X-Amz-Executed-Version", "1")], b"x")
    assert api.serialise("ListTags", {"Tags": {"a": "b"}}) == (200, [], b'{"Tags":{"a":"b"}}')
    assert api.serialise("DeleteAlias", {}) == (204, [], b"")


@pytest.mark.parametrize(
    ("headers", "query", "found"),
    [
        (
            {"authorization": SIGNED.format("eu-west-1/lambda")},
            "",
            Asked("lambda", "eu-west-1", "K"),
        ),
        (
            {
                "authorization": SIGNED.format("r-1/dynamodb"),
                "x-amz-target": "DynamoDBStreams_20120810.GetRecords",
            },
            "",
            Asked("dynamodbstreams", "r-1", "K"),
        ),
        ({}, "X-Amz-Credential=K%2F20260101%2Fr-1%2Fs3%2Faws4_request", Asked("s3", "r-1", "K")),
        (
            {"authorization": "AWS4-ECDSA-P256-SHA256 Credential=K/20260101/s3/aws4_request"},
            "",
            Asked("s3", "us-east-1", "K"),
        ),
        ({"x-amz-target": "Kinesis_20131202.PutRecord"}, "", Asked("kinesis", "us-east-1")),
        (
            {"host": "lambda.eu-west-1.amazonaws.com:443"},
            "",
            Asked("lambda", "eu-west-1"),
        ),
        ({"host": "127.0.0.1:4566"}, "", None),
    ],
)
def test_a_service_is_told_by_signature_then_target_then_host(
    headers: dict[str, str], query: str, found: Asked | None
) -> None:
    assert asked(headers, query) == found


def test_a_signature_without_a_scope_is_none() -> None:
    with pytest.raises(BadSignature, match="existence of a scope"):
        asked({"authorization": "AWS4-HMAC-SHA256 Credential=x"}, "")


def test_frames_of_an_event_stream_are_read_by_botocore() -> None:
    from botocore.eventstream import EventStreamBuffer

    buffer = EventStreamBuffer()
    buffer.add_data(event("PayloadChunk", b"abc") + json_event("InvokeComplete", {"a": 1}))
    frames = [(each.headers[":event-type"], each.payload) for each in buffer]
    assert frames == [("PayloadChunk", b"abc"), ("InvokeComplete", b'{"a":1}')]
