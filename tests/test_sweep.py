"""A sweep: the grid, the figures of its points, what is kept of them and what is told."""

from __future__ import annotations

import io
import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from eventsim import __version__
from eventsim.errors import EventsimError, ScenarioError
from eventsim.scenario import Source, find, load
from eventsim.simulation import Options, run
from eventsim.sweep import plan
from eventsim.sweep.driving import Row
from eventsim.sweep.keeping import Kept
from eventsim.sweep.telling import ROWS_MAX, counts, write_json, write_text
from tests.commands import eventsim
from tests.sweeping import CODE, LOAD, STREAM, swept

API = "functions.api.MemorySize"
TABLE = """\
work: 3 points, 3 ok
  functions.api.MemorySize
  functions.api.duration = {"cpu":"100ms"}

   Memory
 #   Size cost/M   p50   p95   p99 per s age lost
*1    128  $3.11 1.38s 1.48s 1.48s  4.47   -    0
*2   1769  $3.14 100ms 100ms 200ms     5   -    0
 3   3538  $6.07 100ms 100ms 200ms     5   -    0

cost/M: dollars per million requests served; p50 to p99: latency of requests;
age: the highest iterator age. * no other point is better by cost, p99
and the share that was lost, or as good by all three and better by one.

cost per million against p99 of latency, down and to the left is better
 $6.07|o
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text(CODE)
    (tmp_path / "s.yaml").write_text(LOAD)
    (tmp_path / "stream.yaml").write_text(STREAM)
    return tmp_path


def figures(row: Row) -> dict[str, Any]:
    assert row.figures is not None
    return row.figures


def test_every_point_is_a_run_with_its_settings() -> None:
    made, rows = swept("s.yaml", "MemorySize=128,1769", "rate=5/s,9/s")

    assert [made.named(row.point) for row in rows] == [
        {API: memory, "timeline[0].rate": rate} for memory in (128, 1769) for rate in ("5/s", "9/s")
    ]
    assert [(row.outcome, figures(row)["served"]) for row in rows] == [("ok", 50), ("ok", 90)] * 2
    assert counts(rows) == {"points": 4, "ok": 4} | dict.fromkeys(
        ("failed", "refused", "ended", "lost", "not_run"), 0
    )


def test_the_figures_are_those_of_the_run() -> None:
    _, (row,) = swept("s.yaml", "MemorySize=1769")
    result = run(load("s.yaml", ["MemorySize=1769"]), Options(detail="off"))

    found, cost = figures(row), result.counts["cost"]
    assert found == {
        "of": "requests",
        "served": 50,
        "lost": 0,
        "seconds": result.seconds,
        "throughput": pytest.approx(50 / result.seconds),
        "latency": {"mean": 0.102, "p50": 0.100031, "p95": 0.100031, "p99": 0.2, "max": 0.2},
        "iterator_age": None,
        "cost": cost,
        "cost_per_million": pytest.approx(cost / 50 * 1_000_000),
        "expectations_failed": [],
        **{
            key: result.counts[key]
            for key in ("invocations", "errors", "throttles", "cold_starts", "retries")
        },
    }


def test_records_have_the_latency_of_their_batch_and_an_iterator_age() -> None:
    one, four = map(figures, swept("stream.yaml", "BatchSize=1,4")[1])

    assert (one["of"], one["served"], four["served"]) == ("records", 4, 4)
    assert one["latency"]["max"] == one["iterator_age"]
    assert one["iterator_age"] == pytest.approx(four["iterator_age"] + 0.06)
    assert four["latency"]["p50"] == four["latency"]["max"]
    assert (one["invocations"], four["invocations"]) == (4, 1)
    assert one["cost"] > four["cost"]


def test_events_have_the_time_in_their_queue_and_in_the_function(folder: Path) -> None:
    (folder / "s.yaml").write_text(
        "name: event\nfunctions: {api: {run_in: model, duration: 20ms}}\n"
        "timeline: [{at: 0s, invoke: api, type: Event}]\n"
    )
    found = figures(swept("s.yaml", "MemorySize=128")[1][0])

    assert (found["of"], found["served"], found["lost"]) == ("events", 1, 0)
    assert found["latency"]["max"] >= 0.02


def test_what_was_not_answered_well_is_lost_and_has_no_latency() -> None:
    _, rows = swept("s.yaml", "ReservedConcurrentExecutions=1,0", "MemorySize=128")

    few, none = map(figures, rows)
    assert few["served"] + few["lost"] == 50
    assert few["lost"] == few["throttles"] > 0
    assert (none["served"], none["lost"], none["latency"]) == (0, 50, None)
    assert [row.not_dominated for row in rows] == [True, False]


def test_what_settings_make_impossible_together_is_refused_at_its_point() -> None:
    made, rows = swept("stream.yaml", "TumblingWindowInSeconds=0,30", "ParallelizationFactor=1,2")

    assert [row.outcome for row in rows] == ["ok", "ok", "ok", "refused"]
    assert "ParallelizationFactor" in str(rows[3].because)
    told = io.StringIO()
    write_text(made, rows, told)
    assert f"#4 refused: {str(rows[3].because)[:40]}" in told.getvalue()


def test_a_run_that_cannot_go_on_is_told_at_its_point_and_not_kept(folder: Path) -> None:
    step = "  - {at: 0s, load: app, rate: 1/s, for: 1s, entries: each}\n"
    (folder / "s.yaml").write_text(STREAM + step)
    _, rows = swept("s.yaml", "entries=each,totals", output=folder / "kept.jsonl")

    assert [row.outcome for row in rows] == ["ok", "ended"]
    assert str(rows[1].because).startswith("load: app has an event source mapping")
    assert len((folder / "kept.jsonl").read_text().splitlines()) == 2


def test_an_expectation_that_fails_is_told_and_the_figures_are_there(folder: Path) -> None:
    (folder / "s.yaml").write_text(LOAD + "expect: [{entry: invocation_finished, count: 50}]\n")
    _, rows = swept("s.yaml", "rate=5/s,6/s")

    assert [row.outcome for row in rows] == ["ok", "failed"]
    assert figures(rows[1])["served"] == 60
    assert len(figures(rows[1])["expectations_failed"]) == 1


def test_the_table_and_the_plot_mark_what_is_not_dominated() -> None:
    made, rows = swept("s.yaml", "MemorySize=128,1769,3538", 'api.duration={"cpu":"100ms"}')
    told = io.StringIO()
    write_text(made, rows, told)

    assert told.getvalue().startswith(TABLE)
    assert [row.not_dominated for row in rows] == [True, True, False]
    assert max(map(len, told.getvalue().splitlines())) <= 80


def test_a_wide_table_leaves_figures_out_that_say_less() -> None:
    words = ["MemorySize", "Timeout", "seed", "rate", "concurrent_executions", "for"]
    values = ["1024,2048", "10,100", "123456,1", "100000/s,1/s", "123456,1000", "100000s,1s"]
    made = plan(Source.of("s.yaml"), [f"{a}={b}" for a, b in zip(words, values, strict=True)])
    found = figures(swept("s.yaml", "seed=1")[1][0])
    told = io.StringIO()
    write_text(made, [Row(made.points[0], "ok", None, found, True)], told)

    lines = told.getvalue().splitlines()
    title, row = (next(line.split() for line in lines if line.startswith(a)) for a in (" #", "*"))
    assert title[-6:] == ["cost/M", "p99", "per", "s", "age", "lost"]
    assert row[1:-5] == ["1024", "10", "123456", "100000/s", "123456", "100000s"]
    assert max(map(len, lines)) <= 80


def test_a_long_table_has_what_is_not_dominated_and_says_what_is_left_out() -> None:
    made = plan(Source.of("s.yaml"), [f"seed={','.join(map(str, range(ROWS_MAX + 1)))}"])
    found = figures(swept("s.yaml", "seed=1")[1][0])
    rows = [Row(point, "ok", None, found, point == (7,)) for point in made.points]
    told = io.StringIO()
    write_text(made, rows, told)

    assert sum(line.startswith("*") for line in told.getvalue().splitlines()) == 1
    assert "200 points are left out here; --json has all of them" in told.getvalue()


def test_a_file_that_was_kept_is_gone_on_from_and_in_the_order_of_the_grid(folder: Path) -> None:
    file = folder / "kept.jsonl"
    first = swept("s.yaml", "MemorySize=1769,128", output=file)[1]
    # What is kept is not run again, and this could not come out of a run.
    file.write_text(file.read_text().replace('"served":50', '"served":777', 1) + '{"set": {"cut')
    _, rows = swept("s.yaml", "MemorySize=128,1769,512", output=file)

    assert [figures(row)["served"] for row in rows] == [50, 777, 50]
    assert rows[0].figures == first[1].figures
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert lines[0].keys() == {"eventsim_sweep", "version", "sha256"}
    assert [line["set"] for line in lines[1:]] == [{API: size} for size in (128, 1769, 512)]
    assert not (folder / ".kept.jsonl.lock").exists()


def test_what_follows_a_line_that_was_cut_off_is_whole(folder: Path) -> None:
    file, source = folder / "kept.jsonl", Source.of("s.yaml")
    outcome = {"outcome": "ok", "because": None, "figures": None}
    for number in range(3):
        with Kept(file, source) as kept:
            assert [bool(kept.get({"a": before})) for before in range(3)] == [
                before < number for before in range(3)
            ]
            kept.add({"a": number}, outcome)
        file.write_text(file.read_text() + '{"set": {"a"')


def kept_lines(**changes: Any) -> str:
    head = {"eventsim_sweep": 1, "version": __version__, "sha256": "0" * 64} | changes
    return json.dumps(head) + "\n"


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        ("a,b\n1,2\n", r"k is no file of a sweep; write another name"),
        ("something", r"k is no file of a sweep"),
        ("[1]\n", r"k is no file of a sweep"),
        (kept_lines(eventsim_sweep=2), r"k is no file of a sweep"),
        (kept_lines(), r"k is of a scenario with another text; write another name, or remove it"),
    ],
)
def test_a_file_of_something_else_is_refused_and_left_as_it_is(
    folder: Path, content: str, wrong: str
) -> None:
    (folder / "k").write_text(content)

    with pytest.raises(EventsimError, match=wrong):
        swept("s.yaml", "MemorySize=128", output=Path("k"))
    assert (folder / "k").read_text() == content


def test_a_file_of_another_eventsim_damaged_or_in_use_is_refused(folder: Path) -> None:
    file = Path("k")
    swept("s.yaml", "MemorySize=128", output=file)
    good = file.read_text()
    for content, wrong in (
        (good.replace(__version__, "0.0.1"), "k is of another eventsim"),
        (good.replace('"set":', '"put":'), "k:2 is damaged; remove the line, or the file"),
        (good + "{}\n" + good.splitlines()[1] + "\n", "k:3 is damaged"),
    ):
        file.write_text(content)
        with pytest.raises(EventsimError, match=wrong):
            swept("s.yaml", "MemorySize=128", output=file)
    file.write_text(good)
    with (
        Kept(file, Source.of("s.yaml")),
        pytest.raises(EventsimError, match="k is in use by another process; write another name"),
    ):
        swept("s.yaml", "MemorySize=128", output=file)
    assert file.read_text() == good


def test_every_fault_of_the_axes_is_told_at_once() -> None:
    words = ["MemorySize=128,x", "Timeout=1,two", "MemorySize=5", "Memory=1", "rate=", "seed=1,1"]
    ended = eventsim("sweep", "s.yaml", *(word for text in words for word in ("--set", text)))

    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr.splitlines() == [
        "--set: functions.api.MemorySize is 'x'; it must be a whole number",
        "--set: functions.api.MemorySize is set twice; give all its values at once",
        "--set: functions.api.Timeout is 'two'; it must be a whole number",
        "--set Memory=1: there is no 'Memory' in the scenario; did you mean 'MemorySize'?",
        "--set rate=: 'rate=' has no values; write rate=1,10,100",
        "--set seed=1,1: 'seed=1,1' has 1 twice; leave one out",
    ]


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        ([], "--set: a sweep has one axis or more; write --set PATH=VALUE,VALUE\n"),
        (["--set", "seed=1", "--on", "mars"], "error: --on is 'mars'; write local, dask, or dask:"),
        (["--set", "seed=1", "-o", "-"], "error: -o - is not a file that a sweep can go on from"),
        (["--set", "seed=1", "-o", "no/x"], "error: cannot use no/x: No such file or directory\n"),
        (["--set", "seed=1", "--workers", "0"], "Usage:"),
    ],
)
def test_what_cannot_be_asked_is_refused(words: list[str], wrong: str) -> None:
    ended = eventsim("sweep", "s.yaml", *words)

    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr.startswith(wrong)


def test_a_scenario_that_needs_real_time_or_is_none_is_refused(folder: Path) -> None:
    (folder / "s.yaml").write_text(LOAD + "backend: endpoint\n")
    with pytest.raises(ScenarioError, match="backend: endpoint is in real time; a sweep is not"):
        plan(Source.of("s.yaml"), ["seed=1"])
    (folder / "s.yaml").write_text(LOAD.replace("5/s", "5"))
    with pytest.raises(ScenarioError, match=r"s\.yaml:6:\d+: timeline\[0\]\.rate is "):
        plan(Source.of("s.yaml"), ["rate=5/s"])
    (folder / "s.yaml").write_text(LOAD + "time: real\n")
    assert "the scenario says time: real" in plan(Source.of("s.yaml"), ["seed=1"]).notes[-1]


def test_a_setting_takes_the_place_of_whatever_was_wrong_there(folder: Path) -> None:
    for wrong in ("!Ref nothing", "!GetAtt orders.Name", "!Join [a, b]", "1:30"):
        (folder / "s.yaml").write_text(STREAM.replace("Stream: orders", f"Stream: {wrong}"))

        with pytest.raises(ScenarioError):
            load("s.yaml")
        mended = load("s.yaml", ["Stream=orders"])
        assert mended.functions == load("stream.yaml").functions


def test_json_has_the_axes_the_counts_and_every_point() -> None:
    made, rows = swept("s.yaml", "MemorySize=128", "rate=5/s,9/s")
    told = io.StringIO()
    write_json(made, rows, told)

    document = json.loads(told.getvalue())
    assert document["scenario"] == "work"
    assert document["axes"] == [
        {"path": API, "values": [128]},
        {"path": "timeline[0].rate", "values": ["5/s", "9/s"]},
    ]
    assert document["counts"] == counts(rows)
    assert document["points"] == [
        {
            "set": made.named(row.point),
            "outcome": "ok",
            "because": None,
            "not_dominated": row.not_dominated,
            "figures": row.figures,
        }
        for row in rows
    ]


def test_the_docs_show_what_is_printed() -> None:
    page = (Path(__file__).parent.parent / "docs" / "sweep.md").read_text("utf-8")
    command, _, shown = page.partition("```console\n$ ")[2].partition("```")[0].partition("\n")
    words = shlex.split(command)
    told = io.StringIO()
    made, rows = swept(str(find(words[2])), *words[4::2])
    write_text(made, rows, told)

    assert (words[:2], set(words[3::2])) == (["eventsim", "sweep"], {"--set"})
    assert told.getvalue() == shown
