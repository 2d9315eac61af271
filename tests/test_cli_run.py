"""``eventsim run``: what it writes where, and how it ends."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest

from eventsim.cli.sinks import FrameSink
from eventsim.journal import FRAME, KINDS
from eventsim.journal.reading import read
from tests.commands import APP, SCENARIO, eventsim

SUMMARY = """\
small: Every record arrives.

ok after 1.1 s simulated (seed 7, virtual clock, simulated back end)
"""
LOGGED = "app | got a b\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "s.yaml").write_text(SCENARIO)
    return tmp_path


def poisoned(folder: Path) -> None:
    (folder / "s.yaml").write_text(SCENARIO.replace("key: b", "key: poison"))


def kinds(path: Path) -> set[str]:
    return {entry.kind for entry in read(path)}


def test_the_summary_goes_to_stdout_and_talk_to_stderr() -> None:
    ended = eventsim("run", "s.yaml")

    assert ended.code == 0
    assert ended.stdout.startswith(SUMMARY)
    assert "delivered 2" in ended.stdout
    assert re.fullmatch(
        r"app \| got a b\n"
        r"1\.1 s simulated in \d+\.\d\d real seconds, 2 records delivered \([\d,]+/s\), "
        r"peak memory \d+ MiB, Python 3\.\d+\.\d+\S*\n",
        ended.stderr,
    )


def test_quiet_leaves_the_data_and_no_talk() -> None:
    loud, quiet = eventsim("run", "s.yaml"), eventsim("run", "s.yaml", "--quiet")

    assert quiet == (0, loud.stdout, "")


def test_the_summary_is_that_of_a_report_on_the_journal() -> None:
    for options in ([], ["--journal", "j.jsonl"], ["--journal", "j.jsonl.gz"]):
        ended = eventsim("run", "s.yaml", *options)
        assert ended.code == 0

        if options:
            assert eventsim("report", options[1]).stdout == ended.stdout
        assert ended.stdout == eventsim("run", "s.yaml").stdout


@pytest.mark.parametrize("name", ["summary", "timeline", "json", "latency", "junit", "html"])
def test_a_report_without_a_journal_is_that_with_one_and_leaves_no_file(
    folder: Path, name: str
) -> None:
    with_journal = eventsim("run", "s.yaml", "--as", name, "--journal", "j.jsonl")
    before = sorted(folder.iterdir())

    without = eventsim("run", "s.yaml", "--as", name)

    assert (without.code, without.stdout) == (0, with_journal.stdout)
    assert without.stdout == eventsim("report", "j.jsonl", "--as", name).stdout
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize("journal", [[], ["--journal", "-"], ["--journal", "j.jsonl"]])
@pytest.mark.parametrize("name", ["summary", "timeline", "html"])
def test_a_report_goes_to_the_file_that_is_asked_for(
    folder: Path, name: str, journal: list[str]
) -> None:
    shown = eventsim("run", "s.yaml", "--as", name).stdout

    ended = eventsim("run", "s.yaml", "--as", name, "-o", "told", *journal)

    assert (folder / "told").read_text("utf-8") == shown
    assert ended.code == 0
    assert ended.stdout.startswith('{"seq":1,') if "-" in journal else ended.stdout == ""


def test_a_report_is_not_written_over_what_the_command_needs(folder: Path) -> None:
    said = "error: -o s.yaml would overwrite the scenario; write another name\n"
    assert eventsim("run", "s.yaml", "-o", "./s.yaml") == (2, "", said)

    said = "error: -o and --junit both want to write x\n"
    assert eventsim("run", "s.yaml", "-o", "x", "--junit", "x") == (2, "", said)
    assert sorted(path.name for path in folder.iterdir()) == ["app.py", "s.yaml"]


def test_json_is_the_json_report() -> None:
    ended = eventsim("run", "s.yaml", "--json", "--quiet")

    assert ended == eventsim("run", "s.yaml", "--as", "json", "--quiet")
    assert json.loads(ended.stdout)["records"]["delivered"] == 2


def test_an_expectation_that_fails_is_1_and_tells_how_to_repeat_the_run(folder: Path) -> None:
    poisoned(folder)

    ended = eventsim("run", "s.yaml", "--quiet", "--time", "virtual")

    assert (ended.code, ended.stderr) == (
        1,
        "seed 7; repeat the run with: eventsim run s.yaml --time virtual --seed 7\n",
    )
    assert "FAILED  records of batch_delivered" in ended.stdout


def test_the_repeated_run_has_the_seed_and_every_option_that_matters(folder: Path) -> None:
    poisoned(folder)
    (folder / "my vars.json").write_text("{}")

    ended = eventsim(
        *("run", "s.yaml", "--quiet", "--seed", "12", "--journal", "j.jsonl", "--json"),
        *("--time", "real", "--speed", "1000", "--env-vars", "my vars.json", "--allow-aws"),
    )

    assert ended.stderr == (
        "seed 12; repeat the run with: eventsim run s.yaml --time real "
        "--env-vars 'my vars.json' --speed 1000 --allow-aws --seed 12\n"
    )


def test_a_handler_that_never_returns_is_1_and_the_journal_is_whole(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventsim.simulation.setting.WATCHDOG_SECONDS", 0.3)
    (folder / "app.py").write_text("def handler(event, context):\n    while True: pass\n")

    ended = eventsim("run", "s.yaml", "--journal", "j.jsonl", "--quiet")

    assert ended.code == 1
    assert ended.stderr.splitlines() == [
        "seed 7; repeat the run with: eventsim run s.yaml --seed 7",
        "error: function 'app' has been running for 0.3 real seconds; the run was ended "
        "(a handler that never returns?)",
    ]
    assert [*read(folder / "j.jsonl")][-1].fields["outcome"] == "failed"


def test_the_frame_is_all_that_is_kept_in_memory() -> None:
    sink = FrameSink()

    for kind in KINDS:
        sink.write({"seq": 1, "time": 0.0, "at": "", "kind": kind})

    assert {entry.kind for entry in sink.entries} == FRAME


def test_a_report_of_ones_own_gets_every_entry(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(folder)
    (folder / "my_reports").mkdir()
    (folder / "my_reports" / "numbers.py").write_text(
        "def write(entries, out):\n    print(*(entry.seq for entry in entries), file=out)\n"
    )

    ended = eventsim("run", "s.yaml", "--as", "my_reports.numbers", "--quiet")

    assert ended == (0, " ".join(map(str, range(1, 16))) + "\n", "")


def test_detail_decides_what_the_journal_says(folder: Path) -> None:
    for detail, more in (("off", set()), ("batch", {"batch_delivered"})):
        eventsim("run", "s.yaml", "--journal", "j.jsonl", "--detail", detail)
        assert {"run_started", "run_finished", *more} <= kinds(folder / "j.jsonl")
        assert ("batch_delivered" in kinds(folder / "j.jsonl")) == bool(more)
    eventsim("run", "s.yaml", "--journal", "j.jsonl", "--detail", "payload")
    assert {"function_logged", "payload_kept"} <= kinds(folder / "j.jsonl")


def test_a_journal_to_stdout_leaves_the_summary_to_stderr() -> None:
    summary = eventsim("run", "s.yaml", "--quiet").stdout

    ended = eventsim("run", "s.yaml", "--journal", "-")
    quiet = eventsim("run", "s.yaml", "--journal", "-", "--quiet")

    assert [json.loads(line)["seq"] for line in ended.stdout.splitlines()] == list(range(1, 16))
    assert summary in ended.stderr
    assert quiet == (0, ended.stdout, "")
    assert eventsim("report", "-", stdin=ended.stdout) == (0, summary, "")


def test_junit_and_stats_are_written_beside_the_report(folder: Path) -> None:
    poisoned(folder)

    ended = eventsim("run", "s.yaml", "--junit", "r.xml", "--stats", "s.json", "--quiet")

    assert ended.code == 1
    assert len(ElementTree.parse(folder / "r.xml").findall(".//testcase/failure")) == 2
    stats = json.loads((folder / "s.json").read_text())
    assert list(stats) == [
        "real_seconds",
        "simulated_seconds",
        "records",
        "records_per_second",
        "peak_memory_bytes",
        "python",
    ]
    assert stats["records"] == 0
    assert stats["real_seconds"] > 0
    assert (
        stats["simulated_seconds"]
        == json.loads(eventsim("run", "s.yaml", "--json", "--quiet").stdout)["seconds"]
    )


def test_real_time_changes_no_byte_of_journal_and_stdout(folder: Path) -> None:
    one = eventsim("run", "s.yaml", "--journal", "1.jsonl")
    two = eventsim("run", "s.yaml", "--journal", "2.jsonl")

    assert one.stdout == two.stdout
    assert (folder / "1.jsonl").read_bytes() == (folder / "2.jsonl").read_bytes()


def test_verbose_shows_each_entry_as_it_is_written() -> None:
    ended = eventsim("run", "s.yaml", "--verbose")

    shown = [line.split()[1] for line in ended.stderr.splitlines() if "s  " in line[:20]]
    assert shown[0] == "run_started"
    assert "batch_delivered" in shown
    assert shown[-1] == "run_finished"


def test_a_handlers_output_at_detail_payload_is_shown_once() -> None:
    ended = eventsim("run", "s.yaml", "--journal", "j.jsonl", "--detail", "payload")

    assert ended.stderr.count("got a b") == 1
    assert ended.stderr.startswith(LOGGED)


def test_real_time_and_speed_are_taken_over_the_scenarios_head() -> None:
    ended = eventsim("run", "s.yaml", "--time", "real", "--speed", "100", "--json", "--quiet")

    assert ended.code == 0
    assert json.loads(ended.stdout)["clock"] == "real"


def test_env_vars_reach_functions_as_sam_has_it(folder: Path) -> None:
    (folder / "app.py").write_text(
        "import os\n"
        "def handler(event, context):\n"
        "    print(*(os.environ.get(name) for name in 'ABCDE'))\n"
    )
    values = {"Parameters": {"A": "all", "B": "all", "C": 1}, "app": {"B": "mine", "D": True}}
    (folder / "v.json").write_text(json.dumps(values))

    ended = eventsim("run", "s.yaml", "--env-vars", "v.json")

    assert ended.stderr.startswith("app | all mine 1 true None\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "v.json is not JSON: "),
        ("[]", 'v.json: write {"FunctionName": {"NAME": "value"}}'),
        ('{"app": 1}', 'v.json: app must hold variables: {"NAME": "value"}'),
        ('{"app": {"A": [1]}}', "v.json: app.A must be text, a number or a boolean"),
        ('{"app": {"A": "\\u0000"}}', "v.json: app.A holds a NUL character, which no variable can"),
        ('{"ap": {}}', "v.json: no function called 'ap'; did you mean 'app'?"),
        ('{"zzz": {}}', "v.json: no function called 'zzz'; there are: app"),
    ],
)
def test_env_vars_that_are_wrong_are_refused(folder: Path, text: str, message: str) -> None:
    (folder / "v.json").write_text(text)

    ended = eventsim("run", "s.yaml", "--env-vars", "v.json")

    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"error: {message}")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--speed", "2"],
            "speed means nothing in virtual time, which does not pass; "
            "leave --speed out, or add --time real",
        ),
        (
            ["--time", "real", "--speed", "0"],
            "--speed 0 is no speed; write a number above 0",
        ),
        (
            ["--time", "real", "--speed", "nan"],
            "--speed nan is no speed; write a number above 0",
        ),
        (
            ["--json", "--as", "timeline"],
            "--json and --as timeline ask for two reports; leave one out",
        ),
        (
            ["--journal", "-", "--json"],
            "only one thing can go to stdout; write a file's name for the rest",
        ),
        (["--junit", "-", "--stats", "-"], "--junit and --stats both want to write -"),
        (["--journal", "x", "--junit", "./x"], "--journal and --junit both want to write ./x"),
        (
            ["--endpoint-url", "http://127.0.0.1:1"],
            "an endpoint URL means nothing to the simulated back end; "
            "leave --endpoint-url out, or add --backend endpoint",
        ),
        (
            ["--as", "sumary"],
            "no reports called 'sumary'; there are: explain, html, json, junit, latency, load, "
            "load_html, load_json, summary, timeline; did you mean 'summary'?",
        ),
        (
            ["--journal", "s.yaml"],
            "--journal s.yaml would overwrite a file that is no journal; write another name",
        ),
        (
            ["--journal", "no/j.jsonl"],
            "cannot write the journal no/j.jsonl: No such file or directory",
        ),
        (["-o", "no/r.txt"], "cannot write no/r.txt: No such file or directory"),
        (["--stats", "no/s.json"], "cannot write no/s.json: No such file or directory"),
        (["--env-vars", "no.json"], "cannot read no.json: No such file or directory"),
    ],
)
def test_a_wrong_request_is_2_and_says_what_would_be_right(
    folder: Path, options: Sequence[str], message: str
) -> None:
    ended = eventsim("run", "s.yaml", "--quiet", *options)

    assert (ended.code, ended.stderr) == (2, f"error: {message}\n")
    assert (folder / "s.yaml").read_text() == SCENARIO


def test_a_wrong_request_costs_no_journal_of_an_earlier_run(folder: Path) -> None:
    eventsim("run", "s.yaml", "--journal", "j.jsonl")
    before = (folder / "j.jsonl").read_bytes()

    for options in (["--speed", "2"], ["--env-vars", "no.json"], ["--as", "no"]):
        assert eventsim("run", "s.yaml", "--journal", "j.jsonl", *options).code == 2

    assert (folder / "j.jsonl").read_bytes() == before
    assert eventsim("run", "s.yaml", "--journal", "j.jsonl").code == 0


@pytest.mark.parametrize("options", [["--backend", "aws"], ["--time", "slow"], ["--sped", "1"]])
def test_a_word_that_is_not_known_is_2(options: Sequence[str]) -> None:
    ended = eventsim("run", "s.yaml", *options)

    assert (ended.code, ended.stdout) == (2, "")
    assert "Usage: " in ended.stderr


def test_a_scenario_that_is_not_there_is_2() -> None:
    assert eventsim("run", "nyc-flight") == (
        2,
        "",
        "nyc-flight: no such file, and no scenario of that name comes with eventsim; "
        "did you mean 'nyc-flights'?\n",
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full disk: /dev/full")
def test_a_full_disk_is_2_and_names_the_journal(folder: Path) -> None:
    ended = eventsim("run", "s.yaml", "--quiet", "--journal", "/dev/full")

    assert ended.code == 2
    assert "cannot write the journal /dev/full: No space left on device" in ended.stderr
