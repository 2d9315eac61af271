"""Laws of execution environments: one request at a time, warm reuse, reset, recycling."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from eventsim.clock import Clock
from eventsim.errors import InvokeError, ResourceNotFound, TooManyRequests
from eventsim.runtimes import Call
from eventsim.types import Duration, Empirical, Function, Lognormal
from tests.functions import ARN, HANDLERS, Local, function, local, request

TEN_MINUTES = 600.0


def nothing(event: Any, context: Any) -> None: ...


async def together(running: Local, *calls: Callable[[], Any]) -> list[Any]:
    answers: list[Any] = [None] * len(calls)

    async def call(index: int, one: Callable[[], Any]) -> None:
        try:
            answers[index] = await one()
        except InvokeError as refused:
            answers[index] = refused

    async with anyio.create_task_group() as tasks:
        for index, one in enumerate(calls):
            tasks.start_soon(call, index, one)
    return answers


async def test_a_first_invocation_is_cold_and_the_next_is_warm(clock: Clock) -> None:
    f = function(nothing, duration=Duration(0.02), init_duration=0.15)
    with local(clock, f) as running:
        await running.invoke()
        await clock.sleep(5)
        await running.invoke()
    entries = running.sink.entries
    name, environment = {"function": "f"}, entries[1].fields["environment"]
    stream = entries[1].fields["log_stream"]
    here = {"version": "$LATEST", "request_id": "r", "environment": environment}
    assert re.fullmatch(r"2026/01/01/\[\$LATEST\][0-9a-f]{32}", stream)
    assert [(e.time, e.kind, e.because, e.fields) for e in entries] == [
        (0.0, "invocation_requested", None, {**name, "request_id": "r", "type": "RequestResponse"}),
        (
            0.15,
            "environment_started",
            "no environment was idle",
            {
                **name,
                "version": "$LATEST",
                "environment": environment,
                "init": 0.15,
                "log_stream": stream,
                "memory_size": 128,
                "architecture": "x86_64",
            },
        ),
        (0.15, "invocation_started", None, name | here),
        (
            0.17,
            "invocation_finished",
            None,
            name | here | {"duration": 0.02, "billed": 0.17, "init": 0.15},
        ),
        (
            5.17,
            "invocation_requested",
            None,
            {**name, "request_id": "r", "type": "RequestResponse"},
        ),
        (
            5.17,
            "environment_reused",
            "the most recently used idle one",
            {**name, "environment": environment, "idle": 5.0},
        ),
        (5.17, "invocation_started", None, name | here),
        (5.19, "invocation_finished", None, name | here | {"duration": 0.02, "billed": 0.02}),
        (5.19, "environment_stopped", "the run ended", {**name, "environment": environment}),
    ]


async def test_requests_at_the_same_time_have_an_environment_each(clock: Clock) -> None:
    """Invoke case 28."""
    with local(clock, function("counting.handler", duration=Duration(1))) as running:
        answers = await together(running, running.answer, running.answer)
        third = await running.answer()
    assert [answer["calls"] for answer in answers] == [1, 1]
    assert len({answer["stream"] for answer in answers}) == 2
    assert third == {"calls": 2, "stream": answers[1]["stream"]}
    inits = [finished.get("init") for finished in running.entries("invocation_finished")]
    assert inits == [0.1, 0.1, None]
    assert clock.time() == pytest.approx(0.1 + 1 + 1)


async def test_the_most_recently_used_environment_is_taken_first(clock: Clock) -> None:
    with local(clock, function("counting.handler", duration=Duration(1))) as running:

        async def later() -> Any:
            await clock.sleep(0.5)
            return await running.answer()

        _, last = await together(running, running.answer, later)
        streams = [(await running.answer())["stream"] for _ in range(3)]
    assert streams == [last["stream"]] * 3


async def test_an_environment_is_stopped_after_ten_idle_minutes_when_somebody_looks(
    clock: Clock,
) -> None:
    """Invoke case 30."""
    with local(clock, function("counting.handler", duration=Duration(0.9))) as running:
        first = await running.answer()
        await clock.sleep(TEN_MINUTES - 0.001)
        second = await running.answer()
        await clock.sleep(TEN_MINUTES + 50)
        third = await running.answer()
    assert [first["calls"], second["calls"], third["calls"]] == [1, 2, 1]
    assert second["stream"] == first["stream"] != third["stream"]
    stopped = [e for e in running.sink.entries if e.kind == "environment_stopped"]
    assert [(e.time, e.because) for e in stopped] == [
        (1251.899, "idle since 601.899 s, and kept for 600 s at the most"),
        (1252.899, "the run ended"),
    ]


async def test_a_declared_duration_is_cut_at_the_timeout(clock: Clock) -> None:
    """Invoke case 8."""
    with local(clock, function(nothing, timeout=1, duration=Duration(1.5))) as running:
        assert await running.answer() == {
            "errorType": "Sandbox.Timedout",
            "errorMessage": "RequestId: r Error: Task timed out after 1.00 seconds",
        }
    assert clock.time() == pytest.approx(1.1)
    (finished,) = running.entries("invocation_finished")
    assert {key: finished[key] for key in ("duration", "billed", "error", "error_type")} == {
        "duration": 1.0,
        "billed": 1.1,
        "error": "Unhandled",
        "error_type": "Sandbox.Timedout",
    }
    assert running.logged == [
        ("f", "2026-01-01T00:00:01.100Z r Task timed out after 1.00 seconds"),
        ("f", ""),
    ]


async def test_a_duration_of_exactly_the_timeout_is_in_time(clock: Clock) -> None:
    with local(clock, function(nothing, timeout=1, duration=Duration(1.0))) as running:
        assert await running.answer() is None


@pytest.mark.parametrize("end", ["timeout", "exit"])
async def test_after_a_timeout_or_an_exit_globals_are_gone_and_the_log_stream_stays(
    clock: Clock, tmp_path: Path, end: str
) -> None:
    """Invoke case 9."""
    (tmp_path / "app.py").write_text(
        "import sys, pathlib\n"
        "calls = 0\n"
        "def handler(event, context):\n"
        "    global calls\n"
        "    calls += 1\n"
        "    kept = pathlib.Path(event['file'])\n"
        "    if event['end']: kept.touch()\n"
        "    if event['end'] == 'exit': sys.exit(1)\n"
        "    return [calls, kept.exists(), context.log_stream_name]\n"
    )
    event = {"end": None, "file": str(tmp_path / "kept")}
    seconds: Any = [0.001]
    duration = Duration(distribution=Empirical(seconds))  # drawn at each call from what is there
    f = function(
        "app.handler", code_uri=str(tmp_path), timeout=1, init_duration=0.4, duration=duration
    )
    with local(clock, f) as running:
        before = [await running.answer(event) for _ in range(2)]
        seconds[0] = 2 if end == "timeout" else 0.001
        assert (await running.invoke(event | {"end": end})).function_error == "Unhandled"
        seconds[0] = 0.001
        after = await running.answer(event)
    assert [answer[0] for answer in before] == [1, 2]
    assert after == [1, True, before[0][2]]
    reset, again = running.entries("environment_reset", "environment_reused")[-2:]
    assert again["environment"] == reset["environment"]
    *_, last = running.entries("invocation_finished")
    assert (last["duration"], last["billed"], "init" in last) == (0.401, 0.401, False)


async def test_a_plain_exception_resets_nothing(clock: Clock) -> None:
    with local(clock, function("answers.raises")) as running:
        await running.invoke()
        await running.invoke()
    assert running.kinds().count("environment_started") == 1
    assert "environment_reset" not in running.kinds()


async def test_initialising_again_counts_against_the_timeout(clock: Clock) -> None:
    f = function("answers.exits", timeout=1, init_duration=2)
    with local(clock, f) as running:
        await running.invoke({"status": 1})
        answer = await running.answer({"status": 1})
    assert answer["errorType"] == "Sandbox.Timedout"
    assert clock.time() == pytest.approx(2.001 + 1)


async def test_a_failed_initialisation_is_tried_again_in_the_invocation_and_by_the_next(
    clock: Clock, tmp_path: Path
) -> None:
    (tmp_path / "app.py").write_text("import missing_dependency\n")
    with local(clock, function("app.handler", code_uri=str(tmp_path))) as running:
        failed = await running.answer()
        (tmp_path / "missing_dependency.py").write_text("")
        (tmp_path / "app.py").write_text(
            "import missing_dependency\ndef handler(e, c): return 'fixed'\n"
        )
        assert await running.answer() == "fixed"
    assert failed["errorType"] == "Runtime.ImportModuleError"
    first, _ = running.entries("invocation_finished")
    assert (first["time"], first["duration"], first["billed"], "init" in first) == (
        0.2,
        0.1,
        0.1,
        False,
    )
    (started,) = running.entries("environment_started")
    assert (started["init"], started["error_type"]) == (0.1, "Runtime.ImportModuleError")


async def test_durations_are_drawn_from_the_functions_own_stream(clock: Clock) -> None:
    f = function(nothing, duration=Duration(distribution=Lognormal(0.02, 0.5)), timeout=60)
    g = function(nothing, "g", duration=Duration(distribution=Lognormal(0.02, 0.5)), timeout=60)
    alone, mixed = [], []
    with local(clock, f) as running:
        for _ in range(4):
            await running.invoke()
        alone = [entry["duration"] for entry in running.entries("invocation_finished")]
    with local(clock, f, g) as running:
        for name in "gfgfggff":
            await running.invoke(name=name)
        mixed = [
            entry["duration"]
            for entry in running.entries("invocation_finished")
            if entry["function"] == "f"
        ]
    assert alone == mixed
    assert len(set(alone)) == 4


async def test_a_measured_duration_is_a_whole_number_of_milliseconds(clock: Clock) -> None:
    with local(clock, function(nothing, duration=Duration(measured=True))) as running:
        await running.invoke()
    (finished,) = running.entries("invocation_finished")
    milliseconds = finished["duration"] * 1000
    assert milliseconds == pytest.approx(round(milliseconds))
    assert milliseconds >= 1


async def test_over_the_accounts_concurrency_is_a_throttle(clock: Clock) -> None:
    f = function(nothing, duration=Duration(1))
    with local(clock, f, settings={"concurrent_executions": 2}) as running:
        *served, refused = await together(running, *[running.invoke] * 3)
        assert (await running.invoke()).status_code == 200
    assert [answer.status_code for answer in served] == [200, 200]
    assert isinstance(refused, TooManyRequests)
    assert (refused.status, refused.message, refused.fields) == (
        429,
        "Rate Exceeded.",
        {"Reason": "ConcurrentInvocationLimitExceeded", "Type": "User"},
    )


async def test_an_invocation_that_is_broken_off_stops_its_environment(clock: Clock) -> None:
    with local(clock, function(nothing, duration=Duration(2))) as running:
        with clock.move_on_at(1):
            await running.invoke()
        await running.invoke()
    stopped = [e for e in running.sink.entries if e.kind == "environment_stopped"]
    assert [(e.time, e.because) for e in stopped] == [
        (1.0, "its invocation was broken off"),
        (3.1, "the run ended"),
    ]


@pytest.mark.parametrize(
    ("name", "qualifier", "arn"),
    [
        ("f", None, f"{ARN}f"),
        ("f", "$LATEST", f"{ARN}f:$LATEST"),
        ("f:$LATEST", None, f"{ARN}f:$LATEST"),
        ("123456789012:function:f", None, f"{ARN}f"),
        ("123456789012:function:f:$LATEST", None, f"{ARN}f:$LATEST"),
        (f"{ARN}f", None, f"{ARN}f"),
        (f"{ARN}f:$LATEST", "$LATEST", f"{ARN}f:$LATEST"),
    ],
)
async def test_a_function_is_found_by_each_form_of_its_name(
    clock: Clock, name: str, qualifier: str | None, arn: str
) -> None:
    f = function(nothing)
    with local(clock, f) as running:
        assert running.environments.find(name, qualifier) == (f, "$LATEST", arn)


@pytest.mark.parametrize(
    ("name", "qualifier", "message"),
    [
        ("doesnotexist", None, f"Function not found: {ARN}doesnotexist:$LATEST"),
        ("f", "7", f"Function not found: {ARN}f:7"),
        (f"{ARN}f:PROD", None, f"Function not found: {ARN}f:PROD"),
        (
            "210987654321:function:f",
            None,
            "Function not found: arn:aws:lambda:us-east-1:210987654321:function:f:$LATEST",
        ),
        (
            "arn:aws:lambda:eu-west-1:123456789012:function:f",
            None,
            "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')",
        ),
    ],
)
async def test_what_is_not_there_is_not_found(
    clock: Clock, name: str, qualifier: str | None, message: str
) -> None:
    with local(clock, function(nothing)) as running, pytest.raises(ResourceNotFound) as refused:
        running.environments.find(name, qualifier)
    assert (refused.value.status, refused.value.message) == (404, message)


async def test_many_cold_starts_leave_no_module_behind(clock: Clock) -> None:
    import gc
    import sys
    from types import ModuleType

    f: Function = function("counting.handler", init_duration=0, code_uri=HANDLERS)
    with local(clock, f, settings={"idle_seconds": 1}) as running:
        for _ in range(50):
            await running.invoke()
            await clock.sleep(2)
        gc.collect()
        left = [
            module
            for module in gc.get_objects()
            if isinstance(module, ModuleType) and module.__name__ == "counting"
        ]
    assert running.kinds().count("environment_started") == 50
    assert len(left) <= 2
    assert "counting" not in sys.modules


async def test_a_target_found_before_an_update_runs_what_the_function_is_now(clock: Clock) -> None:
    """And the environments of the new code are not stopped for it."""
    with local(clock, function(lambda event, context: "old")) as running:
        environments = running.environments
        before, call = environments.find("f"), Call(request().payload, "r", f"{ARN}f")
        environments.update("f", "a test", handler=lambda event, context: "new")
        answers = [
            (await environments.run(target, call)).payload
            for target in (environments.find("f"), before, environments.find("f"))
        ]
    assert answers == [b'"new"'] * 3
    assert running.kinds().count("environment_started") == 1
