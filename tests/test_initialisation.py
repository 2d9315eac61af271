"""An initialisation has ten seconds of its own, and is tried again within the invocation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eventsim.clock import Clock
from eventsim.rules.profiles import IN_2017, TODAY, Profile
from eventsim.types import Duration
from tests.functions import function, local


def nothing(event: Any, context: Any) -> None:
    """Return at once."""


async def logged(running: Any) -> str:
    """What the function's next invocation logs, as LogType Tail answers."""
    import base64

    result = await running.invoke(log_type="Tail")
    return base64.b64decode(result.log_result).decode()


async def test_an_init_over_ten_seconds_is_repeated_within_the_invocation(clock: Clock) -> None:
    """Invoke case 43: init of 12 s under a Timeout of 20 s."""
    f = function(nothing, timeout=20, init_duration=12.0, duration=Duration(0.5))
    with local(clock, f) as running:
        log = await logged(running)
    assert running.logged[0] == (
        "f",
        "INIT_REPORT Init Duration: 10000.00 ms\tPhase: init\tStatus: timeout",
    )
    assert log.endswith(
        "\tDuration: 12500.00 ms\tBilled Duration: 12500 ms\tMemory Size: 128 MB\t"
        "Max Memory Used: 128 MB\t\n"
    )
    (started,) = running.entries("environment_started")
    (finished,) = running.entries("invocation_finished")
    assert (started["time"], started["init"], started["error_type"]) == (
        10.0,
        10.0,
        "Sandbox.Timedout",
    )
    assert (finished["time"], finished["duration"]) == (22.5, 12.5)


async def test_an_init_that_takes_longer_than_the_timeout_never_succeeds(clock: Clock) -> None:
    """Invoke case 43: the same under a Timeout of 3 s, again and again."""
    with local(clock, function(nothing, timeout=3, init_duration=12.0)) as running:
        answers = [await running.answer() for _ in range(2)]
    assert [answer["errorType"] for answer in answers] == ["Sandbox.Timedout"] * 2
    assert [entry["time"] for entry in running.entries("invocation_finished")] == [13.0, 16.0]


async def test_an_init_that_fails_is_told_of_twice(clock: Clock, tmp_path: Path) -> None:
    """Invoke case 11: what is wrong has no request id; the first phase and the second say so."""
    (tmp_path / "app.py").write_text("raise ValueError('at import')\n")
    with local(clock, function("app.handler", code_uri=str(tmp_path))) as running:
        answer = await running.answer()
    reports = [line for _, line in running.logged if line.startswith("INIT_REPORT")]
    assert [line.split("\t")[1:] for line in reports] == [
        [f"Phase: {phase}", "Status: error", "Error Type: ValueError"]
        for phase in ("init", "invoke")
    ]
    assert (answer["errorType"], answer["requestId"]) == ("ValueError", "")


@pytest.mark.parametrize(
    ("profile", "time", "because"),
    [
        (TODAY, 0.1, "no environment was idle"),
        (IN_2017, 10.1, "no environment was idle; 10 s for its network interface"),
    ],
)
async def test_a_vpc_costs_a_cold_start_ten_seconds_in_2017(
    clock: Clock, profile: Profile, time: float, because: str
) -> None:
    f = function(nothing, in_vpc=True, duration=Duration(0.0))
    with local(clock, f, settings={"profile": profile}) as running:
        await running.invoke()
        await running.invoke()
    started = [e for e in running.sink.entries if e.kind == "environment_started"]
    assert [(e.time, e.because, e.fields["init"]) for e in started] == [(time, because, 0.1)]
    assert [e["billed"] for e in running.entries("invocation_finished")] == [
        0.1 if profile is TODAY else 0.0,
        0.0,
    ]


async def test_a_package_is_downloaded_before_the_init(clock: Clock) -> None:
    f = function(nothing, package_bytes=50_000_000, duration=Duration(0.0))
    with local(clock, f) as running:
        await running.invoke()
    (started,) = (e for e in running.sink.entries if e.kind == "environment_started")
    assert (started.time, started.because) == (
        0.6,
        "no environment was idle; 0.5 s for the download of its package",
    )


async def test_the_2017_profile_bills_steps_of_100_ms_without_the_init(clock: Clock) -> None:
    """Invoke case 42, through the driver."""
    f = function(nothing, init_duration=0.57807, duration=Duration(5.0), timeout=10)
    billed = []
    for profile in (TODAY, IN_2017):
        with local(clock, f, settings={"profile": profile}) as running:
            await running.invoke()
            log = await logged(running)
            billed.append([e["billed"] for e in running.entries("invocation_finished")])
            assert f"Billed Duration: {5000} ms" in log
    assert billed == [[5.579, 5.0], [5.0, 5.0]]


async def test_an_answer_of_the_init_phase_is_json(clock: Clock) -> None:
    with local(clock, function("no_module.handler")) as running:
        answer = json.loads((await running.invoke()).payload)
    assert list(answer) == ["errorMessage", "errorType", "requestId", "stackTrace"]
