"""``eventsim load``: what it prints, how it ends, and what it refuses before anything is sent."""

from __future__ import annotations

import io
import json
import signal
import subprocess
from pathlib import Path

import pytest

from eventsim.cli.load_view import Lines, Screen, sparkline, view_of
from eventsim.cli.talk import Talk
from eventsim.clock import Clock
from eventsim.journal import Journal
from eventsim.rules.measured import Measured
from eventsim.traffic.measuring import Meter, Sending
from tests.commands import command, eventsim

SCENARIO = """\
# A model of a function keeps up.
name: steady
functions:
  f: {run_in: model, duration: 20ms, init_duration: 0ms}
load: {rate: 50/s, for: 10s, thresholds: ["p99 < 250ms", "errors < 1%"]}
"""
REAL = """\
name: real
functions:
  f: {Handler: app.handler}
load: {rate: 20/s, lateness: 5s}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text("def handler(event, context):\n    return event\n")
    (tmp_path / "s.yaml").write_text(SCENARIO)
    (tmp_path / "real.yaml").write_text(REAL)
    return tmp_path


def test_a_load_ends_with_its_figures() -> None:
    ended = eventsim("load", "s.yaml")

    assert ended.code == 0
    assert ended.stdout == (
        "steady: A model of a function keeps up.\n"
        "open load of f, 50/s, constant arrivals, 10 s; virtual time, seed 0\n"
        "\n"
        "requests     500 sent, 500 answered, 50/s answered well\n"
        "errors       none\n"
        "\n"
        "                                         mean    p50    p95    p99  p99.9    max\n"
        "latency      from when each was due      20ms   20ms   20ms   20ms   20ms   20ms\n"
        "uncorrected  from when it was sent       20ms   20ms   20ms   20ms   20ms   20ms\n"
        "lateness     of the generator             0us    0us    0us    0us    0us    0us\n"
        "duration     of the handler              20ms   20ms   20ms   20ms   20ms   20ms\n"
        "init         of cold starts               0us    0us    0us    0us    0us    0us\n"
        "\n"
        "at work      1 environments on average, 1 at the busiest\n"
        "function     500 invocations, 2 cold starts\n"
        "billed       10.000 s, 1.25 GB-seconds, about $0.00012 ($0.24 a million)\n"
        "\n"
        "kept    p99 < 250ms                      found 20ms\n"
        "kept    errors < 1%                      found 0.000%\n"
    )
    assert ended.stderr.startswith("    1 s  sent 50/s  answered 49/s  in flight 1  p50 20 ms")


def test_flags_take_the_place_of_what_the_scenario_says() -> None:
    ended = eventsim(
        *("load", "s.yaml", "--rate", "10/s for 2s, 20/s for 1s", "--arrivals", "poisson"),
        *("--warm-up", "1s", "--threshold", "cost_per_million < 3.5", "--lateness", "1s"),
        *("--in-flight-max", "7", "--seed", "5", "--json", "--quiet", "--precise", "--abort"),
    )

    document = json.loads(ended.stdout)
    assert (ended.code, ended.stderr) == (0, "")
    assert document["plan"] == {
        "on": "f",
        "model": "open",
        "rate": "10/s for 2s, 20/s for 1s",
        "in_flight": None,
        "arrivals": "poisson",
        "seconds": 3.0,
        "warm_up": 1.0,
        "lateness": 1.0,
        "in_flight_max": 7,
        "parts": 1,
    }
    assert [verdict["threshold"] for verdict in document["thresholds"]] == [
        "cost_per_million < 3.5"
    ]
    assert (document["seed"], document["clock"], document["outcome"]) == (5, "virtual", "ok")
    assert document["series"]["time"][:3] == [0, 1, 2]


def test_settings_of_the_scenario_are_set_as_for_a_run() -> None:
    ended = eventsim("load", "s.yaml", "--set", "f.duration=1s", "--set", "load.for=2s")

    assert ended.code == 1
    assert "FAILED  p99 < 250ms                      found 1s" in ended.stdout
    assert "eventsim load s.yaml --set f.duration=1s --set load.for=2s --seed 0" in ended.stderr


def test_json_has_every_figure_and_histograms_for_other_tools() -> None:
    document = json.loads(eventsim("load", "s.yaml", "--json").stdout)

    assert document["latency"] == {
        **dict.fromkeys(("mean", "p50", "p90", "p95", "p99", "p99.9", "max"), 0.02),
        "count": 500,
    }
    assert document["iterator_age"] is None
    assert document["histograms"].keys() == {"latency", "uncorrected", "lateness", "duration"}
    assert document["cost_per_million"] == pytest.approx(0.2416667, rel=1e-4)


def test_a_threshold_that_is_not_kept_is_exit_one_and_the_command_to_repeat() -> None:
    ended = eventsim("load", "s.yaml", "--threshold", "p99 < 5ms", "--for", "2s")

    assert ended.code == 1
    assert "FAILED  p99 < 5ms                        found 20ms\n" in ended.stdout
    assert ended.stderr.endswith(
        "seed 0; repeat the load with: eventsim load s.yaml --for 2s --threshold 'p99 < 5ms' "
        "--seed 0\n"
    )


def test_a_run_says_that_it_sends_nothing_of_a_load() -> None:
    ended = eventsim("run", "s.yaml")

    assert ended.code == 0
    assert ended.stderr.startswith("note: load is what `eventsim load` sends; nothing is sent here")


def test_a_closed_load_says_what_it_hides() -> None:
    ended = eventsim("load", "s.yaml", "--in-flight", "3", "--for", "2s")

    assert ended.code == 0
    assert "closed load of f, 3 in flight, 2 s; virtual time, seed 0\n" in ended.stdout
    assert "estimated    as if sent evenly" in ended.stdout
    assert "closed model: 3 senders, each of which waits for its answer" in ended.stdout


def test_a_function_that_runs_code_is_loaded_in_real_time(folder: Path) -> None:
    ended = eventsim(
        *("load", "real.yaml", "--for", "300ms", "--journal", "j.jsonl", "--html", "h.html")
    )

    assert ended.code == 0, ended.stderr
    assert "open load of f, 20/s, constant arrivals, 300 ms; real time" in ended.stdout
    assert "6 sent, 6 answered" in ended.stdout
    assert "<h1>real</h1>" in (folder / "h.html").read_text()
    assert "6 sent, 6 answered" in eventsim("report", "j.jsonl", "--as", "load").stdout


def test_what_is_sent_may_come_from_a_file(folder: Path) -> None:
    (folder / "app.py").write_text("def handler(event, context):\n    assert event == {'a': 1}\n")
    (folder / "e.json").write_text('{"a": 1}')

    assert eventsim("load", "real.yaml", "--for", "100ms", "--event", "e.json").code == 0
    assert eventsim("load", "real.yaml", "--for", "100ms").code == 1


def test_an_address_that_refuses_connections_is_told_at_once() -> None:
    ended = eventsim("load", "http://127.0.0.1:9/x", "--rate", "20/s", "--for", "200ms")

    assert ended.code == 1
    first = "first ConnectionRefusedError: http://127.0.0.1:9/x refuses connections\n"
    assert ended.stderr.startswith(first)
    assert "errors       4 (100.00%)  ConnectionRefusedError 4\n" in ended.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["s.yaml", "--rate", "fast"], "--rate is 'fast'; write a rate such as 200/s"),
        (["s.yaml", "--rate", "0/s"], "--rate is '0/s', and nothing would be sent; it must be mor"),
        (["s.yaml", "--rate", "-5/s"], "--rate is '-5/s'; write a rate such as 200/s"),
        (["s.yaml", "--for", "5"], "--for is '5'; write a duration such as 20ms, 5s, 1m or 1h30m"),
        (["s.yaml", "--warm-up", "x"], "--warm-up is 'x'; write a duration such as 20ms"),
        (
            ["s.yaml", "--threshold", "p9 < x"],
            "--threshold is 'p9 < x'; p9 is compared to a duration such as 250ms",
        ),
        (
            ["s.yaml", "--threshold", "cold_start < 5"],
            "--threshold is 'cold_start < 5', and there is no metric 'cold_start'; did you mean "
            "'cold_starts'?",
        ),
        (["s.yaml", "--rate", "5/s", "--in-flight", "5"], "--rate is the open model, --in-flight"),
        (["s.yaml", "--in-flight", "5", "--arrivals", "poisson"], "--arrivals means nothing to"),
        (["s.yaml", "--function", "g"], "load.function is 'g', which is no function of the scen"),
        (["s.yaml", "--event", "no.json"], "cannot read no.json: No such file or directory"),
        (["s.yaml", "--event", "app.py"], "app.py is not JSON: "),
        (["s.yaml", "--json", "--html", "-"], "only one thing can go to stdout"),
        (["s.yaml", "--journal", "x", "--html", "x"], "--journal and --html both want to write x"),
        (["s.yaml", "--html", "no/x.html"], "cannot write no/x.html: No such file or directory"),
        (["s.yaml", "--html", "."], "cannot write .: Is a directory"),
        (["s.yaml", "--journal", "app.py"], "--journal app.py would overwrite a file that is no"),
        (["real.yaml"], "for how long? write --for 30s"),
        (["http://example.com/x", "--rate", "5/s", "--for", "1s"], "leads outside this machine"),
        (["ftp://127.0.0.1", "--rate", "5/s", "--for", "1s"], "is not an address"),
        (["http://127.0.0.1:9", "--rate", "5/s", "--for", "1s", "--time", "virtual"], "no virtual"),
        (
            ["http://127.0.0.1:9", "--set", "a=1"],
            "--set changes a scenario, and an address is none",
        ),
        (["nothing.yaml"], "no such file, and no scenario of that name comes with eventsim"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_sent(words: list[str], message: str) -> None:
    ended = eventsim("load", *words)

    assert (ended.code, ended.stdout) == (2, "")
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr


def test_ctrl_c_reports_what_was_measured_by_then(folder: Path) -> None:
    process = subprocess.Popen(
        command("load", "real.yaml", "--for", "1h"),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    first = process.stderr.readline()  # after a second of it
    process.send_signal(signal.SIGINT)
    out, rest = process.communicate(timeout=30)

    assert process.returncode == 130
    assert first.startswith("    1 s  sent 20/s")
    assert "open load of f, 20/s, constant arrivals" in out
    assert out.endswith("\ninterrupted: SIGINT was sent\n")
    assert rest.startswith("nothing more is sent; Ctrl-C again ends without what is on its way\n")
    assert "repeat the load with: eventsim load real.yaml --for 1h" in rest
    assert rest.endswith("interrupted\n")


class Terminal(io.StringIO):
    """What takes itself for a terminal."""

    def isatty(self) -> bool:
        return True


async def meter_of(clock: Clock) -> Meter:
    """A meter after two seconds of ten requests each, of which two failed."""
    meter = Meter(Measured(10.0), {}, clock)
    meter.begin(Journal(clock))
    for number in range(20):
        await clock.sleep_until(number / 10)
        meter.due(number / 10)
        meter.answered(Sending(number / 10, number / 10), "E" if number > 17 else "")
    await clock.sleep_until(2.0)
    return meter


async def test_elsewhere_than_on_a_terminal_a_load_is_a_line_a_second(clock: Clock) -> None:
    out, meter = io.StringIO(), await meter_of(clock)
    view = Lines(Talk(out), elapsed=iter([0.0, 0.5, 1.0]).__next__)

    for _ in range(3):
        view.tick(meter)

    shown = (
        "    2 s  sent 10/s  answered 10/s  in flight 0  p50 0 ms  p95 0 ms  p99 0 ms  2/s errors"
    )
    assert out.getvalue() == f"{shown}\n" * 2
    assert isinstance(view_of(Talk(out)), Lines)


async def test_on_a_terminal_it_is_shown_in_place(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    out, meter = Terminal(), await meter_of(clock)
    view = view_of(Talk(out))

    assert isinstance(view, Screen)
    view.tick(meter)
    view.say("first E: oh\x1b[2J")
    view.stop()

    shown = out.getvalue()
    assert "answered/s █ 10" in shown
    assert "first E: oh\\x1b[2J" in shown
    assert shown.endswith("\x1b[?25h") or "\x1b[2K" in shown  # the view is gone


def test_on_a_terminal_that_can_only_add_lines_a_line_a_second_is_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "dumb")

    assert isinstance(view_of(Talk(Terminal())), Lines)


async def test_who_asks_for_quiet_sees_nothing(clock: Clock) -> None:
    out, meter = io.StringIO(), await meter_of(clock)
    view = view_of(Talk(out, quiet=True))

    view.tick(meter)
    view.stop()

    assert out.getvalue() == ""


@pytest.mark.parametrize(
    ("values", "bars"),
    [([], ""), ([0.0, 0.0], "▁▁"), ([0.0, 5.0, 10.0], "▁▄█"), ([7.0], "█")],
)
def test_a_sparkline_goes_from_nothing_to_the_most(values: list[float], bars: str) -> None:
    assert sparkline(values) == bars
