"""A source, an invoker and a report of one's own: the page's code, used from outside."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from eventsim import (
    Entry,
    EventsimError,
    Options,
    Result,
    Scenario,
    ScenarioError,
    load,
    registry,
    run,
)
from eventsim.backends import open_backend
from eventsim.clock import Clock
from eventsim.errors import UnknownPlugin
from eventsim.journal.sinks import MemorySink
from eventsim.streams import PutSummary
from eventsim.types import Position, PutRecord, Stream
from tests.outside.busy import Busy

TESTS = Path(__file__).parent
OUTSIDE = TESTS / "outside"
PAGE = TESTS.parent / "docs" / "extending.md"
START = 1_767_225_600.0  # 2026-01-01T00:00:00Z
ARN = "arn:aws:ticks:us-east-1:123456789012:beats"


@pytest.fixture(autouse=True)
def on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """What installing the package ``outside`` would do."""
    monkeypatch.syspath_prepend(TESTS)


def values(**changes: Any) -> dict[str, Any]:
    """The page's scenario, and what a test changes of it."""
    plain: dict[str, Any] = yaml.safe_load((OUTSIDE / "beats.yaml").read_text("utf-8"))
    return plain | changes


def played(plain: dict[str, Any], **options: Any) -> tuple[Result, list[Entry]]:
    sink = MemorySink()
    result = run(Scenario.of(plain, OUTSIDE), Options(sinks=[sink], **options))
    return result, sink.entries


def delivered(entries: list[Entry]) -> list[tuple[float, str, str]]:
    """When which ticks were taken."""
    found = [entry for entry in entries if entry.kind == "batch_delivered"]
    return [(entry.time, entry.fields["first"], entry.fields["last"]) for entry in found]


def event(*numbers: int) -> dict[str, Any]:
    return {"source": ARN, "ticks": [{"number": n, "at": START + 10 * n} for n in numbers]}


def eventsim(folder: Path, *words: str, beside: Path = TESTS) -> str:
    """What the command prints for somebody who has ``outside`` on the path."""
    done = subprocess.run(
        [sys.executable, "-m", "eventsim", *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(beside), str(TESTS.parent)])},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_code_on_the_page_is_the_code_that_is_tested() -> None:
    blocks = re.findall(
        r"^`outside/(\S+)`.*?\n+```\w+\n(.*?)^```$",
        PAGE.read_text("utf-8"),
        re.MULTILINE | re.DOTALL,
    )
    files = [path for path in OUTSIDE.iterdir() if path.is_file() and path.stat().st_size]

    assert dict(blocks) == {path.name: path.read_text("utf-8") for path in files}


def test_a_source_of_ones_own_goes_through_the_poller() -> None:
    result, entries = played(values())

    assert result.ok
    assert delivered(entries) == [(40.101, "1", "4"), (100.102, "5", "6")]
    assert [entry.fields["mapping"] for entry in entries if entry.kind == "batch_formed"] == [
        "counter.Beats",
        "counter.Beats",
    ]


def test_two_mappings_on_a_source_of_ones_own_are_told_of_each_record_once() -> None:
    functions = values()["functions"]

    result, entries = played(values(functions=functions | {"second": functions["counter"]}))

    puts = [entry.fields["first"] for entry in entries if entry.kind == "records_put"]
    assert result.outcome == "failed"  # the expectation is of one function
    assert puts == ["1", "2", "3", "4", "5", "6"]


@pytest.mark.parametrize(
    ("resource", "fault"),
    [
        ({"type": "outside.ticks", "every": 0, "count": 6}, "resources.beats.every"),
        ({"type": "outside.ticks", "often": 1, "count": 6}, "resources.beats.often"),
        ({"type": "outside.tocks"}, "no module named 'outside.tocks'"),
        ({"type": "outside.shout"}, "module 'outside.shout' has no Resource"),
    ],
)
def test_a_wrong_resource_of_ones_own_is_told_as_any_other(
    resource: dict[str, Any], fault: str
) -> None:
    with pytest.raises(ScenarioError, match=re.escape(fault)):
        Scenario.of(values(resources={"beats": resource}), OUTSIDE)


def test_the_event_of_a_mapping_has_to_be_that_of_the_source() -> None:
    plain = values()
    plain["functions"]["counter"]["Events"]["Beats"]["Type"] = "Kinesis"

    with pytest.raises(ScenarioError, match=r"its stream is outside\.ticks; write Ticks"):
        Scenario.of(plain, OUTSIDE)


def test_a_source_that_lacks_a_function_is_told_before_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (OUTSIDE / "ticks.py").read_text("utf-8")
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "__init__.py").write_text("")
    (tmp_path / "half" / "ticks.py").write_text(text.replace("def event(", "def other("))
    monkeypatch.syspath_prepend(tmp_path)
    sink = MemorySink()
    scenario = Scenario.of(values(resources={"beats": {"type": "half.ticks", "count": 1}}), OUTSIDE)

    with pytest.raises(UnknownPlugin, match=r"module 'half\.ticks' has no event, which"):
        run(scenario, Options(sinks=[sink]))

    assert sink.entries == []


def test_what_a_source_of_ones_own_refuses_ends_the_run() -> None:
    step = {"at": "5s", "put": "beats", "records": [{"key": "a", "data": "b"}]}

    with pytest.raises(EventsimError, match="makes its own records"):
        played(values(timeline=[step]))


async def ticks(clock: Clock, told: list[PutSummary]) -> Stream:
    module = registry.load("sources", "outside.ticks")
    backend = await open_backend("simulated", clock)
    resource = module.Resource(every=10, count=3)
    stream: Stream = await module.open_stream("beats", resource, backend, told.append)
    return stream


@pytest.mark.parametrize(
    ("position", "numbers"),
    [
        (Position("TRIM_HORIZON"), [1, 2, 3]),
        (Position("LATEST"), [3]),
        (Position("AT_TIMESTAMP", timestamp=START + 11), [2, 3]),
        (Position("AT_SEQUENCE_NUMBER", "2"), [2, 3]),
        (Position("AFTER_SEQUENCE_NUMBER", "2"), [3]),
        (Position("AFTER_SEQUENCE_NUMBER", "3"), []),
    ],
)
async def test_a_reader_of_ones_own_begins_where_it_is_told(
    clock: Clock, position: Position, numbers: list[int]
) -> None:
    stream = await ticks(clock, [])
    await clock.sleep_until(25)
    reader, found, ended = stream.reader("tick-0", position), list[int](), False

    while not ended:
        read = await reader.read(None)
        found += [record.data for record in read.records]
        ended = read.ended

    assert found == numbers


async def test_a_reader_of_ones_own_returns_at_until_and_loses_nothing(clock: Clock) -> None:
    told: list[PutSummary] = []
    reader = (await ticks(clock, told)).reader("tick-0", Position("TRIM_HORIZON"))

    early = await reader.read(10.0)
    at, late = clock.time(), await reader.read(11.0)

    assert (at, list(early.records), [record.data for record in late.records]) == (10.0, [], [1])
    assert told == [PutSummary("tick-0", "1", "1", 1, 10.0, 10.0)]


async def test_nobody_can_put_on_a_stream_that_makes_its_own_records(clock: Clock) -> None:
    stream = await ticks(clock, [])

    with pytest.raises(EventsimError, match="makes its own records"):
        await stream.put([PutRecord("a", b"")])
    with pytest.raises(EventsimError, match="makes its own records"):
        await stream.feed(iter(()))


def test_an_invoker_of_ones_own_gets_the_events_and_its_refusals_are_waited_out() -> None:
    busy, plain = Busy(refusals=2), values()
    plain["functions"]["counter"]["Handler"] = "nowhere.handler"  # nobody imports it

    result, entries = played(plain, invoker=busy)

    waits = [entry.fields["wait"] for entry in entries if entry.kind == "retry_scheduled"]
    assert result.ok
    assert busy.events == [event(1, 2, 3, 4), event(5, 6)]
    assert len(waits) == 2
    assert delivered(entries)[0] == (40.0 + sum(waits), "1", "4")
    assert not [entry for entry in entries if entry.kind.startswith(("invocation", "environment"))]


def test_the_lines_that_use_the_invoker_run(monkeypatch: pytest.MonkeyPatch) -> None:
    (lines,) = re.findall(
        r"^```\n(from eventsim .*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    monkeypatch.chdir(TESTS)

    exec(lines, {})


def test_a_report_of_ones_own_reads_the_journal_of_any_run() -> None:
    _, entries = played(values())
    out = io.StringIO()

    registry.load("reports", "outside.shout", wants=["write"]).write(entries, out)

    assert out.getvalue() == "40.101S COUNTER TOOK 4!\n100.102S COUNTER TOOK 2!\nOK!\n"


def test_the_command_takes_a_source_and_a_report_from_outside(tmp_path: Path) -> None:
    journal = str(tmp_path / "run.jsonl")

    eventsim(tmp_path, "run", str(OUTSIDE / "beats.yaml"), "--journal", journal)

    assert eventsim(tmp_path, "report", journal, "--as", "outside.shout") == (
        "40.101S COUNTER TOOK 4!\n100.102S COUNTER TOOK 2!\nOK!\n"
    )


def test_a_source_of_ones_own_pushes_in_a_scenario() -> None:
    sink = MemorySink()
    result = run(load(OUTSIDE / "doorbell.yaml"), Options(sinks=[sink]))

    answers = [entry.because for entry in sink.entries if entry.kind == "push_answered"]
    assert result.ok
    assert answers == [None, None, "the answer is neither true nor false"]


SIREN = """\
from typing import Annotated

INVOCATION_TYPES = ("Event",)
PRINCIPAL = "siren.amazonaws.com"

def wail(scene, *, decibels: Annotated[int, "how loud"] = 90):
    "A siren wails."
    return {"id": scene.hex(4), "decibels": decibels}

EVENTS = (wail,)
"""


def test_one_file_in_a_folder_is_a_source_for_scenarios_generate_and_push(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "siren.py").write_text(SIREN)
    (tmp_path / "app.py").write_text("def handler(event, context):\n    print(event)\n")
    (tmp_path / "s.yaml").write_text(
        "# It wails.\nname: s\nfunctions: {app: {Handler: app.handler}}\n"
        "timeline: [{at: 1s, push: mine.siren, to: app, with: {decibels: 99}}]\n"
        "expect: [{entry: event_pushed, where: {source: mine.siren, type: Event}, count: 1}]\n"
    )

    generated = eventsim(
        tmp_path, "generate", "mine.siren", "wail", "--decibels", "7", "--compact", beside=tmp_path
    )
    shown = eventsim(tmp_path, "generate", "mine.siren", "--help", beside=tmp_path)
    pushed = eventsim(
        tmp_path, "push", "mine.siren", "--handler", "app.handler", "--json", beside=tmp_path
    )
    ran = eventsim(tmp_path, "run", "s.yaml", beside=tmp_path)

    assert json.loads(generated)["decibels"] == 7
    assert "wail  A siren wails" in shown
    assert json.loads(pushed)["payload"]["decibels"] == 90
    assert "ok      event_pushed where source mine.siren" in ran
