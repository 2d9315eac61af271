"""Laws of the inline runtime: what a handler is given, and what its answer or its end becomes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from eventsim.clock import Clock
from eventsim.errors import EventsimError
from eventsim.types import InvokeResult
from tests.functions import ARN, function, local

PYTHON = "/var/lang/lib/python"


async def invoke(clock: Clock, handler: Any, event: Any = None, **configuration: Any) -> Any:
    """One invocation, and its answer decoded; a function error is an answer too."""
    with local(clock, function(handler, **configuration)) as running:
        return await running.answer(event)


def code(folder: Path, source: str, name: str = "app") -> dict[str, str]:
    (folder / f"{name}.py").write_text(source)
    return {"code_uri": str(folder)}


async def test_the_event_is_fresh_and_the_answer_is_json(clock: Clock) -> None:
    assert await invoke(clock, "answers.echo", {"a": [1, None]}) == {"a": [1, None]}


async def test_a_callable_is_a_handler_too(clock: Clock) -> None:
    assert await invoke(clock, lambda event, context: event["a"] + 1, {"a": 1}) == 2


async def test_none_answers_null(clock: Clock) -> None:
    """Invoke case 17."""
    with local(clock, function("answers.nothing")) as running:
        assert await running.invoke() == InvokeResult(200, b"null", None, "$LATEST")


async def test_answers_are_encoded_as_the_python_runtime_encodes_them(clock: Clock) -> None:
    with local(clock, function("answers.odd_types")) as running:
        answer = await running.invoke()
    assert answer.payload == (
        b'{"decimal": 5, "exact": 12345678901234567890.10, '
        b'"point": {"x": 1, "y": [{"x": 2, "y": 3}]}, "bytes": "text", "tuple": [1, 2], '
        b'"keys": {"1": "yes", "null": "none"}}'
    )


@pytest.mark.parametrize(
    ("runtime", "payload"),
    [("python3.11", b'"gr\\u00fcn"'), ("python3.12", '"grün"'.encode())],
)
async def test_text_is_escaped_up_to_python_3_11(
    clock: Clock, runtime: str, payload: bytes
) -> None:
    with local(clock, function("answers.text", runtime=runtime)) as running:
        assert (await running.invoke()).payload == payload


async def test_bytes_are_the_answer_as_they_are(clock: Clock) -> None:
    with local(clock, function("answers.raw")) as running:
        assert (await running.invoke()).payload == b'{"raw": true}'


async def test_an_exception_is_reported_from_its_first_frame_in_lambdas_order(
    clock: Clock,
) -> None:
    """Invoke case 2."""
    with local(clock, function("answers.raises")) as running:
        answer = await running.invoke()
    assert (answer.status_code, answer.function_error) == (200, "Unhandled")
    assert list(json.loads(answer.payload).items()) == [
        ("errorMessage", "boom"),
        ("errorType", "ValueError"),
        ("requestId", "r"),
        (
            "stackTrace",
            ['  File "/var/task/answers.py", line 24, in raises\n    raise ValueError("boom")\n'],
        ),
    ]


@pytest.mark.parametrize(
    ("handler", "kind", "message"),
    [
        ("answers.a_set", "MarshalError", "Object of type set is not JSON serializable"),
        ("answers.circular", "MarshalError", "Circular reference detected"),
        (
            "answers.asynchronous",
            "MarshalError",
            "Object of type coroutine is not JSON serializable",
        ),
    ],
)
async def test_what_is_not_json_is_a_marshal_error(
    clock: Clock, handler: str, kind: str, message: str
) -> None:
    assert await invoke(clock, handler) == {
        "errorMessage": f"Unable to marshal response: {message}",
        "errorType": f"Runtime.{kind}",
        "requestId": "r",
        "stackTrace": [],
    }


async def test_an_async_handler_is_awaited_when_its_function_asks_for_it(clock: Clock) -> None:
    assert await invoke(clock, "answers.asynchronous", async_handler=True) == "awaited"


async def test_a_handler_runs_an_event_loop_of_its_own(clock: Clock) -> None:
    assert await invoke(clock, "answers.runs_a_loop") is True
    assert clock.time() == pytest.approx(0.101)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (None, "without providing a reason"),
        (0, "without providing a reason"),
        (3, "with error: exit status 3"),
        (-1, "with error: exit status 255"),
        ("last words", "with error: exit status 1"),
    ],
)
async def test_an_exit_is_reported_by_its_status(clock: Clock, status: Any, reason: str) -> None:
    """Invoke case 10."""
    assert await invoke(clock, "answers.exits", {"status": status}) == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: r Error: Runtime exited {reason}",
    }


async def test_an_exception_that_nobody_catches_ends_the_runtime(clock: Clock) -> None:
    assert await invoke(clock, "answers.raises_base") == {
        "errorType": "Runtime.ExitError",
        "errorMessage": "RequestId: r Error: Runtime exited with error: exit status 1",
    }


async def test_a_response_has_6_mb_and_100_bytes_at_the_most(clock: Clock) -> None:
    """Invoke case 12."""
    with local(clock, function("answers.large")) as running:
        most = await running.invoke({"bytes": 6_291_556})
        more = await running.invoke({"bytes": 6_291_557})
    assert (most.function_error, len(most.payload)) == (None, 6_291_556)
    assert (more.status_code, more.function_error) == (200, "Unhandled")
    assert more.payload == (
        b'{"errorMessage":"Response payload size exceeded maximum allowed payload size '
        b'(6291556 bytes).","errorType":"Function.ResponseSizeTooLarge"}'
    )


@pytest.mark.parametrize(
    ("handler", "kind", "message"),
    [
        (
            "app",
            "MalformedHandlerName",
            "Bad handler 'app': not enough values to unpack (expected 2, got 1)",
        ),
        (
            "nowhere.handler",
            "ImportModuleError",
            "Unable to import module 'nowhere': No module named 'nowhere'",
        ),
        ("app.nothing", "HandlerNotFound", "Handler 'nothing' missing on module 'app'"),
        (
            "sys.handler",
            "BuiltInModuleConflict",
            "Cannot use built-in module sys as a handler module",
        ),
        (
            "needs.handler",
            "ImportModuleError",
            "Unable to import module 'needs': No module named 'requirements_not_there'",
        ),
    ],
)
async def test_a_handler_that_is_not_there_is_an_init_error(
    clock: Clock, tmp_path: Path, handler: str, kind: str, message: str
) -> None:
    code(tmp_path, "import requirements_not_there", "needs")
    where = code(tmp_path, "")
    assert await invoke(clock, handler, **where) == {
        "errorMessage": message,
        "errorType": f"Runtime.{kind}",
        "requestId": "",
        "stackTrace": [],
    }


async def test_a_syntax_error_names_its_line(clock: Clock, tmp_path: Path) -> None:
    answer = await invoke(clock, "app.handler", **code(tmp_path, "def handler(:\n"))
    assert answer == {
        "errorMessage": "Syntax error in module 'app': invalid syntax (app.py, line 1)",
        "errorType": "Runtime.UserCodeSyntaxError",
        "requestId": "",
        "stackTrace": ['  File "/var/task/app.py" Line 1\n    def handler(:\n'],
    }


async def test_an_exception_at_import_is_the_answer_with_no_request_id(
    clock: Clock, tmp_path: Path
) -> None:
    """Invoke case 11."""
    answer = await invoke(clock, "app.handler", **code(tmp_path, "1 / 0\n"))
    assert {**answer, "stackTrace": answer["stackTrace"][-1]} == {
        "errorMessage": "division by zero",
        "errorType": "ZeroDivisionError",
        "requestId": "",
        "stackTrace": '  File "/var/task/app.py", line 1, in <module>\n    1 / 0\n',
    }
    assert answer["stackTrace"][0].startswith(f'  File "{PYTHON}')


async def test_an_exit_at_import_is_an_exit(clock: Clock, tmp_path: Path) -> None:
    answer = await invoke(clock, "app.handler", **code(tmp_path, "raise SystemExit(2)"))
    assert answer == {
        "errorType": "Runtime.ExitError",
        "errorMessage": "RequestId: r Error: Runtime exited with error: exit status 2",
    }


async def test_a_handler_may_be_in_a_package(clock: Clock, tmp_path: Path) -> None:
    (tmp_path / "pack").mkdir()
    code(tmp_path / "pack", "from pack import part\ndef handler(e, c): return part.NAME", "main")
    code(tmp_path / "pack", "NAME = __name__", "part")
    where = {"code_uri": str(tmp_path)}
    assert await invoke(clock, "pack.main.handler", **where) == "pack.part"
    assert await invoke(clock, "pack/main.handler", **where) == "pack.part"


async def test_a_code_folder_that_is_not_there_ends_the_run(clock: Clock, tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")
    with (
        local(clock, function("app.handler", code_uri=missing)) as running,
        pytest.raises(
            EventsimError,
            match=re.escape(f"function 'f': the code folder '{missing}' does not exist"),
        ),
    ):
        await running.invoke()


async def test_the_context_has_every_attribute_of_lambdas(clock: Clock) -> None:
    answer = await invoke(clock, "answers.context_attributes", memory_size=256, timeout=7)
    stream, remaining = answer.pop("log_stream_name"), answer.pop("remaining")
    assert answer == {
        "function_name": "f",
        "function_version": "$LATEST",
        "memory_limit_in_mb": "256",
        "log_group_name": "/aws/lambda/f",
        "aws_request_id": "r",
        "invoked_function_arn": f"{ARN}f",
        "tenant_id": None,
        "identity": [None, None],
        "client": None,
        "w3c": {},
    }
    assert re.fullmatch(r"2026/01/01/\[\$LATEST\][0-9a-f]{32}", stream)
    assert 6_000 < remaining <= 7_000


async def test_remaining_time_is_never_below_zero(clock: Clock) -> None:
    def handler(event: Any, context: Any) -> int:
        context._timeout_seconds = 0
        return context.get_remaining_time_in_millis()  # type: ignore[no-any-return]  # the context is untyped

    assert await invoke(clock, handler) == 0


async def test_what_a_handler_writes_is_its_log(clock: Clock) -> None:
    with local(clock, function("answers.prints")) as running:
        await running.invoke()
    assert running.logged == [
        ("f", "to stdout"),
        ("f", "to stderr"),
        ("f", "as bytes"),
        ("f", "[WARNING]\t2026-01-01T00:00:00.100Z\tr\tthrough logging"),
        ("f", "through the context"),
    ]


async def test_what_is_printed_at_import_is_shown(clock: Clock, tmp_path: Path) -> None:
    source = "print('importing')\ndef handler(e, c): print('called')"
    with local(clock, function("app.handler", **code(tmp_path, source))) as running:
        await running.invoke()
    assert running.logged == [("f", "importing"), ("f", "called")]


async def test_an_error_is_in_the_log_as_lambda_writes_it(clock: Clock) -> None:
    with local(clock, function("answers.raises")) as running:
        await running.invoke()
    assert running.logged == [
        ("f", "[ERROR] ValueError: boom"),
        ("f", "Traceback (most recent call last):"),
        ("f", '\u00a0\u00a0File "/var/task/answers.py", line 24, in raises'),
        ("f", '\u00a0\u00a0\u00a0\u00a0raise ValueError("boom")'),
    ]


async def test_a_flood_of_output_is_cut_off(clock: Clock) -> None:
    def handler(event: Any, context: Any) -> None:
        for _ in range(5):
            print("x" * (1024 * 1024 - 1))

    with local(clock, function(handler)) as running:
        await running.invoke()
    assert [len(line) for _, line in running.logged[:4]] == [1024 * 1024 - 1] * 4
    assert running.logged[4:] == [("f", "[eventsim] 1048576 more bytes are not kept")]
