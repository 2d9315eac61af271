"""The load step of a timeline, and what it reproduces of AWS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eventsim import EventsimError, Options, Scenario, ScenarioError, load, run
from eventsim.journal.sinks import MemorySink

SCENARIOS = Path(__file__).parent.parent / "scenarios"
MODEL = {
    "run_in": "model",
    "Timeout": 2,
    "duration": {"exponential": {"mean": "500ms"}},
    "init_duration": {"uniform": {"low": "100ms", "high": "200ms"}},
    "errors": "2%",
    "crashes": "1%",
}
LOAD = {"at": "5s", "load": "f", "rate": "2/s", "arrivals": "poisson", "for": "20m"}

# Requests a second, and what AWS did: the part of cold starts, environments on average.
MEASURED = {
    "r1": (0.342988, 0.674194),
    "r2": (0.145431, 0.779471),
    "r3": (0.079480, 0.945903),
    "r4": (0.033821, 1.129084),
    "r5": (0.0085421, 2.113582),
    "r6": (0.0056585, 2.888801),
    "r7": (0.0029395, 4.421763),
    "r8": (0.0019133, 5.694201),
    "r9": (0.0017512, 6.927720),
    "r10": (0.0015134, 7.869841),
}


def scenario(*steps: dict[str, Any], **function: Any) -> Scenario:
    return Scenario.of(
        {"name": "load", "functions": {"f": MODEL | function}, "timeline": list(steps)}
    )


def finished(loaded: Scenario, **options: Any) -> list[dict[str, Any]]:
    """Every ``load_finished`` of a run, with its time."""
    sink = MemorySink()
    run(loaded, Options(sinks=[sink], **options))
    return [
        {"time": entry.time, **entry.fields}
        for entry in sink.entries
        if entry.kind == "load_finished"
    ]


def latencies(loaded: Scenario) -> dict[str, float]:
    """How long the requests took that were served, from what is told of each."""
    sink, asked, took = MemorySink(), dict[str, float](), list[float]()
    run(loaded, Options(sinks=[sink]))
    for entry in sink.entries:
        if entry.kind == "invocation_requested":
            asked[entry.fields["request_id"]] = entry.time
        elif entry.kind == "invocation_finished":
            took.append(entry.time - asked[entry.fields["request_id"]])
    took.sort()
    found = {f"p{percent}": took[round(len(took) * percent / 100) - 1] for percent in (50, 95, 99)}
    return {"mean": sum(took) / len(took), **found, "max": took[-1]}


def test_totals_are_those_of_each_request() -> None:
    (each,) = finished(scenario(LOAD))
    (totals,) = finished(scenario(LOAD | {"entries": "totals"}))

    assert (totals.pop("memory_size"), totals.pop("architecture")) == (128, "x86_64")
    assert totals.pop("latency") is not None
    assert each.pop("entries") == "each"
    assert totals.pop("entries") == "totals"
    assert totals.pop("function") == each.pop("function") == "f"
    assert totals == pytest.approx(each, abs=0.01)
    assert each["requests"] > 2_000
    assert each["timeouts"] > 10


def test_totals_tell_how_long_requests_took_with_their_cold_starts() -> None:
    cold = {"init_duration": "5s"}
    (totals,) = finished(scenario(LOAD | {"entries": "totals"}, **cold))
    (none,) = finished(scenario(LOAD | {"entries": "totals"}, ReservedConcurrentExecutions=0))

    assert totals["latency"] == pytest.approx(latencies(scenario(LOAD, **cold)), rel=0.002)
    assert totals["latency"]["max"] > 5
    assert none["latency"] is None


def test_the_summary_counts_a_load_of_which_only_totals_are_told() -> None:
    each = run(scenario(LOAD)).counts
    totals = run(scenario(LOAD | {"entries": "totals"})).counts

    for name in ("invocations", "errors", "throttles", "cold_starts"):
        assert totals[name] == each[name]
    for name in ("duration_seconds", "billed_seconds"):
        assert totals["functions"]["f"][name] == pytest.approx(each["functions"]["f"][name])
    for name in ("cost", "gb_seconds"):
        assert totals["functions"]["f"][name] == pytest.approx(each["functions"]["f"][name])
        assert totals["functions"]["f"][name] > 0


def test_ten_measured_loads_come_out_as_on_aws_with_no_fitted_number() -> None:
    measured = load(SCENARIOS / "aws-measured.yaml")
    of_cold, of_environments = [], []
    for seed in range(5):
        for found in finished(measured, seed=seed):
            cold, environments = MEASURED[found["function"]]
            of_cold.append(abs(found["cold_part"] / cold - 1))
            of_environments.append(abs(found["environments"] / environments - 1))

    assert len(of_cold) == 5 * len(MEASURED)
    assert sum(of_environments) / len(of_environments) <= 0.05
    assert sum(of_cold) / len(of_cold) <= 0.16


def test_a_load_runs_in_real_time_too(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("def handler(event, context):\n    return event\n")
    step = {"at": "0s", "load": "f", "rate": "50/s", "for": "200ms", "payload": {"id": 1}}
    loaded = Scenario.of(
        {
            "name": "load",
            "time": "real",
            "functions": {"f": {"Handler": "app.handler"}},
            "timeline": [step],
        },
        tmp_path,
    )

    (found,) = finished(loaded)

    assert found["requests"] == 10
    assert found["errors"] == found["refused"] == 0


@pytest.mark.parametrize(
    ("step", "fault"),
    [
        ({"rate": "0/s"}, "timeline[0].rate: is 0/s; it must be more than 0"),
        ({"rate": "-1/s"}, "timeline[0].rate: is '-1/s'; write a rate such as 0.9/s, 30/m or 5/h"),
        ({"rate": 5}, "timeline[0].rate: is 5; write a rate such as 0.9/s, 30/m or 5/h"),
        ({"load": "g"}, "timeline[0].load: is 'g', which is no function of the scenario"),
        ({"for": "0s"}, "timeline[0].for: is no time at all; write how long requests arrive"),
        (
            {"arrivals": "bursts"},
            "timeline[0].arrivals: is 'bursts'; it must be one of constant, poisson",
        ),
    ],
)
def test_a_step_that_cannot_be_is_refused(step: dict[str, Any], fault: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        scenario(LOAD | step)

    assert fault in str(caught.value)


def test_totals_of_a_function_with_code_are_refused(tmp_path: Path) -> None:
    values = {
        "name": "load",
        "functions": {"f": {"Handler": "app.handler"}},
        "timeline": [LOAD | {"entries": "totals"}],
    }

    with pytest.raises(EventsimError, match="'f' is not run_in: model"):
        run(Scenario.of(values, tmp_path))


def test_totals_of_a_function_that_a_mapping_invokes_are_refused() -> None:
    event = {"Type": "Kinesis", "Properties": {"Stream": "s", "StartingPosition": "LATEST"}}
    values = {
        "name": "load",
        "resources": {"s": {"type": "kinesis"}},
        "functions": {"f": MODEL | {"Events": {"S": event}}},
        "timeline": [LOAD | {"entries": "totals"}],
    }

    with pytest.raises(EventsimError, match="f has an event source mapping"):
        run(Scenario.of(values))
