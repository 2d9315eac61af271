"""Laws of the Runtime API for runtimes that misbehave: what each is told, and what comes of it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from eventsim.clock import Clock
from eventsim.errors import EventsimError
from eventsim.runtimes import Init, RuntimeOptions
from eventsim.runtimes._capture import LOG_BYTES_MAX
from eventsim.runtimes._exchange import CONNECTIONS_MAX
from eventsim.runtimes.command import open_runtimes
from eventsim.types import Function
from tests.children import children

pytestmark = pytest.mark.real_time

FOLDER = str(Path(__file__).parent / "handlers" / "contract")
OK = '202 {"status":"OK"}'


def odd(behaviour: str, **configuration: Any) -> Function:
    command = (sys.executable, "odd.py", behaviour)
    configuration = {"timeout": 20, "run_in": "command", "command": command, **configuration}
    return Function("f", "odd", code_uri=FOLDER, **configuration)


def forbidden(before: str, wanted: str) -> str:
    message = f"Transition from {before} to {wanted} is not allowed"
    return f'403 {{"errorMessage":"{message}","errorType":"InvalidStateTransition"}}'


async def test_the_first_answer_counts_and_others_are_forbidden(clock: Clock) -> None:
    async with children(clock, odd("answers_twice")) as running:
        answers = [await running.answer(), await running.answer()]
        lines = [line for _, line in running.logged]
    again = forbidden("Answered", "Answered")
    assert answers == ["first", "first"]
    assert lines == [OK, f" {again} {again}"] * 2


async def test_an_answer_under_another_request_id_is_refused_and_the_invocation_goes_on(
    clock: Clock,
) -> None:
    async with children(clock, odd("wrong_id", timeout=1)) as running:
        assert await running.answer() == "right"
        line = '400 {"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"}'
        assert running.logged == [("f", line)]
        assert (await running.answer("stubborn"))["errorType"] == "Sandbox.Timedout"


async def test_what_a_runtime_may_not_ask_now_is_forbidden(clock: Clock) -> None:
    async with children(clock, odd("asks_too_early")) as running:
        assert await running.answer({"a": 1}) == {"a": 1}
        lines = [line for _, line in running.logged]
    there_is_none = "there is no GET /2018-06-01/runtime/elsewhere here"
    assert lines == [
        forbidden("Running", "Ready"),
        forbidden("Running", "InitError"),
        f'404 {{"errorMessage":"{there_is_none}","errorType":"NotFound"}}',
    ]


async def test_a_socket_that_closes_loses_nothing_but_what_it_began(clock: Clock) -> None:
    async with children(clock, odd("closes_its_socket", timeout=1)) as running:
        assert await running.answer() == "whole"
        assert (await running.answer("leaves"))["errorType"] == "Sandbox.Timedout"
        assert await running.answer() == "whole"


async def test_connections_that_nobody_needs_are_closed(clock: Clock) -> None:
    async with children(clock, odd("crowds")) as running:
        assert await running.answer() == 200 - (CONNECTIONS_MAX - 1)


async def test_a_flood_of_output_is_cut_off_and_told(clock: Clock) -> None:
    async with children(clock, odd("floods"), detail="payload") as running:
        assert await running.answer() == "flooded"
        (logged,) = running.entries("function_logged")
    lines = logged["text"].splitlines()
    left = 80 * 100_000 - LOG_BYTES_MAX
    assert f"[eventsim] {left} more bytes are not kept" in lines
    assert len(logged["text"]) < LOG_BYTES_MAX + 1000


async def test_what_is_no_http_is_told_so_and_an_answer_need_not_be_json(clock: Clock) -> None:
    async with children(clock, odd("sends_nonsense")) as running:
        assert (await running.invoke()).payload == b"no JSON"
        assert running.logged == [("f", "HTTP/1.1 400 Bad Request")]


async def test_a_streamed_answer_is_read_to_its_end_where_it_may_turn_out_an_error(
    clock: Clock,
) -> None:
    async with children(clock, odd("streams")) as running:
        assert await running.answer() == "onetwo"
        failed = await running.invoke("fails")
        kinds = running.kinds()
    assert json.loads(failed.payload) == {"errorType": "Midway", "errorMessage": "oops"}
    assert failed.function_error == "Unhandled"
    assert "environment_reset" not in kinds


async def test_an_exit_after_the_answer_costs_the_next_call_a_start(clock: Clock) -> None:
    async with children(clock, odd("exits_after_its_answer")) as running:
        answers = [await running.answer() for _ in range(3)]
        kinds = running.kinds()
    assert len(set(answers)) == 3
    assert kinds.count("environment_started") == 1
    assert running.logged == [("f", "once")] * 3


async def test_an_answer_sent_by_a_process_that_is_gone_counts(clock: Clock) -> None:
    async with children(clock, odd("answers_and_dies_at_once")) as running:
        for _ in range(3):
            assert len(await running.answer()) == 3_000_000


async def test_a_signal_is_told_as_lambda_tells_it(clock: Clock) -> None:
    async with children(clock, odd("killed"), odd("hungry")) as running:
        for _ in range(2):
            assert await running.answer() == {
                "errorType": "Runtime.ExitError",
                "errorMessage": "RequestId: r Error: Runtime exited with error: signal: killed",
            }


async def test_an_error_without_a_type_gets_one(clock: Clock) -> None:
    async with children(clock, odd("vague")) as running:
        payloads = [(await running.invoke(e)).payload for e in ("type", "text", "nothing")]
        errors = [
            (entry["error_type"], entry["error_message"])
            for entry in running.entries("invocation_finished")
        ]
    assert payloads == [
        b'{"errorMessage": "m"}',
        b"just text",
        b'{"errorType":"Runtime.Unknown","errorMessage":""}',
    ]
    assert errors == [("Runtime.Unknown", "m"), ("Custom.Kind", ""), ("Runtime.Unknown", "")]


async def test_a_runtime_that_never_asks_is_ended_at_its_init_limit(clock: Clock) -> None:
    """Invoke case 43, the runtime's half of it."""
    house = open_runtimes(RuntimeOptions(clock))
    f = odd("silent")
    runtime = house(f)
    try:
        outcome = await runtime.start(
            Init(f, "$LATEST", "us-east-1", "group", "stream", "r", limit_seconds=0.3)
        )
    finally:
        await house.aclose()
    assert outcome.error is not None
    assert (outcome.error.type, outcome.error.fatal) == ("Sandbox.Timedout", True)
    assert outcome.error.message == "RequestId: r Error: Task timed out after 0.30 seconds"
    assert 0.3 <= outcome.duration < 0.4


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ((), "run_in: command names no command; write run_in: {command: [java, Handler.java]}"),
        (("no-such-program",), "there is no program 'no-such-program' on PATH to run it"),
        (("./odd.sh", "a"), "there is no program './odd.sh' in the code folder to run it"),
        (("./contract.sh",), "there is no program './contract.sh' in the code folder to run it"),
    ],
)
async def test_a_command_that_is_not_there_is_an_error_of_ours(
    clock: Clock, command: tuple[str, ...], said: str
) -> None:
    with pytest.raises(EventsimError) as raised:
        async with children(clock, odd("tells", command=command)) as running:
            await running.invoke()
    assert str(raised.value) == f"function 'f': {said}"


async def test_a_bootstrap_that_cannot_be_run_fails_as_on_lambda(
    clock: Clock, tmp_path: Path
) -> None:
    f = Function("f", "x.y", code_uri=str(tmp_path), run_in="bootstrap")
    file = tmp_path / "bootstrap"
    async with children(clock, f) as running:
        answers = [await running.answer()]
        file.write_text("nonsense")
        answers.append(await running.answer())
        file.chmod(0o755)
        answers.append(await running.answer())
        file.write_text("#!/no/such/interpreter\n")
        answers.append(await running.answer())
    assert {answer["errorType"] for answer in answers} == {"Runtime.InvalidEntrypoint"}
    where = "RequestId: r Error: fork/exec /var/task/bootstrap: "
    assert [answer["errorMessage"].removeprefix(where) for answer in answers] == [
        "no such file or directory",
        "permission denied",
        "exec format error",
        "no such file or directory",
    ]


async def test_a_callable_runs_inline_only(clock: Clock) -> None:
    for run_in in ("python", "node", "bootstrap", "command"):
        with pytest.raises(EventsimError, match="a callable runs inline only"):
            async with children(clock, Function("f", print, run_in=run_in)) as running:
                await running.invoke()
