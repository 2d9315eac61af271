"""Functions at an address: the local Invoke API in front of somebody's emulator."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from eventsim.clock import Clock
from eventsim.errors import InvokeError, RequestEntityTooLarge, Unreachable, UnsafeEndpoint
from eventsim.invokers.http import PATH, HttpFunction, whole_url
from eventsim.invokers.local import LocalInvoker
from eventsim.journal import Journal
from eventsim.journal.sinks import MemorySink
from eventsim.rules.function_names import Place, parse
from eventsim.rules.limits import RESPONSE_BYTES_MAX
from eventsim.runtimes import Call, FunctionVersion
from eventsim.types import Function, InvokeResult, Outcome
from tests.functions import request
from tests.lambdas import Lambda, closed_port, serving

pytest.importorskip("aiohttp")


@pytest.fixture(scope="module")
def server() -> Iterator[Lambda]:
    with serving() as served:
        yield served


@pytest.fixture
def there(server: Lambda) -> Lambda:
    server.asked.clear()
    server.at_once_max = 0
    server.says(None)
    return server


class OneFunction:
    """What the Invoke API knows: the function f, which is at an address."""

    def __init__(self, function: HttpFunction) -> None:
        self._function = function

    def find(self, function_name: str, qualifier: str | None = None) -> FunctionVersion:
        name, _ = parse(function_name, qualifier, Place())
        return FunctionVersion(Function(name, ""), "$LATEST", Place().arn(name))

    async def run(self, target: FunctionVersion, call: Call, *, whole_log: bool = False) -> Outcome:
        return await self._function.run(target, call, whole_log=whole_log)


@asynccontextmanager
async def invoker(url: str, clock: Clock) -> AsyncIterator[tuple[LocalInvoker, MemorySink]]:
    sink = MemorySink()
    journal = Journal(clock, sinks=[sink])
    function = HttpFunction(url, clock, journal, timeout=3)
    try:
        yield LocalInvoker(OneFunction(function), journal), sink
    finally:
        await function.aclose()


async def ask(url: str, clock: Clock, event: Any = None, **parameters: Any) -> InvokeResult:
    async with invoker(url, clock) as (asking, _):
        return await asking.invoke(request(event, **parameters))


async def test_the_body_goes_to_the_emulators_path_and_comes_back(
    clock: Clock, there: Lambda
) -> None:
    there.says({"id": 1})

    assert await ask(there.url, clock, {"a": 1}) == InvokeResult(200, b'{"id": 1}', None, "$LATEST")
    (asked,) = there.asked
    assert (asked.path, json.loads(asked.body)) == (PATH, {"a": 1})
    assert "authorization" not in asked.headers


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ("http://127.0.0.1:9000", f"http://127.0.0.1:9000{PATH}"),
        ("http://127.0.0.1:9000/", f"http://127.0.0.1:9000{PATH}"),
        ("http://127.0.0.1:9000/run?a=1", "http://127.0.0.1:9000/run?a=1"),
    ],
)
def test_an_address_without_a_path_gets_the_emulators(given: str, asked: str) -> None:
    assert whole_url(given) == asked


async def test_a_client_context_goes_in_the_header(clock: Clock, there: Lambda) -> None:
    context = base64.b64encode(b'{"custom":{"a":1}}').decode()

    await ask(there.url, clock, client_context=context)

    assert there.asked[0].headers["x-amz-client-context"] == context


async def test_a_dry_run_asks_nobody(clock: Clock, there: Lambda) -> None:
    """Invoke case 4, where the emulator would run the function."""
    result = await ask(there.url, clock, invocation_type="DryRun")

    assert result == InvokeResult(204)
    assert there.asked == []


async def test_limits_are_those_of_the_api_in_front(clock: Clock, there: Lambda) -> None:
    with pytest.raises(RequestEntityTooLarge):
        await ask(there.url, clock, "x" * 6_291_456)
    assert there.asked == []

    there.says(body=b'"' + b"x" * RESPONSE_BYTES_MAX + b'"')
    result = await ask(there.url, clock)
    assert result.function_error == "Unhandled"
    assert json.loads(result.payload)["errorType"] == "Function.ResponseSizeTooLarge"


ERROR = {"errorMessage": "boom", "errorType": "ValueError", "requestId": "1", "stackTrace": []}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"value": ERROR}, "ValueError"),
        ({"value": {"errorType": "TypeError", "errorMessage": "", "trace": []}}, "TypeError"),
        ({"value": ERROR | {"more": 1}}, None),
        ({"value": {"errorMessage": "mine"}}, None),
        ({"value": [ERROR]}, None),
        ({"value": 1, "headers": {"X-Amz-Function-Error": "Unhandled"}}, "Unhandled"),
        ({"value": ERROR | {"errorType": "Runtime.ImportModuleError"}, "status": 502},
         "Runtime.ImportModuleError"),
    ],
)  # fmt: skip
async def test_an_error_is_known_by_its_form(
    clock: Clock, there: Lambda, answer: dict[str, Any], error: str | None
) -> None:
    there.says(**answer)

    async with invoker(there.url, clock) as (asking, sink):
        result = await asking.invoke(request())

    assert result.status_code == 200
    assert result.function_error == (None if error is None else "Unhandled")
    assert json.loads(result.payload) == answer["value"]
    finished = [entry.fields for entry in sink.entries if entry.kind == "invocation_finished"]
    assert finished[0].get("error_type") == error


async def test_a_timeout_in_plain_text_is_told_as_lambda_tells_it(
    clock: Clock, there: Lambda
) -> None:
    """Invoke case 8, in the emulator's words."""
    there.says(body=b"Task timed out after 1.00 seconds", content_type="text/plain; charset=utf-8")

    result = await ask(there.url, clock)

    assert result.function_error == "Unhandled"
    assert json.loads(result.payload) == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": "RequestId: r Error: Task timed out after 1.00 seconds",
    }


async def test_one_request_is_sent_at_a_time(clock: Clock, there: Lambda) -> None:
    there.says(1, seconds=0.02)

    async with invoker(there.url, clock) as (asking, _), anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(asking.invoke, request())

    assert len(there.asked) == 5
    assert there.at_once_max == 1


@pytest.mark.parametrize(
    ("status", "body"), [(400, "AlreadyReserved"), (500, "panic"), (307, "elsewhere")]
)
async def test_what_is_no_answer_of_a_function_is_a_refusal(
    clock: Clock, there: Lambda, status: int, body: str
) -> None:
    there.says(
        body=body.encode(),
        status=status,
        content_type="text/plain",
        headers={"Location": "http://192.0.2.1/"},
    )

    with pytest.raises(InvokeError) as caught:
        await ask(there.url, clock)

    assert str(caught.value) == f"ServiceException: the address answered {status}: {body}"


async def test_no_answer_is_said_and_nothing_is_sent_twice(clock: Clock, there: Lambda) -> None:
    with pytest.raises(Unreachable, match="gave no answer: Cannot connect"):
        await ask(closed_port(), clock)

    there.says("a long answer", cut=True)
    with pytest.raises(Unreachable, match="gave no answer"):
        await ask(there.url, clock)
    assert len(there.asked) == 1


async def test_an_answer_that_takes_too_long_is_no_answer(
    clock: Clock, there: Lambda, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventsim.invokers.http.PATIENCE_SECONDS", 0.2 - 3)
    there.says(None, seconds=1.0)

    with pytest.raises(Unreachable, match=r"gave no answer within 0\.2 s"):
        await ask(there.url, clock)
    assert len(there.asked) == 1


def test_an_address_outside_this_machine_has_to_be_allowed(clock: Clock) -> None:
    with pytest.raises(UnsafeEndpoint, match="leads outside this machine"):
        HttpFunction("http://192.0.2.1:9000", clock, Journal(clock), timeout=3)
