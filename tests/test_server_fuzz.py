"""Requests made of botocore's model of Lambda, right and wrong: no answer is a 500 of ours."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from hypothesis import given, settings
from hypothesis import strategies as st

from eventsim.lambda_api import OPERATIONS
from tests.server_process import Served, create, zipped

REGION = "ap-south-1"  # whose functions are nobody else's
MODEL = ServiceModel(Loader().load_service_model("lambda", "service-2"), "lambda")
SCOPE = f"AKID/20260101/{REGION}/lambda/aws4_request"
SIGNED = {"Authorization": f"AWS4-HMAC-SHA256 Credential={SCOPE}, Signature=00"}
ARN = f"arn:aws:lambda:{REGION}:123456789012:function:fuzzed"
KNOWN = {
    "FunctionName": ["fuzzed", "fuzzed:1", ARN, f"{ARN}:live", "nobody"],
    "Name": ["live", "2024"],
    "Qualifier": ["1", "live", "$LATEST"],
    "FunctionVersion": ["1", "$LATEST", "ALL"],
    "EventSourceArn": [f"arn:aws:sqs:{REGION}:123456789012:fuzzed", "arn:aws:kafka:x:y:z"],
    "Resource": [ARN],
    "Role": ["arn:aws:iam::123456789012:role/r"],
    "Runtime": ["python3.12", "java21"],
    "Handler": ["app.handler"],
    "ZipFile": [base64.b64encode(zipped(app__py="def handler(e, c): return e")).decode()],
}
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)


def values(
    name: str, shape: Any, depth: int = 0, likely: Mapping[str, list[str]] = KNOWN
) -> st.SearchStrategy[Any]:
    """Values of a shape, right ones more often than not, *likely* ones among them by name."""

    def inner(called: str, each: Any) -> st.SearchStrategy[Any]:
        return values(called, each, depth + 1, likely)

    match shape.type_name:
        case "structure" if depth < 3:
            optional = {key: inner(key, each) for key, each in shape.members.items()}
            right: st.SearchStrategy[Any] = st.fixed_dictionaries({}, optional=optional)
        case "list" if depth < 3:
            right = st.lists(inner(name, shape.member), max_size=2)
        case "map" if depth < 3:
            right = st.dictionaries(st.text(max_size=5), inner(name, shape.value))
        case "string":
            known = [*likely.get(name, []), *shape.metadata.get("enum", [])]
            right = st.sampled_from(known) if known else st.text(max_size=12)
        case "integer" | "long" | "double" | "float":
            right = st.integers(-2, 20_000)
        case "boolean":
            right = st.booleans()
        case _:
            right = st.sampled_from([*likely.get(name, []), "", "e30="])
    return st.one_of(right, right, right, ANYTHING)


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, str, dict[str, str], bytes]:
    """A method, a path with its query, headers and a body."""
    operation = MODEL.operation_model(draw(st.sampled_from(sorted(OPERATIONS))))
    path, _, constant = operation.http["requestUri"].partition("?")
    query: dict[str, str] = {}
    headers, body = dict(SIGNED), dict[str, Any]()
    members = operation.input_shape.members if operation.input_shape else {}
    for name, shape in members.items():
        location, called = (
            shape.serialization.get("location"),
            shape.serialization.get("name", name),
        )
        if location is None and draw(st.booleans()):
            body[called] = draw(values(name, shape))
        elif location == "uri":
            text = str(draw(values(name, shape))) or "x"
            path = path.replace(f"{{{called}}}", quote(text, safe=""))
        elif location == "querystring" and draw(st.booleans()):
            query[called] = str(draw(values(name, shape)))
        elif location == "header" and draw(st.booleans()):
            text = str(draw(values(name, shape)))
            headers[called] = text.encode("ascii", "ignore").decode().replace("\x00", "").strip()
            headers[called] = "".join(each for each in headers[called] if each.isprintable())
    content = draw(st.one_of(st.just(json.dumps(body).encode()), st.binary(max_size=20)))
    whole = "&".join(filter(None, (constant, urlencode(query))))
    return operation.http["method"], f"{path}?{whole}" if whole else path, headers, content


@pytest.fixture(scope="module")
def fuzzed(aws: Served) -> Served:
    client = aws.client("lambda", REGION)
    create(client, "fuzzed", "def handler(event, context):\n    return event\n", Publish=True)
    client.create_alias(FunctionName="fuzzed", Name="live", FunctionVersion="1")
    aws.client("sqs", REGION).create_queue(QueueName="fuzzed")
    return aws


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=20) as made:
        yield made


@settings(max_examples=150)
@given(request=requests())
def test_every_request_has_an_answer_that_aws_could_give(
    fuzzed: Served, client: httpx.Client, request: tuple[str, str, dict[str, str], bytes]
) -> None:
    method, path, headers, content = request
    answer = client.request(method, f"{fuzzed.base}{path}", headers=headers, content=content)
    assert answer.status_code < 500 or answer.headers["x-amzn-errortype"] == "NotImplemented"
    if answer.status_code >= 400:
        told = answer.json()
        assert answer.headers["x-amzn-errortype"]
        assert told.get("message") or told.get("Message")
