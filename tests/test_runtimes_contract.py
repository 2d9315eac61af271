"""
One contract for every runtime: the same folder of handlers, one file for each language.

What differs here differs on AWS: what a runtime says of an error, and how it writes JSON.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from eventsim.clock import Clock
from eventsim.types import Function
from tests.children import children

pytestmark = pytest.mark.real_time

FOLDER = str(Path(__file__).parent / "handlers" / "contract")
RUNTIME_NEEDS = {
    "inline": True,
    "python": find_spec("awslambdaric") is not None,
    "node": shutil.which("node") is not None,
    "bootstrap": shutil.which("curl") is not None,
}


@pytest.fixture(
    params=[
        pytest.param(name, marks=pytest.mark.skipif(not there, reason=f"{name} cannot run here"))
        for name, there in RUNTIME_NEEDS.items()
    ]
)
def run_in(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def contract(run_in: str, tmp_path: Path) -> Any:
    """Makes a function of the contract. Inline has no /tmp of its own: it gets one."""
    own = (("TMPDIR", str(tmp_path)),) if run_in == "inline" else ()

    def made(handler: str, **configuration: Any) -> Function:
        configuration.setdefault("timeout", 20)
        return Function(
            "f", handler, code_uri=FOLDER, run_in=run_in, environment=own, **configuration
        )

    return made


async def test_a_result_comes_back_as_it_is(clock: Clock, contract: Any) -> None:
    """Invoke case 1."""
    async with children(clock, contract("contract.echo_event")) as running:
        result = await running.invoke({"a": [1, None, True, "b"]})
    assert (result.status_code, result.function_error) == (200, None)
    assert result.executed_version == "$LATEST"
    assert json.loads(result.payload) == {"a": [1, None, True, "b"]}


async def test_unicode_survives_both_ways(clock: Clock, contract: Any) -> None:
    text = "grün \U0001f600 \u2028 \x7f"
    async with children(clock, contract("contract.echo_event")) as running:
        assert await running.answer({"text": text}) == {"text": text}


async def test_no_result_is_null(clock: Clock, contract: Any) -> None:
    """Invoke case 17."""
    async with children(clock, contract("contract.nothing")) as running:
        result = await running.invoke()
    assert (result.payload, result.function_error) == (b"null", None)


async def test_six_megabytes_fit_both_ways(clock: Clock, contract: Any) -> None:
    event = "x" * (6 * 1024 * 1024 - 2)
    async with children(clock, contract("contract.echo_event")) as running:
        result = await running.invoke(event)
    assert (len(result.payload), result.function_error) == (6 * 1024 * 1024, None)


ERRORS = {
    "inline": ["errorMessage", "errorType", "requestId", "stackTrace"],
    "python": ["errorMessage", "errorType", "requestId", "stackTrace"],
    "node": ["errorType", "errorMessage", "trace"],
    "bootstrap": ["errorMessage", "errorType"],
}


async def test_an_exception_is_a_result_and_resets_nothing(
    clock: Clock, contract: Any, run_in: str
) -> None:
    """Invoke case 2."""
    async with children(clock, contract("contract.raises"), detail="payload") as running:
        result = await running.invoke()
        assert "\r" not in running.entries("function_logged")[0]["text"]
        logged = [line for _, line in running.logged]
        await running.invoke()
        kinds = running.kinds()
    answer = json.loads(result.payload)
    assert (result.status_code, result.function_error) == (200, "Unhandled")
    assert list(answer) == ERRORS[run_in]
    assert (answer["errorType"], answer["errorMessage"]) == ("ValueError", "boom")
    assert kinds.count("environment_started") == 1
    assert "environment_reset" not in kinds
    if run_in in {"inline", "python"}:
        assert answer["requestId"] == "r"
        assert answer["stackTrace"] == [
            '  File "/var/task/contract.py", line 19, in raises\n    raise ValueError("boom")\n'
        ]
        assert logged == [
            "[ERROR] ValueError: boom",
            "Traceback (most recent call last):",
            '\u00a0\u00a0File "/var/task/contract.py", line 19, in raises',
            '\u00a0\u00a0\u00a0\u00a0raise ValueError("boom")',
        ]
    if run_in == "node":
        assert answer["trace"][0] == "ValueError: boom"
        assert answer["trace"][1].startswith("    at raises (file:///var/task/contract.mjs:12:")


async def test_a_timeout_kills_globals_and_keeps_tmp_and_log_stream(
    clock: Clock, run_in: str, contract: Any
) -> None:
    """Invoke cases 8 and 9."""
    f = contract("contract.sleeps_once", timeout=1)
    async with children(clock, f) as running:
        first = await running.invoke()
        second = await running.answer()
        third = await running.answer()
        started = running.entries("environment_started")
        reset = running.entries("environment_reset")
    assert (first.status_code, first.function_error) == (200, "Unhandled")
    assert json.loads(first.payload) == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": "RequestId: r Error: Task timed out after 1.00 seconds",
    }
    assert second == {"calls": 1, "kept": True, "stream": started[0]["log_stream"]}
    assert third == {**second, "calls": 2}
    assert (len(started), len(reset)) == (1, 1)


@pytest.mark.parametrize(
    ("status", "reason"),
    [(0, "without providing a reason"), (1, "with error: exit status 1")],
)
async def test_an_exit_is_told_by_its_status(
    clock: Clock, contract: Any, status: int, reason: str
) -> None:
    """Invoke case 10."""
    async with children(clock, contract("contract.exits")) as running:
        result = await running.invoke({"status": status})
        await running.invoke({"status": status})
        kinds = running.kinds()
    assert (result.status_code, result.function_error) == (200, "Unhandled")
    assert list(json.loads(result.payload).items()) == [
        ("errorType", "Runtime.ExitError"),
        ("errorMessage", f"RequestId: r Error: Runtime exited {reason}"),
    ]
    assert kinds.count("environment_reset") == 2


IMPORTS = {
    "inline": "Unable to import module 'nowhere': No module named 'nowhere'",
    "python": "Unable to import module 'nowhere': No module named 'nowhere'",
    "node": "Error: Cannot find module 'nowhere'\nRequire stack:\n- /var/runtime/index.mjs",
    "bootstrap": "no nowhere.handler",
}


async def test_an_init_that_fails_is_told_to_whoever_waits(
    clock: Clock, contract: Any, run_in: str
) -> None:
    """Invoke case 11."""
    async with children(clock, contract("nowhere.handler")) as running:
        result = await running.invoke()
    answer = json.loads(result.payload)
    assert (result.status_code, result.function_error) == (200, "Unhandled")
    assert list(answer) == ERRORS[run_in]
    assert answer["errorType"] == "Runtime.ImportModuleError"
    assert answer["errorMessage"] == IMPORTS[run_in]
    if run_in in {"inline", "python"}:
        assert answer["requestId"] == ""


async def test_what_is_no_function_fails_as_on_lambda(
    clock: Clock, contract: Any, run_in: str
) -> None:
    if run_in == "bootstrap":
        pytest.skip("a shell script has nothing else that it could find")
    async with children(clock, contract("contract.NUMBER")) as running:
        result = await running.invoke()
    answer = json.loads(result.payload)
    assert (result.function_error, list(answer)) == ("Unhandled", ERRORS[run_in])
    if run_in == "node":
        assert (answer["errorType"], answer["errorMessage"]) == (
            "Runtime.HandlerNotFound",
            "contract.NUMBER is not a function",
        )
        return
    assert (answer["errorType"], answer["errorMessage"]) == (
        "TypeError",
        "'int' object is not callable",
    )
    (frame,) = answer["stackTrace"]
    assert re.fullmatch(
        r'  File "/var/lang/lib/python3\.\d+/site-packages/awslambdaric/bootstrap\.py", line \d+, '
        r"in handle_event_request\n    response = request_handler\(event, lambda_context\)\n",
        frame,
    )


async def test_an_exit_in_the_init_is_told_like_any_other(clock: Clock, contract: Any) -> None:
    async with children(clock, contract("quitting.handler")) as running:
        assert await running.answer() == {
            "errorType": "Runtime.ExitError",
            "errorMessage": "RequestId: r Error: Runtime exited with error: exit status 4",
        }


async def test_an_answer_that_is_too_large_is_an_error(clock: Clock, contract: Any) -> None:
    """Invoke case 12."""
    async with children(clock, contract("contract.oversized")) as running:
        result = await running.invoke()
        again = await running.invoke()
    assert (result.status_code, result.function_error) == (200, "Unhandled")
    assert result.payload == again.payload
    assert json.loads(result.payload) == {
        "errorMessage": "Response payload size exceeded maximum allowed payload size "
        "(6291556 bytes).",
        "errorType": "Function.ResponseSizeTooLarge",
    }


async def test_both_outputs_are_the_log_in_their_order(clock: Clock, contract: Any) -> None:
    async with children(clock, contract("contract.says")) as running:
        assert await running.answer() == "said"
        assert running.logged == [("f", "grün 1"), ("f", "two")]
        await running.invoke()
        assert running.logged == [("f", "grün 1"), ("f", "two")] * 2


async def test_only_the_first_report_has_an_init_duration(
    clock: Clock, contract: Any, run_in: str
) -> None:
    """Invoke cases 14 and 16."""
    async with children(clock, contract("contract.nothing")) as running:
        reports = []
        for _ in range(2):
            encoded = (await running.invoke(log_type="Tail")).log_result
            assert encoded is not None
            reports.append(base64.b64decode(encoded).decode().splitlines()[-1])
    form = (
        r"REPORT RequestId: r\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\t"
        r"Max Memory Used: (\d+) MB\t"
    )
    first = re.fullmatch(rf"{form}Init Duration: [\d.]+ ms\t", reports[0])
    second = re.fullmatch(form, reports[1])
    assert first is not None
    assert second is not None
    if run_in == "inline":
        assert first[1] == second[1] == "128"
    else:
        assert 0 < int(first[1]) <= int(second[1]) < 128
