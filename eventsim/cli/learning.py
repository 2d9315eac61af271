"""What ``eventsim learn`` shows: the list of lessons, or one: question, run, answer, change."""

from __future__ import annotations

import shlex
import sys
import tempfile
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

from eventsim.cli.exits import FAILED, OK
from eventsim.cli.files import journal_entries
from eventsim.cli.report import Report
from eventsim.errors import EventsimError, ScenarioError
from eventsim.journal import Entry
from eventsim.journal.sinks import JsonLinesSink
from eventsim.reports import Page
from eventsim.scenario import Lesson, load
from eventsim.scenario.document import lesson as lesson_of
from eventsim.scenario.project import aboard, find_aboard, meant_among, number, title
from eventsim.simulation import Options, run


def course() -> list[Path]:
    """The scenarios that are lessons, in the order in which they are taught."""
    return [path for path in aboard() if number(path)]


def list_all() -> None:
    """Print each lesson: its number, its name, and what it teaches."""
    page = Page(sys.stdout)
    width = max((len(title(path)) for path in course()), default=0)
    for path in course():
        said = lesson_of(path.read_text("utf-8"))
        rows = textwrap.wrap(said, page.width - width - 6) or [""]
        head = f"{number(path):>2}  {title(path):<{width}}  "
        for row in rows:
            page.line((head, "bold"), row)
            head = " " * len(head)
    page.line()
    page.line("one of them: eventsim learn NUMBER")


def teach(name: str) -> int:
    """Ask, run, show and answer one lesson; the exit code.

    Raises EventsimError for a name of nothing, and for a scenario without a lesson.
    """
    path = _found(name)
    scenario = load(path)
    lesson = scenario.teaching
    if lesson is None:
        raise EventsimError(
            f"{path.stem} has no lesson; run it by itself: eventsim run {path.stem}"
        )
    page = Page(sys.stdout)
    page.line((f"{number(path)} of {len(course())}: {title(path)}", "bold"))
    page.line()
    _say(page, "Question", lesson.question)
    with tempfile.TemporaryDirectory(prefix="eventsim-") as folder:
        file = Path(folder, "run.jsonl")
        result = run(scenario, Options(time="virtual", sinks=[JsonLinesSink(file)]))
        Report("timeline").write(journal_entries(str(file)), sys.stdout)
        page.line()
        heading = _called("What happened, and why", journal_entries(str(file)))
        Report("explain").write(heading, sys.stdout)
    page.line()
    _tell(page, path, lesson)
    return OK if result.ok else FAILED


def _found(name: str) -> Path:
    try:
        return find_aboard(name)
    except ScenarioError:
        close = meant_among(name, course())
        hint = f"did you mean '{close}'?" if close else f"there are 1 to {len(course())}"
        raise EventsimError(f"no lesson called '{name}'; {hint}") from None


def _tell(page: Page, path: Path, lesson: Lesson) -> None:
    _say(page, "Answer", lesson.answer)
    command = f"eventsim run {path.stem} --set {shlex.quote(lesson.change)} --versus"
    page.uncut("Try       ", command)
    page.line()
    _say(page, "Then", lesson.then)
    page.uncut("Read it   ", str(path))
    following = [each for each in course() if number(each) == number(path) + 1]
    if following:
        page.line((f"next: eventsim learn {number(following[0])}", "dim"))


def _say(page: Page, label: str, text: str) -> None:
    """A label and a text beside it, over as many lines as it takes."""
    head = f"{label:<10}"
    for row in textwrap.wrap(text, page.width - len(head)):
        page.line((head, "bold"), row)
        head = " " * len(head)
    page.line()


def _called(heading: str, entries: Iterable[Entry]) -> Iterator[Entry]:
    """The entries with another title: the lesson stands above the timeline already."""
    for entry in entries:
        if entry.kind == "run_started":
            yield entry._replace(fields={**entry.fields, "scenario": heading, "lesson": ""})
        else:
            yield entry
