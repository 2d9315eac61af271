"""Laws of Node.js handlers, as Lambda's own client has them, and of a runtime in Java."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from eventsim.clock import Clock
from eventsim.errors import EventsimError
from eventsim.types import Function
from tests.children import children

pytestmark = pytest.mark.real_time

FOLDER = str(Path(__file__).parent / "handlers" / "contract")
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
needs_java = pytest.mark.skipif(shutil.which("java") is None, reason="java is not installed")
STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


def node(handler: str, **configuration: Any) -> Function:
    configuration = {"timeout": 20, "run_in": "node", "code_uri": FOLDER, **configuration}
    return Function("f", handler, **configuration)


@needs_node
@pytest.mark.parametrize(
    ("handler", "event", "answer"),
    [
        ("styles.sync", None, None),
        ("styles.forgets", None, None),
        ("styles.succeeds", None, {"done": "old style"}),
        ("styles.done", None, "old style"),
        ("styles.waits", {"waits": True}, "called back"),
        ("styles.waits", {"waits": False}, "called back"),
        ("styles.inner.deep.handler", None, "deep"),
        ("../contract/styles.sync", None, {"errorType": "Runtime.MalformedHandlerName"}),
        ("styles", None, {"errorType": "Runtime.MalformedHandlerName"}),
        ("styles.missing", None, {"errorType": "Runtime.HandlerNotFound"}),
        ("styles.number", None, {"errorType": "Runtime.HandlerNotFound"}),
        ("broken.handler", None, {"errorType": "Runtime.UserCodeSyntaxError"}),
        ("styles.throwsText", None, {"errorType": "string", "errorMessage": "just text"}),
        ("styles.gives_up", None, {"errorType": "string", "errorMessage": "old style"}),
        ("styles.fails", None, {"errorType": "TypeError", "errorMessage": "no"}),
        ("styles.throwsLate", None, {"errorType": "RangeError", "errorMessage": "late"}),
        ("styles.never", None, {"errorType": "Runtime.NodeJsExit"}),
        ("styles.circular", None, {"errorType": "Error"}),
        ("styles.big", None, {"errorType": "Error"}),
        (
            "styles.rejects",
            None,
            {
                "errorType": "Runtime.UnhandledPromiseRejection",
                "errorMessage": "Error: nobody listens",
            },
        ),
    ],
)
async def test_a_handler_in_any_style_answers_and_is_ready_again(
    clock: Clock, handler: str, event: Any, answer: Any
) -> None:
    async with children(clock, node(handler)) as running:
        results = [await running.invoke(event), await running.invoke(event)]
    for result in results:
        found = json.loads(result.payload)
        if isinstance(answer, dict) and "errorType" in answer:
            assert result.function_error == "Unhandled"
            assert list(found) == ["errorType", "errorMessage", "trace"]
            assert {key: found[key] for key in answer} == answer
            assert FOLDER not in result.payload.decode()
            assert "_node_bootstrap" not in result.payload.decode()
        else:
            assert (result.function_error, found) == (None, answer)


@needs_node
async def test_a_callbacks_answer_waits_for_an_empty_loop_unless_told_not_to(clock: Clock) -> None:
    async with children(clock, node("styles.waits")) as running:
        await running.invoke({"waits": True})
        waited = [re.sub(STAMP, "STAMP", line) for _, line in running.logged]
        await running.invoke({"waits": False})
        at_once = running.logged[1:]
    assert waited == ["STAMP\tr\tINFO\tlater"]
    assert at_once == []


@needs_node
async def test_the_console_writes_in_lambdas_format(clock: Clock) -> None:
    async with children(clock, node("styles.logs")) as running:
        await running.invoke()
        lines = [re.sub(STAMP, "STAMP", line) for _, line in running.logged]
    assert lines == [
        "STAMP\tr\tINFO\tone { a: 1 }",
        "STAMP\tr\tINFO\ttwo",
        "STAMP\tr\tWARN\tthree",
        "four",
        "STAMP\tr\tERROR\tfive",
        "STAMP\tr\tDEBUG\tsix",
    ]


@needs_node
async def test_the_console_writes_json_where_the_function_asks_for_it(clock: Clock) -> None:
    f = node("styles.logs", environment=(("AWS_LAMBDA_LOG_FORMAT", "JSON"),))
    async with children(clock, f) as running:
        await running.invoke()
        lines = [json.loads(line) for _, line in running.logged]
    assert [(line["level"], line["requestId"], line["message"]) for line in lines] == [
        ("INFO", "r", "one { a: 1 }"),
        ("INFO", "r", "two"),
        ("WARN", "r", "three\nfour"),
        ("ERROR", "r", "five"),
        ("DEBUG", "r", "six"),
    ]


@needs_node
async def test_an_error_is_logged_with_its_fields(clock: Clock) -> None:
    async with children(clock, node("styles.fails")) as running:
        await running.invoke()
        (line,) = [line for _, line in running.logged]
    assert re.fullmatch(
        STAMP + r"\tr\tERROR\tInvoke Error \t"
        r'\{"errorType":"TypeError","errorMessage":"no","stack":\["TypeError: no",.*\]\}',
        line,
    )


@needs_node
async def test_the_context_object_is_lambdas(clock: Clock) -> None:
    async with children(clock, node("styles.tells", memory_size=256, timeout=9)) as running:
        context = "eyJjdXN0b20iOiB7ImsiOiAxfX0="
        told = await running.answer(client_context=context)
        (started,) = running.entries("environment_started")
    assert 8_000 < told.pop("remaining") <= 9_000
    assert told.pop("trace").startswith("Root=1-")
    assert told == {
        "callbackWaitsForEmptyEventLoop": True,
        "functionName": "f",
        "functionVersion": "$LATEST",
        "invokedFunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:f",
        "memoryLimitInMB": "256",
        "awsRequestId": "r",
        "logGroupName": "/aws/lambda/f",
        "logStreamName": started["log_stream"],
        "clientContext": {"custom": {"k": 1}},
    }


async def test_without_node_the_error_says_so(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(EventsimError) as raised:
        async with children(clock, node("styles.sync")) as running:
            await running.invoke()
    said = "function 'f': there is no program 'node' on PATH to run it"
    assert str(raised.value) == said


async def test_without_awslambdaric_the_error_says_what_to_install(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "awslambdaric", None)  # as if it could not be found
    with pytest.raises(EventsimError) as raised:
        async with children(clock, Function("f", "a.b", FOLDER, run_in="python")) as running:
            await running.invoke()
    assert str(raised.value) == (
        "run_in: python needs awslambdaric, which is not installed; "
        "pip install 'eventsim[runtimes]', or use run_in: inline"
    )


@needs_java
async def test_a_runtime_in_java_runs_from_its_source(clock: Clock) -> None:
    f = Function(
        *("f", "Handler"),
        code_uri=FOLDER,
        run_in="command",
        command=("java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "Handler.java"),
        timeout=30,
        memory_size=512,
        runtime="java17",
    )
    async with children(clock, f) as running:
        answers = [await running.answer("grün"), await running.answer({"a": 1})]
        failed = await running.answer("boom")
        after = await running.answer(2)
    assert answers == [{"calls": 1, "event": "grün"}, {"calls": 2, "event": {"a": 1}}]
    assert failed == {"errorMessage": "boom", "errorType": "java.lang.IllegalStateException"}
    assert after == {"calls": 4, "event": 2}
    assert running.logged == [("f", "failed: boom")]
