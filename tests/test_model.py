"""Functions without code, in the environments of a run and in the words of a scenario."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eventsim import EventsimError, Options, Scenario, ScenarioError, run
from eventsim.journal.sinks import MemorySink
from eventsim.types import (
    Duration,
    Empirical,
    Exponential,
    Function,
    Gamma,
    Lognormal,
    Uniform,
)

EVENT = {
    "Type": "Kinesis",
    "Properties": {
        "Stream": "orders",
        "StartingPosition": "TRIM_HORIZON",
        "BatchSize": 1,
        "MaximumRetryAttempts": 2,
    },
}
LINES = (
    "REPORT RequestId: a\tDuration: 30.00 ms\tBilled Duration: 81 ms\tMemory Size: 128 MB\t"
    "Max Memory Used: 36 MB\tInit Duration: 50.00 ms\t\n"
    "REPORT RequestId: b\tDuration: 10.00 ms\tBilled Duration: 10 ms\t\n"
)


def scenario(folder: Path | str = ".", **function: Any) -> Scenario:
    values = {"name": "model", "functions": {"f": {"run_in": "model"} | function}}
    return Scenario.of(values, folder)


def value(folder: Path | str = ".", **function: Any) -> Function:
    (found,) = scenario(folder, **function).function_values()
    return found


def polled(**function: Any) -> tuple[dict[str, Any], MemorySink]:
    """A run in which *function* takes 200 records, one by one: its counts, and its entries."""
    records = [{"key": "a", "data": {"id": number}} for number in range(200)]
    sink = MemorySink()
    values = {
        "name": "model",
        "resources": {"orders": {"type": "kinesis"}},
        "functions": {"f": {"run_in": "model", "Events": {"Orders": EVENT}} | function},
        "timeline": [{"at": "0s", "put": "orders", "records": records}],
    }
    return run(Scenario.of(values), Options(sinks=[sink])).counts, sink


def finished(sink: MemorySink) -> list[dict[str, Any]]:
    return [entry.fields for entry in sink.entries if entry.kind == "invocation_finished"]


def test_a_mapping_delivers_to_a_function_without_code() -> None:
    counts, sink = polled(duration={"uniform": {"low": "10ms", "high": "20ms"}})

    assert (counts["records"]["delivered"], counts["errors"]) == (200, 0)
    assert all(0.01 <= each["duration"] <= 0.02 for each in finished(sink))
    assert len({each["duration"] for each in finished(sink)}) > 150


def test_errors_and_crashes_are_what_they_are_on_lambda() -> None:
    """Invoke cases 2 and 10, drawn."""
    counts, sink = polled(errors="20%", crashes="10%")
    kinds = [each.get("error_type") for each in finished(sink)]

    assert set(kinds) == {None, "ModelError", "Runtime.ExitError"}
    assert counts["errors"] == sum(kind is not None for kind in kinds)
    assert kinds.count("ModelError") / len(kinds) == pytest.approx(0.2, abs=0.08)
    assert kinds.count("Runtime.ExitError") / len(kinds) == pytest.approx(0.1, abs=0.06)
    resets = sum(entry.kind == "environment_reset" for entry in sink.entries)
    assert resets == kinds.count("Runtime.ExitError")
    assert counts["cold_starts"] == 1


def test_a_duration_beyond_timeout_ends_there() -> None:
    """Invoke case 8, drawn."""
    _, sink = polled(Timeout=1, duration={"empirical": ["10ms", "5s"]})

    assert {each["duration"] for each in finished(sink) if "error" not in each} >= {0.01}
    timed_out = [each for each in finished(sink) if "error" in each]
    assert {each["error_type"] for each in timed_out} == {"Sandbox.Timedout"}
    assert {each["duration"] for each in timed_out} == {1}


def test_a_cold_start_is_drawn_too() -> None:
    sink = MemorySink()
    load = {"at": "0s", "load": "f", "rate": "20/s", "for": "5s", "arrivals": "poisson"}
    values = {
        "name": "model",
        "functions": {
            "f": {
                "run_in": "model",
                "duration": "200ms",
                "init_duration": {"uniform": {"low": "100ms", "high": "300ms"}},
            }
        },
        "timeline": [load],
    }
    run(Scenario.of(values), Options(sinks=[sink]))
    inits = [entry.fields["init"] for entry in sink.entries if entry.kind == "environment_started"]

    assert len(set(inits)) == len(inits) > 3
    assert all(0.1 <= init <= 0.3 for init in inits)


def test_one_seed_gives_one_run() -> None:
    function = {"errors": "20%", "duration": {"exponential": {"mean": "20ms"}}}

    (_, one), (_, again) = polled(**function), polled(**function)

    assert one.entries == again.entries


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("20ms", Duration(0.02)),
        ({"exponential": {"mean": "2s"}}, Duration(distribution=Exponential(2))),
        (
            {"lognormal": {"median": "20ms", "sigma": 0.3}},
            Duration(distribution=Lognormal(0.02, 0.3)),
        ),
        ({"uniform": {"low": "1s", "high": "2s"}}, Duration(distribution=Uniform(1, 2))),
        ({"gamma": {"mean": "1s", "shape": 4}}, Duration(distribution=Gamma(1, 4))),
        ({"empirical": ["1s", "20ms"]}, Duration(distribution=Empirical((1, 0.02)))),
    ],
    ids=str,
)
def test_a_duration_is_a_constant_or_a_distribution_by_its_name(
    written: Any, meant: Duration
) -> None:
    function = value(duration=written)

    assert function.duration == meant
    if isinstance(written, dict):
        assert value(init_duration=written).init_duration == meant


def test_durations_can_be_those_of_recorded_report_lines(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text(LINES)

    function = value(
        tmp_path, duration={"recorded": "log.txt"}, init_duration={"recorded": "log.txt"}
    )

    assert function.duration == Duration(distribution=Empirical((0.03, 0.01)))
    assert function.init_duration == Duration(distribution=Empirical((0.05,)))


def test_a_function_without_code_may_say_what_it_stands_for() -> None:
    function = value(Handler="app.handler", Timeout=9, errors="1%", crashes="0.5%")

    assert (function.handler, function.timeout, function.run_in) == ("app.handler", 9, "model")
    assert (function.error_rate, function.crash_rate) == (0.01, 0.005)


@pytest.mark.parametrize(
    ("function", "fault"),
    [
        ({"errors": 0.01}, ".errors: is 0.01; write a percentage such as 1% or 0.5%"),
        ({"errors": "101%"}, ".errors: is 101%; it must be at most 100%"),
        ({"errors": "60%", "crashes": "60%"}, ".crashes: and errors are over 100% together"),
        ({"run_in": "inline", "Handler": "a.b", "errors": "1%"},
         ".errors: is for run_in: model, which runs no code"),
        ({"run_in": "inline"}, "no Handler in functions.f; write Handler: orders.handler"),
        ({"duration": "measured"}, ".duration: is measured, and run_in: model runs nothing"),
        ({"async_handler": True}, ".async_handler: is for functions that run code"),
        ({"duration": {"uniform": {"low": "2s", "high": "1s"}}},
         ".duration.uniform.high: is less than low"),
        ({"duration": {"exponential": {"mean": "1s"}, "empirical": ["1s"]}},
         ".duration: names 2 distributions; write one of exponential, lognormal, uniform, gamma"),
        ({"duration": {}}, ".duration: names 0 distributions"),
        ({"duration": {"weibull": {}}}, "unknown key 'weibull' in functions.f.duration"),
        ({"duration": {"empirical": []}}, ".duration.empirical"),
        ({"duration": {"gamma": None}}, ".duration: is empty; write its settings"),
        ({"duration": {"recorded": "no.txt"}},
         ".duration.recorded: is 'no.txt', which is not there"),
        ({"duration": {"recorded": "../no.txt"}},
         ".duration.recorded: is '../no.txt', which leads out of the project folder"),
        ({"duration": {"recorded": "empty.txt"}},
         ".duration.recorded: is 'empty.txt', which has no REPORT line"),
        ({"init_duration": {"recorded": "warm.txt"}},
         ".init_duration.recorded: is 'warm.txt', which has no REPORT line with an Init Duration"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(tmp_path: Path, function: dict[str, Any], fault: str) -> None:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "empty.txt").write_text("nothing\n")
    (tmp_path / "warm.txt").write_text(LINES.splitlines()[1])

    with pytest.raises(ScenarioError) as caught:
        scenario(tmp_path, **function)

    assert fault in str(caught.value)


def test_durations_that_are_only_declared_cannot_pass_in_real_time() -> None:
    step = {"at": "0s", "load": "f", "rate": "10/s", "for": "1s"}
    values = {"name": "model", "functions": {"f": {"run_in": "model"}}, "timeline": [step]}

    with pytest.raises(EventsimError, match="run_in: model only has declared durations"):
        run(Scenario.of(values), Options(time="real"))
