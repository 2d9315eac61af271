"""The run as sentences in order, each with its reason and the setting or rule behind it."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable
from typing import TextIO

from eventsim.journal import Entry
from eventsim.reports._around import Thread
from eventsim.reports._page import Page, Style, plural, shown, span_of_time
from eventsim.reports._plot import Plot, Told
from eventsim.reports._run import Run, checked

TIME_WIDTH = 9
CLOCK_AFTER_SECONDS = 600
SENTENCES_MAX = 12


def write(entries: Iterable[Entry], out: TextIO) -> None:
    """Write the sentences as the entries are read, at 80 columns.

    Sentences alike are told a few times and then counted, so what is written does not grow with
    the run, and neither does what is held. From ten minutes on times are the simulated clock's,
    in UTC. Raises JournalError at an entry that lacks what its kind must have.
    """
    run, pages = _told(entries, out)
    pages.end(_ending(run))


def write_around(read: Callable[[], Iterable[Entry]], wanted: str, out: TextIO) -> None:
    """Write what concerns one record or request: *wanted* is a sequence number or an id.

    *read* begins the journal from its start, and is called twice. Raises EventsimError for what
    the journal tells nothing of, and for the end of several sequence numbers.
    """
    thread = Thread.of(read(), wanted)
    run, pages = _told(filter(thread.concerns, read()), out)
    gap: list[tuple[str, Style]] = [(thread.gap, "bad")] if thread.gap else []
    pages.end([*gap, *_ending(run)[-1:]])


def _told(entries: Iterable[Entry], out: TextIO) -> tuple[Run, Paragraphs]:
    run, plot, pages = Run(), Plot(), Paragraphs(Page(out))
    for entry in checked(entries):
        run.add(entry)
        if entry.kind == "run_started":
            pages.begin(run)
        for told in plot.add(entry):
            pages.tell(told)
    for told in plot.rest():
        pages.tell(told)
    return run, pages


class Paragraphs:
    """Writes what happened at one time as one paragraph, with the time beside it."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._when: str | None = None
        self._date = ""
        self._texts: list[str] = []

    def begin(self, run: Run) -> None:
        """The lesson of the run, or its name."""
        self._page.title("" if run.lesson else run.scenario, run.lesson)
        self._page.line()

    def tell(self, told: Told) -> None:
        """Put a sentence behind the others of its time."""
        clock = told.time >= CLOCK_AFTER_SECONDS
        when = told.at[11:19] if clock else f"{told.time:.3f}s"
        new_date = clock and told.at[:10] != self._date
        if when != self._when or new_date or len(self._texts) >= SENTENCES_MAX:
            self._close()
        if new_date:
            self._date = told.at[:10]
            self._page.line((f"{shown(self._date):>{TIME_WIDTH}}", "bold"))
        self._when = when
        self._texts.append(told.text)

    def end(self, texts: Iterable[tuple[str, Style]]) -> None:
        """What became of everything, and how the run ended, in a paragraph each."""
        told = bool(self._when)
        self._close()
        if not told:
            self._page.line("this journal tells nothing between its start and its end")
        for text, style in texts:
            self._page.line()
            for row in textwrap.wrap(text, self._page.width):
                self._page.line((row, style))

    def _close(self) -> None:
        """Write the paragraph that is open."""
        head = shown(self._when or "")
        width = self._page.width - TIME_WIDTH - 2
        for row in textwrap.wrap(" ".join(self._texts), width, break_on_hyphens=False):
            self._page.line((f"{head:>{TIME_WIDTH}}  ", "dim"), row)
            head = ""
        self._texts = []


def _ending(run: Run) -> list[tuple[str, Style]]:
    counts = run.counts()
    texts: list[tuple[str, Style]] = [(_sums(counts), "")] if _sums(counts) else []
    broken = [each for each in run.expectations if not each["passed"]]
    for each in broken[:SENTENCES_MAX]:
        name, wanted = shown(each["name"]), shown(each["wanted"])
        texts.append((f"Expected was {wanted} of: {name}. Found: {each['found']:,g}.", "bad"))
    held = len(run.expectations) - len(broken)
    ending = "The run is over" if run.outcome != "cut off" else "The journal is cut off"
    text = f"{ending} after {span_of_time(run.seconds)}."
    if held and not broken:
        all_of = _ALL.get(held, f"All {held} expectations")
        text += f" {all_of} of the scenario came true."
    if run.because:
        text += f" It ended as it did because {shown(run.because)}."
    texts.append((text, "good" if run.ok else "bad"))
    return texts


def _sums(counts: dict[str, object]) -> str:
    records = counts["records"]
    assert isinstance(records, dict)
    parts = ", ".join(f"{records[what]:,} {word}" for what, word in _FATES if records[what])
    put = plural(records["put"], "record")
    text = f"In the end, of {put}: {parts}. " if records["put"] and parts else ""
    runs, errors = counts["invocations"], counts["errors"]
    if isinstance(runs, int) and runs:
        times = _TIMES.get(runs, f"{runs:,} times")
        vain = f", {errors:,} of them in vain" if errors else ""
        text += f"Functions ran {times}{vain}."
    return text.strip()


_FATES = (
    ("delivered", "taken"),
    ("discarded", "given up"),
    ("filtered", "filtered out"),
    ("expired", "expired"),
    ("redriven", "moved to a dead-letter queue"),
)
_ALL = {1: "The expectation", 2: "Both expectations"}
_TIMES = {1: "once", 2: "twice"}
