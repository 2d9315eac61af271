"""What services that wait for an answer make of it, each by its own contract."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from eventsim import Options, Scenario, run
from eventsim.errors import EventsimError
from eventsim.journal.sinks import MemorySink
from eventsim.push import read
from eventsim.push.builders import builder, builders, module_of, sources
from eventsim.types import Answer, InvokeResult, Scene

HEADERS = {"location": [{"key": "Location", "value": "/"}]}
REQUEST = {"uri": "/", "method": "GET", "headers": {}}
POLICY = {"Version": "2012-10-17", "Statement": []}
DEVICE = {
    "isAuthenticated": True,
    "principalId": "sensor7",
    "disconnectAfterInSeconds": 3600,
    "refreshAfterInSeconds": 300,
    "policyDocuments": [json.dumps(POLICY)],
}
MESSAGES = builder("appsync", "publish").event(Scene())
FIRST = MESSAGES["events"][0]["id"]


def answered(source: str, event: str, value: Any, error: str | None = None) -> Answer:
    asked = builder(source, event).event(Scene())
    payload = value if isinstance(value, bytes) else json.dumps(value).encode()
    return read(module_of(source), InvokeResult(200, payload, error), asked)


@pytest.mark.parametrize(
    ("source", "event", "value"),
    [
        ("appsync", "resolver", None),
        ("appsync", "resolver", {"id": 1}),
        ("appsync", "batch-resolver", [{"article": "a"}, None]),
        ("appsync", "publish", {"events": [{"id": FIRST, "payload": {}}]}),
        ("appsync", "publish", None),
        ("appsync", "subscribe", None),
        ("appsync_authorizer", "request", {"isAuthorized": False}),
        ("appsync_authorizer", "request", {"isAuthorized": True, "resolverContext": {"a": 1}}),
        ("cloudfront", "viewer-request", REQUEST),
        ("cloudfront", "viewer-request", {"status": "302", "headers": HEADERS}),
        ("cloudfront", "origin-request", {"status": 200, "body": "aGk=", "bodyEncoding": "base64"}),
        ("cloudfront", "origin-response", {"status": "200", "headers": {}}),
        ("connect", "contact-flow", {"vip": "true"}),
        ("iot_authorizer", "connect", DEVICE),
        ("iot_authorizer", "connect", {"isAuthenticated": False}),
        ("iot_provisioning", "provision", {"allowProvisioning": True, "parameterOverrides": {}}),
        ("step_functions", "task", [1, 2]),
        ("vpc_lattice", "request", {"statusCode": 200, "body": "hi"}),
        ("transfer_family", "sign-in", {"Role": "arn:aws:iam::123456789012:role/files"}),
    ],
)
def test_what_a_service_takes_is_what_it_gives_on(source: str, event: str, value: Any) -> None:
    assert answered(source, event, value) == Answer(value=value)


@pytest.mark.parametrize(
    ("source", "event", "value", "because"),
    [
        ("appsync", "resolver", b"{", "the answer is not JSON"),
        ("appsync", "batch-resolver", {}, "the answer is an object, not an array of 2"),
        ("appsync", "batch-resolver", [1], "the answer has 1 results for 2 objects"),
        ("appsync", "publish", {"events": {}}, "events is an object; it has to be an array"),
        ("appsync", "publish", {"events": [{"id": "x"}]}, "events[0].id is of no message"),
        ("appsync", "subscribe", {"error": "no"}, "the function refused it: no"),
        ("appsync_authorizer", "request", {"isAuthorized": "yes"}, "isAuthorized is a string"),
        (
            "appsync_authorizer",
            "request",
            {"isAuthorized": True, "resolverContext": {"a": {}}},
            "resolverContext.a is an object; it has to be a plain value",
        ),
        (
            "appsync_authorizer",
            "request",
            {"isAuthorized": True, "deniedFields": [1]},
            "deniedFields has to be an array of strings",
        ),
        (
            "appsync_authorizer",
            "request",
            {"isAuthorized": True, "ttlOverride": -1},
            "ttlOverride has to be a whole number",
        ),
        ("cloudfront", "viewer-request", {}, "uri is null; a request has one"),
        ("cloudfront", "viewer-request", {**REQUEST, "uri": "x"}, "it has to begin with /"),
        ("cloudfront", "viewer-request", {"status": "999"}, "status is '999'"),
        ("cloudfront", "viewer-request", {"status": "200", "body": "x" * 40_961}, "at most 40960"),
        (
            "cloudfront",
            "origin-request",
            {"status": "200", "body": "x", "bodyEncoding": "base64"},
            "body is not base64",
        ),
        (
            "cloudfront",
            "origin-request",
            {"status": "200", "body": "é", "bodyEncoding": "base64"},
            "body is not base64",
        ),
        ("cloudfront", "viewer-response", {"status": "200", "body": "x"}, "body is there"),
        (
            "cloudfront",
            "viewer-response",
            {"status": "200", "headers": {"Age": []}},
            "headers.Age has to be in lower case",
        ),
        (
            "cloudfront",
            "viewer-response",
            {"status": "200", "headers": {"age": "1"}},
            "headers.age has to be an array",
        ),
        (
            "cloudfront",
            "viewer-response",
            {"status": "200", "headers": {"age": [{"key": 5, "value": "1"}]}},
            "headers.age has to be an array",
        ),
        (
            "cloudfront",
            "viewer-response",
            {"status": "200", "headers": {"x-cache": [{"value": "Hit"}]}},
            "headers.x-cache is one that a function must not set",
        ),
        (
            "cloudfront",
            "viewer-response",
            {"status": "200", "headers": {"age": [{"key": "Via", "value": "1"}]}},
            "headers.age has a key of another name",
        ),
        ("connect", "contact-flow", {"a": []}, "a is an array; a flow takes plain values"),
        ("connect", "contact-flow", {"a": "x" * 32_768}, "at most 32 KB may be"),
        ("iot_authorizer", "connect", {}, "isAuthenticated is null"),
        ("iot_authorizer", "connect", {**DEVICE, "principalId": "a b"}, "principalId has to be"),
        (
            "iot_authorizer",
            "connect",
            {**DEVICE, "refreshAfterInSeconds": 5},
            "refreshAfterInSeconds is 5; it has to be from 300 to 86400",
        ),
        ("iot_authorizer", "connect", {**DEVICE, "policyDocuments": []}, "1 to 10 policies"),
        ("iot_provisioning", "provision", {}, "allowProvisioning is null"),
        (
            "iot_provisioning",
            "provision",
            {"allowProvisioning": True, "parameterOverrides": {"a": 1}},
            "parameterOverrides has to be an object of strings",
        ),
        ("step_functions", "task", b'"' + b"x" * 262_144 + b'"', "at most 262144 may be"),
        ("vpc_lattice", "request", {"statusCode": "200"}, "statusCode is '200'"),
        ("vpc_lattice", "request", {"statusCode": 200, "body": {}}, "body is an object"),
        (
            "vpc_lattice",
            "request",
            {"statusCode": 200, "headers": {"a": {}}},
            "headers.a is an object; it has to be a string",
        ),
        ("transfer_family", "sign-in", {}, "there is no Role"),
        ("transfer_family", "sign-in", {"Role": "a", "Policy": {}}, "Policy is an object"),
    ],
)
def test_what_is_against_the_contract_is_named(
    source: str, event: str, value: Any, because: str
) -> None:
    found = answered(source, event, value)
    assert (found.accepted, because in str(found.because)) == (False, True), found.because


def test_a_failure_is_a_503_at_the_edge_and_a_bad_answer_a_502() -> None:
    assert answered("cloudfront", "viewer-request", {}, "Unhandled").value == {"status": "503"}
    assert answered("cloudfront", "viewer-request", {}).value == {"status": "502"}


def test_a_failed_task_is_the_error_that_a_catch_looks_for() -> None:
    raised = {"errorType": "OrderRefused", "errorMessage": "no stock"}
    found = answered("step_functions", "task", raised, "Unhandled")
    assert found.value == {"Error": "OrderRefused", "Cause": json.dumps(raised)}
    assert answered("step_functions", "task", b"oops", "Unhandled").value == {
        "Error": "Lambda.Unknown",
        "Cause": "oops",
    }


def test_a_service_that_takes_on_a_role_asks_no_function_for_permission() -> None:
    nobody = {"StatementId": "s3", "Principal": "s3.amazonaws.com"}
    function = {"Handler": lambda event, context: event, "permissions": [nobody]}
    values = {
        "name": "s",
        "functions": {"f": function},
        "timeline": [
            {"at": "1s", "push": "step_functions", "to": "f"},
            {"at": "2s", "push": "cognito", "to": "f"},
        ],
    }
    sink = MemorySink()
    run(Scenario.of(values, Path(__file__).parent), Options(sinks=[sink]))
    kinds = [entry.kind for entry in sink.entries if entry.kind.startswith("push_")]
    assert kinds == ["push_answered", "push_failed"]


MINE = sorted({"alexa", "appsync", "cloudfront", "cognito", "lex", "config"} & set(sources()))


@pytest.mark.parametrize("source", MINE)
def test_every_literal_of_a_parameter_gives_an_event(source: str) -> None:
    for event in builders(source).values():
        for name, field in event.model.model_json_schema()["properties"].items():
            for choice in field.get("enum", []):
                assert event.event(Scene(), {name: choice})


def test_parameters_stand_where_the_service_puts_them() -> None:
    edge = builder("cloudfront", "origin-request").event(
        Scene(), {"origin": "s3", "header": ["X-Id=7"], "body": "hi", "query": "a=1"}
    )
    asked = edge["Records"][0]["cf"]["request"]
    assert asked["headers"]["x-id"] == [{"key": "X-Id", "value": "7"}]
    assert (base64.b64decode(asked["body"]["data"]), asked["querystring"]) == (b"hi", "a=1")
    assert list(asked["origin"]) == ["s3"]
    caught = builder("step_functions", "error").event(Scene(), {"result_path": "error"})
    assert json.loads(caught["error"]["Cause"])["errorType"] == "OrderRefused"
    batch = builder("appsync", "batch-resolver").event(Scene(), {"records": 3})
    assert len({each["source"]["id"] for each in batch}) == 3
    changed = builder("config", "configuration-change").event(Scene(), {"change": "DELETE"})
    item = json.loads(changed["invokingEvent"])["configurationItem"]
    assert (item["configurationItemStatus"], item["configuration"]) == ("ResourceDeleted", None)
    group = json.loads(builder("config", "oversized-change").event(Scene())["invokingEvent"])
    told = group["configurationItemSummary"]
    assert told["ARN"].endswith(f":security-group/{told['resourceId']}")
    assert told["resourceId"].startswith("sg-0")
    with pytest.raises(EventsimError, match="records is 0"):
        builder("appsync", "batch-resolver").event(Scene(), {"records": 0})


PAGE = Path(__file__).parent.parent / "docs" / "pushing.md"
ROW = re.compile(r"^\| `(\w+)` \| .* \| (\d+) \|$", re.MULTILINE)


def test_the_page_says_how_long_each_service_waits() -> None:
    limits = {name: getattr(module_of(name), "ANSWER_SECONDS_MAX", None) for name in sources()}
    known = {name: f"{limit:g}" for name, limit in limits.items() if limit is not None}
    assert dict(ROW.findall(PAGE.read_text("utf-8"))) == known
