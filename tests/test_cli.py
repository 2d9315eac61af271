"""The command line as a whole, and the verbs that only read: check, report, list, schema."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
import typer
import yaml

from eventsim import __version__, registry
from eventsim.cli import app
from eventsim.cli.event_flags import RESERVED, command_of
from eventsim.cli.generating import own_flags as generates
from eventsim.cli.pushing import own_flags as pushes
from eventsim.journal import Entry
from eventsim.journal.sinks import JsonLinesSink
from eventsim.push.builders import builders, sources
from tests.commands import APP, SCENARIO, eventsim

VERBS = (
    *("run", "learn", "explain", "check", "init", "report", "list", "schema", "invoke", "poll"),
    *("record", "convert", "replay", "compare", "serve", "generate", "push", "load", "sweep"),
)
VERBS_OWN = [*generates(), *pushes()]  # what generate and push add to the flags of an event
PROJECT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "s.yaml").write_text(SCENARIO)
    return tmp_path


def registered() -> set[str]:
    return {command.name or "" for command in app.registered_commands}


def test_the_verbs_are_these() -> None:
    assert registered() == set(VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_a_verb_ends_in_examples_that_can_be_pasted(verb: str) -> None:
    ended = eventsim(verb, "--help")

    assert (ended.code, ended.stderr) == (0, "")
    examples = ended.stdout.partition("Examples:\n")[2].strip().splitlines()
    assert examples
    for example in examples:
        stages = [shlex.split(stage) for stage in re.split(r"[|>]", example)]
        assert [verb] in [stage[1:2] for stage in stages if stage[0] == "eventsim"]
        flags = {word for stage in stages for word in stage if word.startswith("--")}
        assert flags <= known_flags(), example


def known_flags() -> set[str]:
    group = typer.main.get_command(app)
    commands = group.commands.values()  # type: ignore[attr-defined]  # it is a group
    events = [event for source in sources() for event in builders(source).values()]
    everything = [*commands, *(command_of(event, VERBS_OWN, print) for event in events)]
    return {flag for verb in everything for option in verb.params for flag in option.opts}


def test_no_parameter_of_an_event_takes_the_name_of_a_flag_of_generate_or_push() -> None:
    event = builders("s3")["put"]
    own = {option.name for option in command_of(event, VERBS_OWN, print).params}

    assert {f"own_{name}" for name in RESERVED} == own - event.model.model_fields.keys()


def test_every_flag_is_long_but_o() -> None:
    flags = {flag for flag in known_flags() if flag.startswith("-")}

    assert {flag for flag in flags if not flag.startswith("--")} == {"-o"}


@pytest.mark.parametrize("verb", VERBS)
def test_the_docs_name_every_verb_and_every_flag_of_it(verb: str) -> None:
    page = (PROJECT / "docs" / "command-line.md").read_text("utf-8")
    group = typer.main.get_command(app)
    command = group.commands[verb]  # type: ignore[attr-defined]  # it is a group

    assert f"eventsim {verb}" in page
    section = page.partition(f"\n## {verb}\n")[2].partition("\n## ")[0]
    flags = {flag for option in command.params for flag in option.opts if flag.startswith("-")}
    assert {flag for flag in flags if f"`{flag}" not in section} == set()


def test_the_version_is_the_packages() -> None:
    assert eventsim("--version") == (0, f"eventsim {__version__}\n", "")


def test_no_verb_at_all_shows_the_help() -> None:
    assert "Commands:" in (eventsim().stdout or eventsim().stderr)
    assert eventsim().code == 2


def test_check_says_ok_for_each(folder: Path) -> None:
    (folder / "t.yaml").write_text(SCENARIO)

    assert eventsim("check", "s.yaml", "t.yaml") == (0, "s.yaml: ok\nt.yaml: ok\n", "")


def test_check_tells_every_fault_of_every_file(folder: Path) -> None:
    (folder / "t.yaml").write_text(
        SCENARIO.replace("shards: 1", "shards: 0").replace("min: 2", "min: no")
    )
    (folder / "u.yaml").write_text(SCENARIO.replace("seed", "sede"))

    ended = eventsim("check", "t.yaml", "s.yaml", "u.yaml", "v.yaml")

    assert (ended.code, ended.stdout) == (2, "s.yaml: ok\n")
    assert [line.partition(": ")[0] for line in ended.stderr.splitlines()] == [
        "t.yaml:5:35",
        "t.yaml:16:49",
        "u.yaml:3:1",
        "v.yaml",
    ]
    assert "did you mean 'seed'?" in ended.stderr


def test_a_report_goes_to_stdout_or_to_a_file(folder: Path) -> None:
    eventsim("run", "s.yaml", "--journal", "j.jsonl.gz")

    shown = eventsim("report", "j.jsonl.gz", "--as", "timeline")
    written = eventsim("report", "j.jsonl.gz", "--as", "timeline", "-o", "r.txt")

    assert shown.stdout.startswith("Every record arrives.")
    assert written == (0, "", "")
    assert (folder / "r.txt").read_text() == shown.stdout


def test_a_report_on_a_run_that_failed_is_no_failure(folder: Path) -> None:
    (folder / "s.yaml").write_text(SCENARIO.replace("min: 2", "min: 3"))
    assert eventsim("run", "s.yaml", "--journal", "j.jsonl").code == 1

    assert eventsim("report", "j.jsonl").code == 0


def test_a_report_on_a_run_that_was_killed_says_so(folder: Path) -> None:
    eventsim("run", "s.yaml", "--journal", "j.jsonl")
    whole = (folder / "j.jsonl").read_bytes()
    (folder / "j.jsonl").write_bytes(whole[:-150])

    ended = eventsim("report", "j.jsonl", "--as", "json")

    assert ended.code == 0
    assert json.loads(ended.stdout)["outcome"] == "cut off"


def test_a_report_never_overwrites_its_journal(folder: Path) -> None:
    eventsim("run", "s.yaml", "--journal", "j.jsonl")
    before = (folder / "j.jsonl").read_bytes()

    ended = eventsim("report", "j.jsonl", "-o", "./j.jsonl")

    assert ended == (2, "", "error: -o ./j.jsonl would overwrite the journal; write another name\n")
    assert (folder / "j.jsonl").read_bytes() == before


@pytest.mark.parametrize("words", [["report"], ["report", "--as", "timeline"], ["explain"]])
@pytest.mark.parametrize("journal", ["no.jsonl", "s.yaml", "half.jsonl"])
def test_what_is_no_journal_leaves_the_file_for_its_report_alone(
    folder: Path, words: list[str], journal: str
) -> None:
    eventsim("run", "s.yaml", "--journal", "whole.jsonl")
    text = (folder / "whole.jsonl").read_text()
    (folder / "half.jsonl").write_text(text.replace("batch_formed", 'x"\n', 1))
    (folder / "kept").write_text("of last week")

    for name in ("kept", "new"):
        ended = eventsim(*words, journal, "-o", name)
        assert (ended.code, ended.stdout) == (2, "")

    assert (folder / "kept").read_text() == "of last week"
    assert not (folder / "new").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["no.jsonl"], "cannot read the journal no.jsonl: No such file or directory"),
        (
            ["s.yaml"],
            "s.yaml:1: not an entry of a journal; a journal is JSON Lines as "
            "`eventsim run --journal FILE` writes them",
        ),
        (
            ["s.yaml", "--as", "pdf"],
            "no reports called 'pdf'; there are: explain, html, json, junit, latency, load, "
            "load_html, load_json, summary, timeline",
        ),
        (["j.jsonl", "-o", "no/r.txt"], "cannot write no/r.txt: No such file or directory"),
    ],
)
def test_a_report_that_cannot_be_made_is_2(folder: Path, words: list[str], message: str) -> None:
    sink = JsonLinesSink(folder / "j.jsonl")
    started = {"kind": "run_started", "schema": 1, "start": "2026-01-01T00:00:00Z"}
    sink.write({"seq": 1, "time": 0.0, "at": "", **started})
    sink.close()

    assert eventsim("report", *words) == (2, "", f"error: {message}\n")


def test_an_empty_stdin_is_no_journal() -> None:
    assert eventsim("report", "-", stdin="") == (
        2,
        "",
        "error: stdin is empty: a journal begins with a run_started entry\n",
    )


@pytest.mark.parametrize("what", ["sources", "invokers", "runtimes", "steps", "reports"])
def test_list_names_each_plug_in_with_what_it_is(what: str) -> None:
    ended = eventsim("list", what)

    lines = [line.split(maxsplit=1) for line in ended.stdout.splitlines()]
    assert [line[0] for line in lines] == registry.names(what)
    assert all(len(line) == 2 for line in lines)


def test_list_names_the_scenarios_on_board_with_their_lessons() -> None:
    lines = dict(
        line.split(maxsplit=1) for line in eventsim("list", "scenarios").stdout.splitlines()
    )

    assert lines["nyc-flights"].startswith("A day of departures from New York")
    for name in lines:
        assert eventsim("check", name).code == 0


def test_list_alone_lists_everything() -> None:
    headings = [line for line in eventsim("list").stdout.splitlines() if line[0] != " "]

    assert headings == [
        *("sources", "invokers", "runtimes", "steps", "reports", "recordings", "scenarios")
    ]
    assert eventsim("list", "source").code == 2


def test_the_schema_is_json() -> None:
    schema = json.loads(eventsim("schema").stdout)

    assert set(yaml.safe_load(SCENARIO)) <= set(schema["properties"])


def test_entries_are_read_as_they_were_written(folder: Path) -> None:
    from eventsim.cli.files import journal_entries

    eventsim("run", "s.yaml", "--journal", "j.jsonl")

    assert all(isinstance(entry, Entry) for entry in journal_entries("j.jsonl"))
