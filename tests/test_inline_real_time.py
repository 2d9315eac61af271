"""Laws of inline handlers in real time: a thread of their own, under the Timeout."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from typing import Any

import anyio
import pytest

from eventsim.clock import Clock, RealClock
from eventsim.runtimes import Call, Init
from eventsim.runtimes.inline import InlineRuntimes
from eventsim.types import FunctionError, Payload
from tests.conftest import START
from tests.functions import HANDLERS, function, local

pytestmark = pytest.mark.real_time


async def test_an_overrun_is_reported_at_its_deadline_and_its_late_answer_discarded(
    clock: Clock,
) -> None:
    released = threading.Event()

    def handler(event: Any, context: Any) -> str:
        print("before")
        os.environ["LATE"] = "yes"
        released.wait()
        print("after")
        return "late"

    before = dict(os.environ)
    with local(clock, function(handler, timeout=1)) as running:
        began = time.monotonic()
        answer = await running.answer()
        took = time.monotonic() - began
        assert dict(os.environ) == before
        assert threading.current_thread() is threading.main_thread()
        released.set()
    assert answer == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": "RequestId: r Error: Task timed out after 1.00 seconds",
    }
    assert 1.0 <= took < 2.0
    assert running.logged[0] == ("f", "before")
    assert "after" not in [line for _, line in running.logged]


async def test_a_call_that_overran_is_off_the_stage_at_once(clock: Clock) -> None:
    released = threading.Event()

    def handler(event: Any, context: Any) -> None:
        released.wait()

    f = function(handler, timeout=1)
    runtime = InlineRuntimes(clock)(f)
    await runtime.start(Init(f, "$LATEST", "us-east-1", "group", "stream", "r"))
    outcome = await runtime.invoke(Call(Payload(dict), "r", "arn"))
    assert "AWS_LAMBDA_FUNCTION_NAME" not in os.environ
    released.set()
    assert (outcome.error, outcome.duration) == (
        FunctionError(
            "Sandbox.Timedout", "RequestId: r Error: Task timed out after 1.00 seconds", fatal=True
        ),
        1,
    )


async def test_the_next_call_does_not_wait_for_one_that_overran(clock: Clock) -> None:
    calls = []

    def handler(event: Any, context: Any) -> str:
        calls.append(event)
        if event == "slow":
            time.sleep(1.5)
        return sys.stdout.encoding

    with local(clock, function(handler, timeout=1)) as running:
        await running.invoke("slow")
        assert await running.answer("quick") == "utf-8"
        assert running.kinds().count("environment_reset") == 1


async def test_a_loop_that_never_ends_is_ended_at_the_timeout(clock: Clock) -> None:
    ended = threading.Event()

    def handler(event: Any, context: Any) -> None:
        try:
            while True:
                pass
        finally:
            ended.set()

    with local(clock, function(handler, timeout=1)) as running:
        answer = await running.answer()
    assert answer["errorType"] == "Sandbox.Timedout"
    assert await anyio.to_thread.run_sync(ended.wait, 5)


async def test_the_duration_is_measured_and_speed_does_not_change_it() -> None:
    def handler(event: Any, context: Any) -> None:
        time.sleep(0.02)

    clock = RealClock(START, speed=60)
    with local(clock, function(handler, timeout=1)) as running:
        await running.invoke()
    (finished,) = running.entries("invocation_finished")
    assert 0.02 <= finished["duration"] < 0.5


async def test_calls_take_turns_and_their_wait_is_not_part_of_their_time(clock: Clock) -> None:
    running_now: list[int] = []
    most: list[int] = []

    def handler(event: Any, context: Any) -> int:
        running_now.append(1)
        most.append(len(running_now))
        time.sleep(0.4)
        running_now.pop()
        return context.get_remaining_time_in_millis()  # type: ignore[no-any-return]  # the context is untyped

    remaining: list[int] = []

    async def call() -> None:
        remaining.append(await running.answer())

    with local(clock, function(handler, timeout=1)) as running:
        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(call)
    assert max(most) == 1
    assert all(300 < left <= 600 for left in remaining)


async def test_what_the_process_prints_meanwhile_is_its_own(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    started, printed = threading.Event(), threading.Event()

    def handler(event: Any, context: Any) -> None:
        print("the handler's")
        started.set()
        printed.wait(5)

    async def print_meanwhile() -> None:
        while not started.is_set():
            await anyio.sleep(0.01)
        print("the process's own")
        printed.set()

    with local(clock, function(handler)) as running:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(print_meanwhile)
            await running.invoke()
    assert capsys.readouterr().out == "the process's own\n"
    assert running.logged == [("f", "the handler's")]


async def test_a_handler_runs_an_event_loop_of_its_own_in_its_thread(clock: Clock) -> None:
    with local(clock, function("answers.runs_a_loop")) as running:
        assert await running.answer() is True


async def test_a_handler_finds_a_current_loop_whatever_the_others_do_to_theirs(
    clock: Clock,
) -> None:
    asks, runs = function("answers.asks_for_the_loop"), function("answers.runs_a_loop", "g")
    before = asyncio.get_event_loop_policy()
    with local(clock, asks, runs) as running:
        answers = [await running.answer(1, name=name) for name in "gfgf"]
    assert answers == [True, [True, 1], True, [True, 1]]
    assert asyncio.get_event_loop_policy() is before


async def test_a_module_is_imported_afresh_after_a_timeout(clock: Clock) -> None:
    slow = function("slow.handler", timeout=1, code_uri=HANDLERS)
    with local(clock, slow) as running:
        first = await running.answer({"sleep": 0})
        await running.invoke({"sleep": 1.2})
        again = await running.answer({"sleep": 0})
    assert first == again == {"calls": 1, "stream": first["stream"]}
