"""A scenario under load in virtual time: against theory, and what it counts."""

from __future__ import annotations

import io
import math
import re
from pathlib import Path
from typing import Any

import anyio
import pytest

from eventsim import EventsimError, Options, Scenario, registry
from eventsim.journal.sinks import JsonLinesSink, MemorySink
from eventsim.recordings import Header, RecordedRecord, jsonl
from eventsim.rules.arrivals import Share
from eventsim.rules.measured import Measured
from eventsim.simulation.loading import Loading
from eventsim.types import InvokeRequest, InvokeResult

MODEL: dict[str, Any] = {"run_in": "model", "Timeout": 60, "init_duration": "0ms"}
SEEDS = range(6)
T_95 = 2.571  # Student's t of five degrees of freedom


def loading(folder: Path | str = ".", **values: Any) -> Loading:
    """A load whose ``load`` and ``f`` are those of *values*, with the seed among them."""
    seed, share = values.pop("seed", None), values.pop("share", Share())
    function, load = values.pop("function", {}), values.pop("load")
    document = {"name": "load", "functions": {"f": MODEL | function}, "load": load, **values}
    scenario = Scenario.of(document, folder)
    return Loading(scenario, Options(seed=seed), share=share)


def measured(folder: Path | str = ".", **values: Any) -> Measured:
    found = loading(folder, **values)
    found.run()
    return found.measured


def interval(values: list[float]) -> tuple[float, float]:
    """The mean of independent runs, and the half of its 95 % confidence interval."""
    mean = sum(values) / len(values)
    variance = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
    return mean, T_95 * math.sqrt(variance / len(values))


def erlang_b(offered: float, servers: int) -> float:
    """How many of the requests find every server busy."""
    blocked = 1.0
    for number in range(1, servers + 1):
        blocked = offered * blocked / (number + offered * blocked)
    return blocked


@pytest.mark.parametrize("duration", [{"exponential": {"mean": "1s"}}, "1s"])
def test_rejections_under_reserved_concurrency_are_erlang_b(duration: Any) -> None:
    function = {"duration": duration, "ReservedConcurrentExecutions": 6}
    load = {"rate": "5/s", "for": "4m", "warm_up": "20s", "arrivals": "poisson"}

    found = [measured(function=function, load=load, seed=seed) for seed in SEEDS]

    mean, half = interval([each.counts["throttles"] / each.requests for each in found])
    assert half < 0.03
    assert abs(mean - erlang_b(5.0, 6)) <= half
    assert all(each.errors["TooManyRequestsException"] == each.errors.total() for each in found)


def test_environments_at_work_are_those_of_infinitely_many_servers() -> None:
    function = {"duration": {"exponential": {"mean": "500ms"}}}
    load = {"rate": "20/s", "for": "90s", "warm_up": "10s", "arrivals": "poisson"}

    found = [measured(function=function, load=load, seed=seed) for seed in SEEDS]

    mean, half = interval([each.figure("concurrency") or 0.0 for each in found])
    assert half < 0.6
    assert abs(mean - 20 * 0.5) <= half
    latency, half = interval([each.figure("mean") or 0.0 for each in found])
    assert abs(latency - 0.5) <= half < 0.04


def test_the_same_seed_gives_the_same_report_byte_for_byte(tmp_path: Path) -> None:
    values: dict[str, Any] = {
        "function": {"duration": {"lognormal": {"median": "20ms", "sigma": 1}}, "errors": "5%"},
        "load": {
            "rate": "5/s to 100/s for 10s",
            "arrivals": "poisson",
            "push": "sns",
            "type": "RequestResponse",
            "vary": {"Message": ["a", "b"]},
        },
    }

    def journal(name: str, seed: int) -> bytes:
        scenario, path = loading(**values).scenario, tmp_path / name
        Loading(scenario, Options(seed=seed, sinks=[JsonLinesSink(path)])).run()
        return path.read_bytes()

    one = journal("a.jsonl", 3)
    assert one == journal("b.jsonl", 3)
    assert one != journal("c.jsonl", 4)
    assert b'"kind":"load_measured"' in one


def test_shares_are_together_the_whole_load() -> None:
    values: dict[str, Any] = {
        "function": {"duration": "100ms"},
        "load": {"rate": "10/s to 100/s for 20s", "warm_up": "3s"},
    }
    whole = measured(**values)

    parts = [measured(**values, share=Share(part, 3)) for part in range(3)]

    merged = parts[0].merge(parts[1]).merge(parts[2])
    assert merged.requests == whole.requests
    assert merged.times["lateness"] == whole.times["lateness"]
    assert [point.sent for _, point in sorted(merged.series.items())] == [
        point.sent for _, point in sorted(whole.series.items())
    ]


def test_shares_of_random_arrivals_draw_from_streams_of_their_own() -> None:
    values: dict[str, Any] = {"load": {"rate": "50/s", "for": "20s", "arrivals": "poisson"}}

    parts = [measured(**values, share=Share(part, 2)) for part in range(2)]

    sent = [[point.sent for _, point in sorted(part.series.items())] for part in parts]
    assert sent[0] != sent[1]
    assert 850 < sum(part.requests for part in parts) < 1_150


def test_a_load_follows_the_arrivals_of_a_recording(tmp_path: Path) -> None:
    records = [RecordedRecord(1e9 + at, "k", b"{}") for at in (0.0, 4.0, 4.0, 20.0)]
    jsonl.write(tmp_path / "r.jsonl", Header("kinesis"), records)
    load = {"arrivals": {"recording": "r.jsonl", "speed": 2}}

    found = measured(tmp_path, function={"duration": "1s"}, load=load)

    assert {number: point.sent for number, point in found.series.items() if point.sent} == {
        0: 1,
        2: 2,
        10: 1,
    }
    assert found.seconds == 10.0


def test_a_load_follows_counts_per_minute(tmp_path: Path) -> None:
    (tmp_path / "counts.txt").write_text("# a quiet start\n6\n0\n60\n")

    found = measured(tmp_path, load={"arrivals": {"trace": "counts.txt", "speed": 60}})

    assert found.seconds == 3.0
    assert {number: point.sent for number, point in found.series.items()} == {0: 6, 2: 60}


def test_what_becomes_of_requests_is_counted_by_its_type() -> None:
    function = {"duration": "2s", "errors": "10%", "Timeout": 1, "ReservedConcurrentExecutions": 8}

    found = measured(function=function, load={"rate": "10/s", "for": "30s"})

    assert found.errors.keys() == {"Sandbox.Timedout", "TooManyRequestsException"}
    assert found.counts["timeouts"] == found.failures["Sandbox.Timedout"]
    assert found.counts["throttles"] == found.errors["TooManyRequestsException"]
    assert found.errors.total() == found.requests == 300
    assert found.figure("concurrency_peak") == 8.0


def test_cold_starts_and_bills_are_those_of_the_journal() -> None:
    function = {"duration": "100ms", "init_duration": "250ms", "MemorySize": 512}

    found = measured(function=function, load={"rate": "10/s", "for": "10s"})

    assert found.figure("cold_starts") == 4  # three more come while the first initialises
    assert found.figure("init_max") == 0.25
    assert found.counts["billed"] == 100 * 100 + 4 * 250
    assert found.memory == {"x86_64": (100 * 100 + 4 * 250) * 512}
    assert found.figure("max") == 0.35


def test_a_threshold_that_fails_ends_the_load_if_that_is_asked_for() -> None:
    load = {"rate": "50/s", "for": "1h", "thresholds": ["errors < 1%"], "abort": True}
    found = loading(function={"errors": "10%"}, load=load)

    found.run()

    assert found.aborted == "errors < 1%"
    assert not found.ok
    assert (found.measured.requests, found.measured.seconds) == (751, 15.0)


def test_thresholds_and_expectations_decide_whether_it_is_ok() -> None:
    load = {"rate": "5/s", "for": "2s", "thresholds": ["p99 < 250ms", "errors < 1"]}
    expect = [{"entry": "invocation_finished", "count": 10}]
    kept = loading(load=load, expect=expect)
    broken = loading(load=load, expect=[{"entry": "invocation_finished", "count": 11}])
    slow = loading(load=load, function={"duration": "1s"})

    for each in (kept, broken, slow):
        each.run()

    assert (kept.ok, broken.ok, slow.ok) == (True, False, False)
    assert [verdict.passed for verdict in slow.verdicts] == [False, True]


def test_a_load_without_one_good_answer_is_not_ok() -> None:
    found = loading(function={"errors": "100%"}, load={"rate": "5/s", "for": "2s"})

    found.run()

    assert not found.ok


class Stalling:
    """Answers in 10 ms, but in the first second of every ten not before it is over."""

    async def invoke(self, request: InvokeRequest) -> InvokeResult:
        await anyio.sleep(0.01 + max(0.0, 1.0 - anyio.current_time() % 10))
        return InvokeResult(200)


def report_on(load: dict[str, Any]) -> tuple[str, Measured]:
    """A load on what stalls, in words and as a value."""
    sink, out = MemorySink(), io.StringIO()
    scenario = loading(load=load | {"for": "100s"}).scenario
    found = Loading(scenario, Options(invoker=Stalling(), sinks=[sink]))
    found.run()
    registry.load("reports", "load").write(sink.entries, out)
    return " ".join(out.getvalue().split()), found.measured


def test_a_stall_shows_in_an_open_load_and_the_report_on_a_closed_one_says_that_it_does_not() -> (
    None
):
    told, opened = report_on({"rate": "100/s"})
    told_of_closed, closed = report_on({"in_flight": 1})

    assert opened.figure("p99") == pytest.approx(0.91, rel=0.01)
    assert "stalled" not in told
    assert closed.figure("p99") == pytest.approx(0.01, rel=0.01)
    assert closed.figure("max") == pytest.approx(1.01, rel=0.01)
    said = re.search(r"the target stalled .*? measures", told_of_closed)
    assert said is not None
    assert re.sub("About [0-9,]+", "About so many", said[0]) == (
        "the target stalled for 1.01 s, and while it did nothing was sent: the percentiles count "
        "that once for each sender. About so many requests would have come meanwhile; with them "
        "p99 would be 0.91 s instead of 0.01 s, which only an open load measures"
    )


def test_the_timeline_goes_on_beside_the_load() -> None:
    timeline = [{"at": "2s", "throttle": "f", "for": "3s"}]

    found = measured(timeline=timeline, load={"rate": "10/s", "for": "10s"})

    assert found.counts["throttles"] == 30
    assert [point.errors for _, point in sorted(found.series.items())][2:5] == [10, 10, 10]


def test_asynchronous_events_are_answered_when_they_have_succeeded() -> None:
    function = {"duration": "1s", "errors": "30%"}
    load = {"rate": "2/s", "for": "60s", "type": "Event", "drain": "10m"}

    found = measured(function=function, load=load)

    assert found.counts["answered"] == found.requests == 120
    assert found.errors.keys() == {"RetriesExhausted"}
    assert found.errors.total() == pytest.approx(120 * 0.3**3, abs=5)
    assert found.figure("p50") == pytest.approx(1.0, rel=0.001)
    assert found.figure("max") == pytest.approx(60 + 120 + 3, abs=4)


def test_what_has_no_answer_when_the_load_ends_is_told() -> None:
    found = measured(
        function={"errors": "100%"}, load={"rate": "1/s", "for": "5s", "type": "Event"}
    )

    assert (found.counts["answered"], found.counts["unanswered"]) == (0, 5)


def test_events_of_a_source_are_built_one_by_one_and_drawn() -> None:
    payloads = list[Any]()

    def handler(event: Any, context: Any) -> None:
        payloads.append(event["Records"][0])

    function = {"Handler": handler, "run_in": "inline", "duration": "10ms"}
    load = {
        "push": "s3",
        "with": {"bucket": "photos"},
        "type": "RequestResponse",
        "vary": {"object.size": {"least": 1, "most": 9}, "object.key": [1, "b"]},
        "rate": "10/s",
        "for": "5s",
    }

    measured(function=function, load=load)

    assert len(payloads) == 50
    assert {each["s3"]["bucket"]["name"] for each in payloads} == {"photos"}
    assert {each["s3"]["object"]["size"] for each in payloads} == set(range(1, 10))
    assert {each["s3"]["object"]["key"] for each in payloads} == {"1", "b"}
    assert len({each["responseElements"]["x-amz-request-id"] for each in payloads}) == 50
    assert len({each["eventTime"] for each in payloads}) == 50


def test_recorded_events_are_sent_in_turn_and_again(tmp_path: Path) -> None:
    got = list[Any]()
    records = [RecordedRecord(1e9, "", b'{"id": %d}' % number) for number in range(3)]
    jsonl.write(tmp_path / "r.jsonl", Header("lambda"), records)
    function = {"Handler": lambda event, context: got.append(event["id"]), "run_in": "inline"}

    measured(
        tmp_path,
        function=function | {"duration": "1ms"},
        load={"from": "r.jsonl", "rate": "1/s", "for": "7s"},
    )

    assert got == [0, 1, 2, 0, 1, 2, 0]


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"load": {"rate": "5/s"}}, "for how long? write --for 30s"),
        ({"load": {"in_flight": 5}}, "for how long? write --for 30s"),
        ({"load": {"for": "5s"}}, "how fast? write --rate 200/s, or --in-flight 10"),
        (
            {"load": {"in_flight": 5, "for": "1s", "push": "sns"}},
            "sns invokes asynchronously, and nobody waits for an answer; write a rate",
        ),
        (
            {"load": {"url": "http://127.0.0.1:9", "rate": "5/s", "for": "1s"}, "time": "virtual"},
            "what is outside this process takes no virtual time; leave --time virtual out",
        ),
        (
            {"load": {"rate": "5/s", "for": "1s"}, "time": {"real": {"speed": 60}}},
            "latency is measured in seconds as they pass; leave the speed of real time out",
        ),
    ],
)
def test_a_load_that_cannot_be_is_refused(values: dict[str, Any], fault: str) -> None:
    with pytest.raises(EventsimError) as caught:
        loading(**values).run()

    assert str(caught.value).startswith(fault)
