"""The course at the command line, and a scenario held against itself with one setting changed."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from eventsim.scenario.project import aboard, number
from tests.commands import command, eventsim, process

LESSONS = [path for path in aboard() if number(path)]
BISECT = "consumer.BisectBatchOnFunctionError=false"
SGR = re.compile(r"\x1b\[\d*m")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_learn_lists_every_lesson_with_its_number_and_name() -> None:
    ended = eventsim("learn")

    assert (ended.code, ended.stderr) == (0, "")
    heads = [line.split()[:2] for line in ended.stdout.splitlines() if line[:2].strip().isdigit()]
    assert heads == [[str(number(path)), path.stem[3:]] for path in LESSONS]
    assert max(map(len, ended.stdout.splitlines())) <= 80


def test_a_lesson_asks_shows_explains_answers_and_has_something_to_try() -> None:
    ended = eventsim("learn", "5")

    assert (ended.code, ended.stderr) == (0, "")
    parts = [
        "5 of 29: bisect\n",
        "Question  How many orders are lost?",
        "BisectBatchOnFunctionError cuts a failed batch in two",
        "records delivered, by shard",
        "ok after 1.2 s: 5 invocations, 3 errors, 1 cold start",
        "What happened, and why",
        "[BisectBatchOnFunctionError]",
        "All 3 expectations of the scenario came true.",
        "Answer    Only the poison order.",
        f"Try\n  eventsim run 05-bisect --set {BISECT} --versus\n",
        "Then      Nothing is cut.",
        "scenarios/05-bisect.yaml\n",
        "next: eventsim learn 6",
    ]
    found = [ended.stdout.find(part) for part in parts]
    assert -1 not in found, ended.stdout
    assert found == sorted(found)
    assert ended.stdout.count("BisectBatchOnFunctionError cuts a failed batch in two") == 1


@pytest.mark.parametrize("name", ["05", "5", "bisect", "05-bisect", "05-bisect.yaml"])
def test_a_lesson_is_found_by_its_number_and_by_its_name(name: str) -> None:
    assert eventsim("learn", name).stdout.startswith("5 of 29: bisect\n")


def test_the_last_lesson_has_none_after_it() -> None:
    assert "next:" not in eventsim("learn", "29").stdout


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("bisekt", "error: no lesson called 'bisekt'; did you mean 'bisect'?\n"),
        (
            "poison-pill",
            "error: no lesson called 'poison-pill'; did you mean '04-poison-record'?\n",
        ),
        ("77", "error: no lesson called '77'; there are 1 to 29\n"),
        ("0", "error: no lesson called '0'; there are 1 to 29\n"),
        ("throttle", "error: throttle has no lesson; run it by itself: eventsim run throttle\n"),
    ],
)
def test_a_lesson_that_is_not_there_is_refused_with_a_near_one(name: str, text: str) -> None:
    assert eventsim("learn", name) == (2, "", text)


def test_versus_shows_both_runs_and_says_what_changed() -> None:
    ended = eventsim("run", "bisect", "--set", BISECT, "--versus")

    assert (ended.code, ended.stderr) == (0, "")
    one, _, other = ended.stdout.partition(f"=== with {BISECT} ===\n")
    assert one.startswith("=== as it is ===\n")
    assert "ok after 1.2 s: 5 invocations, 3 errors, 1 cold start" in one
    assert "FAILED after 1.12 s: 1 invocation, 1 error, 1 cold start" in other
    assert other.partition("cold start\n\n")[2] == (
        "What changed: delivered 0 instead of 3, discarded 4 instead of 1, invocations 1\n"
        "instead of 5, errors 1 instead of 3.\n"
        "Different are: what was sent again, what became of the records, how records were\n"
        "cut into batches.\n"
        "They part in what was sent again, on consumer.Orders shardId-000000000000:\n"
        "  as it is: at 1.12 s, orders/0  batch of 4 records split in two: function\n"
        "    error: BisectBatchOnFunctionError\n"
        f"  with {BISECT}: nothing more\n"
    )


def test_versus_is_a_page_too(folder: Path) -> None:
    words = ("run", "bisect", "--set", BISECT, "--versus", "--as", "html")
    ended = eventsim(*words)

    assert (ended.code, ended.stderr) == (0, "")
    assert ended.stdout.startswith("<!doctype html>")
    assert f'"with {BISECT}"' in ended.stdout
    assert "What changed: delivered 0 instead of 3" in ended.stdout
    assert eventsim(*words, "-o", "both.html") == (0, "", "")
    assert (folder / "both.html").read_text("utf-8") == ended.stdout


RETRIES = "consumer.MaximumRetryAttempts"


def axes_of(change: str) -> tuple[str, list[list[str]]]:
    """What is shown of two runs, and the axes of their timelines: a ruler and what is below it."""
    shown = eventsim("run", "poison-record", "--set", change, "--versus").stdout
    lines = shown.splitlines()
    return shown, [[line, lines[number + 1]] for number, line in enumerate(lines) if "┬" in line]


def test_versus_draws_both_runs_to_one_scale() -> None:
    _, (one, other) = axes_of(f"{RETRIES}=1")

    assert one == other


def test_versus_says_where_the_runs_are_too_different_for_one_scale() -> None:
    shown, (one, other) = axes_of(f"{RETRIES}=-1")

    assert one != other
    said = "Each timeline has a scale of its own: one run took 1.93 s, one 24 h.\n"
    assert said in shown


def test_versus_says_what_became_of_events_too() -> None:
    ended = eventsim("run", "async-retries", "--set", "payments.DeadLetterQueue=null", "--versus")

    assert "What changed: put 0 instead of 1, events dropped 1 instead of 0.\n" in ended.stdout


def test_versus_of_a_change_that_changes_nothing_says_so() -> None:
    ended = eventsim("run", "bisect", "--set", "consumer.Timeout=4", "--versus")

    assert ended.stdout.endswith("\nNothing changed.\n")


def test_versus_fails_with_the_scenario_as_it_is() -> None:
    Path("s.yaml").write_text(
        "name: s\nfunctions:\n  f: {run_in: model}\nexpect:\n  - {entry: records_put}\n"
    )

    assert eventsim("run", "s.yaml", "--set", "f.Timeout=5", "--versus").code == 1


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ([], "--versus needs something to change; add --set PATH=VALUE"),
        (["--set", BISECT, "--json"], "nothing else; leave --json out"),
        (["--set", BISECT, "--as", "summary"], "--as summary has one run; leave --versus out"),
        (["--set", BISECT, "--as", "sumary"], "no reports called 'sumary'"),
        (["--set", BISECT, "--journal", "j.jsonl"], "nothing else; leave --journal out"),
        (["--set", "consumer.Nothing=1"], "there is no 'consumer.Nothing' in the scenario"),
    ],
)
def test_versus_refuses_what_it_has_no_meaning_for(words: list[str], text: str) -> None:
    ended = eventsim("run", "bisect", "--versus", *words)

    assert (ended.code, ended.stdout) == (2, "")
    assert text in ended.stderr


def test_a_changed_run_tells_how_it_is_repeated(folder: Path) -> None:
    ended = process("run", "bisect", "--set", BISECT, "--journal", "j.jsonl", folder=folder)

    assert ended.code == 1
    repeat = f"eventsim run bisect --set {BISECT} --seed 0"
    assert ended.stderr.endswith(f"seed 0; repeat the run with: {repeat}\n")
    told = eventsim("report", "j.jsonl").stdout
    assert f"eventsim run scenarios/05-bisect.yaml --set {BISECT} --seed 0" in " ".join(
        told.split()
    )


def on_a_terminal(columns: int, *words: str) -> list[str]:
    """The lines that a command shows on a terminal of so many columns."""
    leader, follower = pty.openpty()
    subprocess.run(
        ["stty", "cols", str(columns), "rows", "50"], stdin=follower, check=True, timeout=10
    )
    running = subprocess.Popen(
        command(*words),
        stdout=follower,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "TERM": "xterm"},
    )
    os.close(follower)
    seen = b""
    while True:
        try:
            part = os.read(leader, 65536)
        except OSError:  # the other end is closed: there is nothing more
            break
        if not part:
            break
        seen += part
    os.close(leader)
    assert running.wait(30) == 0
    return seen.decode().replace("\r\n", "\n").splitlines()


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals there")
def test_a_wide_terminal_shows_the_two_timelines_beside_each_other() -> None:
    words = ("run", "bisect", "--set", BISECT, "--versus")
    wide, narrow = on_a_terminal(170, *words), on_a_terminal(163, *words)

    assert wide[0] == f"{'=== as it is ===':84}=== with {BISECT} ==="
    assert narrow[0] == "=== as it is ==="
    small = on_a_terminal(50, *words)
    assert max(len(SGR.sub("", line)) for line in small if "===" not in line) == 50
    assert "\x1b[32m" in "".join(wide)
