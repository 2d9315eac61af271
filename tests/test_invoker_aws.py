"""A function behind somebody else's Invoke API: what is asked, and what each answer means."""

from __future__ import annotations

import base64
import json
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from eventsim.clock import Clock
from eventsim.errors import (
    BackendError,
    InvokeError,
    ResourceNotFound,
    TooManyRequests,
    Unreachable,
    UnsafeEndpoint,
    ValidationFailed,
)
from eventsim.invokers.aws import AwsInvoker, open_lambda
from eventsim.journal import Detail, Journal
from eventsim.journal.sinks import MemorySink
from eventsim.types import InvokeResult
from tests.functions import request
from tests.lambdas import Lambda, closed_port, serving

pytest.importorskip("aiobotocore")

REPORT = (
    "START RequestId: r Version: $LATEST\nEND RequestId: r\nREPORT RequestId: r\t"
    "Duration: 3.01 ms\tBilled Duration: 4 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\t"
    "Init Duration: 110.10 ms\t\n"
)


@pytest.fixture(scope="module")
def server() -> Iterator[Lambda]:
    with serving() as served:
        yield served


@pytest.fixture
def there(server: Lambda) -> Lambda:
    server.asked.clear()
    server.says(None)
    return server


@asynccontextmanager
async def invoker(
    url: str, clock: Clock, detail: Detail = "batch"
) -> AsyncIterator[tuple[AwsInvoker, MemorySink]]:
    """An invoker for the function that is called f here and g there."""
    sink = MemorySink()
    api = open_lambda(url, "us-east-1", allow_aws=False, timeout=3)
    try:
        yield AwsInvoker("f", "g", api, clock, Journal(clock, detail=detail, sinks=[sink])), sink
    finally:
        await api.aclose()


async def ask(url: str, clock: Clock, event: Any = None, **parameters: Any) -> InvokeResult:
    async with invoker(url, clock) as (asking, _):
        return await asking.invoke(request(event, **parameters))


def told(sink: MemorySink) -> list[tuple[str, dict[str, Any]]]:
    return [(entry.kind, entry.fields) for entry in sink.entries]


async def test_the_answer_of_the_api_is_the_result(clock: Clock, there: Lambda) -> None:
    there.says({"id": 1}, headers={"X-Amz-Executed-Version": "$LATEST"})

    assert await ask(there.url, clock, {"a": "é"}) == InvokeResult(
        200, b'{"id": 1}', None, "$LATEST", None
    )
    (asked,) = there.asked
    assert asked.path == "/2015-03-31/functions/g/invocations"
    assert json.loads(asked.body) == {"a": "é"}
    assert asked.headers["x-amz-invocation-type"] == "RequestResponse"
    assert "x-amz-log-type" not in asked.headers


async def test_every_parameter_goes_with_the_request(clock: Clock, there: Lambda) -> None:
    context = base64.b64encode(b'{"custom":{}}').decode()
    there.says(None, headers={"X-Amz-Log-Result": base64.b64encode(REPORT.encode()).decode()})

    async with invoker(there.url, clock) as (asking, sink):
        result = await asking.invoke(
            request(log_type="Tail", client_context=context, qualifier="PROD")
        )

    (asked,) = there.asked
    assert asked.path == "/2015-03-31/functions/g/invocations?Qualifier=PROD"
    assert asked.headers["x-amz-log-type"] == "Tail"
    assert asked.headers["x-amz-client-context"] == context
    assert base64.b64decode(result.log_result or "").decode() == REPORT
    _, (kind, fields) = told(sink)
    assert (kind, fields["duration"], fields["billed"], fields["init"]) == (
        ("invocation_finished", 0.00301, 0.004, 0.1101)
    )


@pytest.mark.parametrize(("kind", "status"), [("Event", 202), ("DryRun", 204)])
async def test_event_and_dry_run_are_for_the_other_side_to_do(
    clock: Clock, there: Lambda, kind: Any, status: int
) -> None:
    """Invoke cases 3 and 4, as the API of somebody else answers them."""
    there.says(body=b"", status=status)

    async with invoker(there.url, clock) as (asking, sink):
        result = await asking.invoke(request(invocation_type=kind))

    assert result == InvokeResult(status)
    assert there.asked[0].headers["x-amz-invocation-type"] == kind
    assert [kind for kind, _ in told(sink)] == ["invocation_requested"]


@pytest.mark.parametrize("word", ["Unhandled", "Handled"])
async def test_a_function_error_is_a_result_whatever_the_api_calls_it(
    clock: Clock, there: Lambda, word: str
) -> None:
    """Invoke case 2; moto calls every error Handled."""
    error = {"errorMessage": "boom", "errorType": "ValueError", "stackTrace": []}
    there.says(error, headers={"X-Amz-Function-Error": word})

    async with invoker(there.url, clock) as (asking, sink):
        result = await asking.invoke(request())

    assert (result.status_code, result.function_error) == (200, word)
    assert json.loads(result.payload) == error
    _, (kind, fields) = told(sink)
    assert (kind, fields["error"]) == ("invocation_finished", word)
    assert (fields["error_type"], fields["error_message"]) == ("ValueError", "boom")


async def test_a_throttle_is_an_error_with_its_reason(clock: Clock, there: Lambda) -> None:
    there.says(
        {
            "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded",
            "Type": "User",
            "message": "Rate Exceeded.",
        },
        status=429,
        headers={"x-amzn-ErrorType": "TooManyRequestsException", "Retry-After": "1"},
    )

    async with invoker(there.url, clock) as (asking, sink):
        with pytest.raises(TooManyRequests) as caught:
            await asking.invoke(request())

    error = caught.value
    assert (error.code, error.status, error.message) == (
        ("TooManyRequestsException", 429, "Rate Exceeded.")
    )
    assert error.fields["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert error.fields["Type"] == "User"
    assert [kind for kind, _ in told(sink)] == ["invocation_requested", "invocation_throttled"]
    assert len(there.asked) == 1


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (404, "ResourceNotFoundException", ResourceNotFound),
        (403, "AccessDeniedException", InvokeError),
        (413, "RequestTooLargeException", InvokeError),
        (502, "EC2ThrottledException", InvokeError),
        (500, "ServiceException", InvokeError),
    ],
)
async def test_a_refusal_keeps_its_code_and_status_and_is_not_asked_again(
    clock: Clock, there: Lambda, status: int, code: str, kind: type[InvokeError]
) -> None:
    there.says({"Message": "no", "Type": "User"}, status=status, headers={"x-amzn-ErrorType": code})

    with pytest.raises(kind) as caught:
        await ask(there.url, clock)

    error = caught.value
    assert (error.code, error.status, error.message) == (code, status, "no")
    assert str(error) == f"{code}: no"
    assert len(there.asked) == 1


async def test_a_gateway_that_is_no_lambda_is_a_refusal_with_its_status(
    clock: Clock, there: Lambda
) -> None:
    there.says(body=b"<html>bad gateway</html>", status=502, content_type="text/html")

    with pytest.raises(InvokeError) as caught:
        await ask(there.url, clock)

    assert caught.value.status == 502


async def test_a_parameter_that_cannot_be_sent_is_a_validation_error(
    clock: Clock, there: Lambda
) -> None:
    with pytest.raises(ValidationFailed, match="Invalid length for parameter Qualifier"):
        await ask(there.url, clock, qualifier="")
    assert there.asked == []


async def test_no_answer_is_said_and_nothing_is_sent_twice(clock: Clock, there: Lambda) -> None:
    with pytest.raises(Unreachable, match="Could not connect to the endpoint"):
        await ask(closed_port(), clock)

    there.says("a long answer", cut=True)
    with pytest.raises(Unreachable):
        await ask(there.url, clock)
    assert len(there.asked) == 1


async def test_an_answer_that_takes_too_long_is_no_answer(
    clock: Clock, there: Lambda, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventsim.invokers.aws.PATIENCE_SECONDS", 0.2 - 3)
    there.says(None, seconds=1.0)

    with pytest.raises(Unreachable, match="Read timeout"):
        await ask(there.url, clock)
    assert len(there.asked) == 1


async def test_an_answer_that_lambda_would_not_give_is_cut_off(clock: Clock, there: Lambda) -> None:
    there.says(body=b" " * 7_000_000)

    with pytest.raises(Unreachable, match="over 6291556 bytes"):
        await ask(there.url, clock)


async def test_nobody_outside_is_asked_unless_that_is_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with pytest.raises(BackendError, match="the aws invoker needs an address"):
        open_lambda(None, "us-east-1", allow_aws=False, timeout=3)
    with pytest.raises(UnsafeEndpoint, match=r"lambda\.us-east-1\.amazonaws\.com leads outside"):
        open_lambda(
            "https://lambda.us-east-1.amazonaws.com", "us-east-1", allow_aws=False, timeout=3
        )


async def test_an_invoke_api_on_this_machine_sees_dummy_credentials(
    clock: Clock, there: Lambda, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREALLOOKINGKEY00")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "real-looking/secret")

    await ask(there.url, clock)

    assert "Credential=testing/" in there.asked[0].headers["authorization"]
    assert "AKIA" not in str(there.asked[0].headers)


async def test_payloads_are_kept_when_the_journal_keeps_them(clock: Clock, there: Lambda) -> None:
    there.says("pong")

    async with invoker(there.url, clock, detail="payload") as (asking, sink):
        await asking.invoke(request("ping"))

    kept = {fields["content"] for kind, fields in told(sink) if kind == "payload_kept"}
    assert kept == {'"ping"', '"pong"'}


async def test_motos_lambda_answers(clock: Clock, moto_server: str) -> None:
    """Without Docker it runs nothing, and answers with the event."""
    configure(moto_server, use_docker=False)
    try:
        answer = await ask(moto_server, clock, {"id": 1})
        others = [
            await ask(moto_server, clock, invocation_type=kind) for kind in ("Event", "DryRun")
        ]
    finally:
        configure(moto_server, use_docker=True)

    assert (answer.status_code, answer.payload) == (200, b'{"id":1}')
    assert [other.status_code for other in others] == [202, 204]


def configure(server: str, **settings: bool) -> None:
    asked = urllib.request.Request(
        f"{server}/moto-api/config", json.dumps({"lambda": settings}).encode(), method="POST"
    )
    with urllib.request.urlopen(asked, timeout=5) as answer:
        assert answer.status == 201


def test_refusals_have_the_codes_statuses_and_fields_of_the_api() -> None:
    """Where the API's model knows the error; three codes are on the wire and not in it."""
    from botocore.session import Session

    operation = Session().get_service_model("lambda").operation_model("Invoke")
    shapes = {shape.name: shape for shape in operation.error_shapes}
    ours: list[type[InvokeError]] = [InvokeError, *InvokeError.__subclasses__()]
    unknown = {kind.code for kind in ours if kind.code not in shapes}
    assert unknown == {
        "AccessDeniedException",
        "RequestEntityTooLargeException",
        "ValidationException",
    }
    for kind in ours:
        if kind.code in shapes:
            shape = shapes[kind.code]
            assert shape.metadata["error"]["httpStatusCode"] == kind.status
            assert kind.message_key in shape.members
