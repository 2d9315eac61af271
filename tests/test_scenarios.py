"""
Every scenario holds, opens with its lesson, and fails when what it teaches is taken away.

Those of the course, which have numbers, say themselves what that is; see tests/test_course.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from eventsim import Options, Scenario, load, run
from eventsim.journal.sinks import MemorySink
from eventsim.rules.mapping_settings import SETTINGS
from eventsim.scenario.document import lesson, parse
from eventsim.scenario.project import number, title
from eventsim.simulation.loading import Loading

FOLDER = Path(__file__).parent.parent / "scenarios"
PATHS = sorted(FOLDER.glob("*.yaml"))
NAMES = [path.stem for path in PATHS]
LINES_MAX, COLUMNS_MAX = 60, 100
BY_FIELD = {setting.field: name for name, setting in SETTINGS.items()}


class Edit(NamedTuple):
    """A change to a scenario's text after which it must not hold."""

    old: str
    new: str


BREAKING = {
    "async-destinations": Edit("MaximumRetryAttempts: 0", "MaximumRetryAttempts: 1"),
    "async-event-age": Edit("InSeconds: 90", "InSeconds: 200"),
    "async-throttles": Edit("Executions: 1", "Executions: 3"),
    "async-zero-concurrency": Edit("  - {at: 0s, throttle:", "  # {at: 0s, throttle:"),
    "aws-measured": Edit("mean: 2.016s", "mean: 4.032s"),
    "chain": Edit("[{queue: inbox}]", "[]"),
    "duplicate-events": Edit("deliveries: 0.2", "deliveries: 0"),
    "bus-rules": Edit('[">", 100]', '[">", 90]'),
    "disable-and-enable": Edit("{Enabled: true}", "{Enabled: false}"),
    "execution-role": Edit("elsewhere.Arn", "discarded.Arn"),
    "fan-out": Edit("Stream: orders/consumer/fast", "Stream: orders"),
    "load": Edit("Executions: 14", "Executions: 9"),
    "memory": Edit("MemorySize: 1769", "MemorySize: 512"),
    "merge-shards": Edit("  - {at: 1s, merge:", "  # {at: 1s, merge:"),
    "nyc-flights": Edit("2013-01-01.jsonl", "ten-minutes.jsonl"),
    "nyc-flights-ten-minutes": Edit("ten-minutes.jsonl", "2013-01-01.jsonl"),
    "poller-restart": Edit("at: 5s", "at: 20s"),
    "provisioned-concurrency": Edit("Executions: 2", "Executions: 1"),
    "queue": Edit("body: shaky", "body: fine"),
    "queue-concurrency": Edit("Concurrency: 2", "Concurrency: 3"),
    "queue-fifo": Edit("behind it, group: a", "behind it, group: b"),
    "queue-partial-batch": Edit("[ReportBatchItemFailures]", "[]"),
    "recursion": Edit("RecursiveLoop: Terminate", "RecursiveLoop: Allow"),
    "record-age": Edit("InSeconds: 60", "InSeconds: 120"),
    "retries": Edit("Attempts: 2", "Attempts: 1"),
    "slow-init": Edit("Timeout: 20", "Timeout: 3"),
    "six-megabytes": Edit("BatchSize: 3", "BatchSize: 1"),
    "starting-position": Edit("Position: LATEST", "Position: TRIM_HORIZON"),
    "table-view": Edit("view: NEW_AND_OLD_IMAGES", "view: NEW_IMAGE"),
    "throttle": Edit("  - {at: 0s, throttle:", "  # {at: 0s, throttle:"),
    "time-to-live": Edit(", ttl: expires", ""),
    "versions-and-aliases": Edit("  - {at: 30s, shift:", "  # {at: 30s, shift:"),
}


def changed(name: str, edit: Edit) -> Scenario:
    text = (FOLDER / f"{name}.yaml").read_text("utf-8")
    assert text.count(edit.old) == 1, f"{edit.old!r} is not once in {name}"
    values: Any = parse(text.replace(edit.old, edit.new)).value
    return Scenario.of(values, FOLDER)


def settings(scenario: Scenario) -> set[str]:
    """The settings of event source mappings that a scenario writes."""
    return {
        BY_FIELD[field]
        for function in scenario.functions.values()
        for event in function.events.values()
        for field in event.properties.model_fields_set & BY_FIELD.keys()
    }


def played(scenario: Scenario, sink: MemorySink) -> tuple[str, Sequence[Any]]:
    """How a scenario ends when it is run, or put under the load that it says, and its verdicts."""
    options = Options(sinks=[sink])
    if scenario.load is None:
        result = run(scenario, options)
        return result.outcome, result.verdicts
    loading = Loading(scenario, options)
    loading.run()
    return sink.entries[-1].fields["outcome"], loading.verdicts


@pytest.mark.parametrize("name", NAMES)
def test_it_holds(name: str) -> None:
    sink = MemorySink()
    outcome, verdicts = played(load(FOLDER / f"{name}.yaml"), sink)

    assert sink.entries[0].kind == "run_started"
    assert [verdict for verdict in verdicts if not verdict.passed] == []
    assert verdicts
    assert outcome == "ok"


@pytest.mark.parametrize("name", sorted(BREAKING))
def test_it_fails_without_what_it_teaches(name: str) -> None:
    assert played(changed(name, BREAKING[name]), MemorySink())[0] == "failed"


def test_every_scenario_has_a_change_that_breaks_it() -> None:
    unnumbered = [path.stem for path in PATHS if not number(path)]

    assert sorted(BREAKING) == sorted(unnumbered)


@pytest.mark.parametrize("path", PATHS, ids=NAMES)
def test_it_opens_with_its_lesson_in_one_sentence(path: Path) -> None:
    text = path.read_text("utf-8")
    said = lesson(text)

    assert text.startswith(f"# {said}\n#\n")
    assert said.endswith(".")
    assert not {". ", "! ", "? "} & {said[n : n + 2] for n in range(len(said))}
    assert said[0].isupper()


@pytest.mark.parametrize("path", PATHS, ids=NAMES)
def test_it_is_called_like_its_file_and_can_be_read_at_once(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()

    assert load(path).name == title(path)
    assert len(lines) <= LINES_MAX
    assert max(map(len, lines)) <= COLUMNS_MAX


def test_every_setting_of_a_mapping_is_shown_by_some_scenario() -> None:
    assert set().union(*(settings(load(path)) for path in PATHS)) == set(SETTINGS)
