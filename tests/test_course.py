"""The course: numbered scenarios, each with a question, an answer and a change that breaks it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from eventsim import Options, load, run
from eventsim.errors import ScenarioError
from eventsim.journal.sinks import MemorySink
from eventsim.scenario import Lesson, Scenario
from eventsim.scenario.project import aboard, number, title

COURSE = [path for path in aboard() if number(path)]
IDS = [path.stem for path in COURSE]
SENTENCES_MAX = 5

# The ideas of the course, in the order in which they are taught.
IDEAS = (
    *("first-batch", "batching-window", "order-per-shard", "poison-record", "bisect"),
    *("partial-batch-response", "retries-and-age", "on-failure-destination"),
    *("parallelization-factor", "tumbling-window", "filters", "split-a-shard", "table-changes"),
    *("queue-redrive", "function-policy", "async-retries", "dry-run", "cold-starts", "timeout"),
    *("reserved-concurrency", "weighted-alias", "api-gateway", "sns-fan-out", "photos"),
    *("custom-resource", "scheduled", "alarm", "alexa-dialog", "vpc-in-2017"),
)


@cache
def taught(path: Path) -> Lesson:
    teaching = load(path).teaching
    assert teaching is not None
    return teaching


def test_the_course_is_numbered_without_a_gap_in_the_order_of_its_ideas() -> None:
    assert [number(path) for path in COURSE] == [*range(1, len(COURSE) + 1)]
    assert [title(path) for path in COURSE] == [*IDEAS]


@pytest.mark.parametrize("path", COURSE, ids=IDS)
def test_its_own_change_takes_away_what_it_teaches(path: Path) -> None:
    assert run(load(path, [taught(path).change])).outcome == "failed"


def test_the_report_of_lesson_19_is_late_only_because_its_process_is_stopped() -> None:
    path = COURSE[18]
    text = path.read_text("utf-8")
    failed = {"function": "report", "error_type": "LookupError"}

    def late(*changes: str) -> int:
        sink = MemorySink()
        run(load(path, changes), Options(sinks=[sink]))
        ends = [each.fields for each in sink.entries if each.kind == "invocation_finished"]
        return sum(failed.items() <= fields.items() for fields in ends)

    assert "run_in: python" in text
    assert late() == 1
    assert late("report.run_in=inline") == 0  # nothing stops a thread of this process


@pytest.mark.parametrize("path", COURSE, ids=IDS)
def test_it_asks_before_it_answers_and_does_not_go_on_for_long(path: Path) -> None:
    lesson = taught(path)
    text = path.read_text("utf-8")

    assert lesson.question.endswith("?")
    assert text.index("question:") < text.index("answer:") < text.index("try:")
    for said in (lesson.answer, lesson.then):
        assert said.endswith(".")
        assert said.count(". ") < SENTENCES_MAX


def test_only_the_course_has_lessons() -> None:
    texts = {path.stem: path.read_text("utf-8") for path in aboard() if not number(path)}

    assert [name for name, text in texts.items() if "\nlesson:" in text] == []


QUESTION = {"question": "What?", "answer": "That.", "then": "This."}


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("BatchSize", "lesson.try: is 'BatchSize'; write PATH=VALUE, such as Orders.BatchSize=3"),
        (
            "sed=3",
            "lesson.try: is 'sed=3': there is no 'sed' in the scenario; did you mean 'seed'?",
        ),
    ],
)
def test_a_change_that_cannot_be_made_is_a_fault_of_the_scenario(change: str, fault: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        Scenario.of({"name": "x", "seed": 1, "lesson": {**QUESTION, "try": change}})

    assert str(refused.value) == fault


def test_a_lesson_has_all_of_its_parts() -> None:
    with pytest.raises(ScenarioError) as refused:
        Scenario.of({"name": "x", "lesson": {"question": "What?", "hint": "think"}})

    assert sorted(str(refused.value).splitlines()) == [
        "lesson.answer: no answer in lesson; write answer: Three, of two records each.",
        "lesson.hint: unknown key 'hint' in lesson; there are: answer, question, then, try",
        "lesson.then: no then in lesson; write then: There are two, of three records each.",
        "lesson.try: no try in lesson; write try: Orders.BatchSize=3",
    ]
