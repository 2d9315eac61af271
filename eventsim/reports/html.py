"""
The run as one page that asks for nothing: lanes to scale, plots below them, everything to click.

A page holds the entries that it shows, up to a bound; this report alone keeps them in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, TextIO

from eventsim.errors import JournalError
from eventsim.journal import Entry
from eventsim.reports import _document
from eventsim.reports._drawing import BAR, LOOKS, OUTCOMES, TICK, Drawing
from eventsim.reports._page import shown
from eventsim.reports._rows import Rows
from eventsim.reports._run import Run, checked
from eventsim.reports._series import PLOTS, SAMPLE

ENTRIES_MAX = 200_000
PORTION_ENTRIES = 5_000
UNMET_MAX = 20
STYLES = (_document.PLOTS_STYLE, "page.css")
SCRIPTS = (
    _document.PLOTS_SCRIPT,
    *(
        "run.js",
        "words.js",
        "view.js",
        "lanes.js",
        "plots.js",
        "details.js",
        "head.js",
        "hands.js",
        "page.js",
    ),
)

_COUNTED = ("invocations", "errors", "throttles", "cold_starts", "retries", "batches")


def write(entries: Iterable[Entry], out: TextIO) -> None:
    """Write the page of one run; of its entries it shows the first 200,000, and says so.

    Nothing is written before the journal was read to its end. Raises JournalError at an entry
    that lacks what its kind must have, or that holds a number that is not finite.
    """
    write_runs([(entries, "")], out)


def write_runs(
    runs: Sequence[tuple[Iterable[Entry], str]], out: TextIO, changed: Sequence[str] = ()
) -> None:
    """Write one page of one or two runs, one above the other on one axis, each with its name.

    *changed* says in words what the second run has otherwise. Raises as ``write`` does.
    """
    title, pieces = "", []
    for number, (entries, name) in enumerate(runs):
        feed = Feed(number, name)
        pieces += [_embedded(portion) for portion in _portions(feed, entries)]
        title = title or feed.title
    names = {"outcomes": OUTCOMES, "looks": LOOKS, "plots": PLOTS, "changed": list(changed)}
    flat = {"bar": BAR, "tick": TICK, "sample": SAMPLE}
    out.writelines(_document.beginning(title, STYLES, SCRIPTS))
    out.write(_document.part("body.html"))
    out.write(_document.data(names | {"columns": flat}, "names"))
    out.writelines(pieces)
    out.writelines(_document.ending(SCRIPTS))


class Feed:
    """A run in portions, as ``run.js`` takes them: at once in a page, or one by one as they come.

    The first portion says what the run is, the last one how it ended. Of more than *entries_max*
    entries the rest is counted, and not drawn.
    """

    def __init__(self, run: int = 0, name: str = "", entries_max: int = ENTRIES_MAX) -> None:
        self._head: dict[str, Any] = {"run": run}
        self._name = name
        self._run, self._rows, self._drawing = Run(), Rows(), Drawing()
        self._entries_max, self._left_out, self._time = entries_max, 0, 0.0

    @property
    def title(self) -> str:
        """The lesson of the run, or its name where it teaches none."""
        return self._run.lesson or self._run.scenario

    def add(self, entry: Entry) -> None:
        """Take one entry that was checked."""
        self._run.add(entry)
        self._time = entry.time
        if entry.kind == "run_started":
            self._head["began"] = self._beginning(entry)
        if self._rows.count >= self._entries_max:
            self._left_out += 1
            return
        lane = self._drawing.lane(entry)
        self._drawing.add(entry, lane, self._rows.add(entry, lane))

    def portion(self) -> dict[str, Any]:
        """What came since the last portion."""
        head, self._head = self._head, {"run": self._head["run"]}
        return {**head, "until": self._time, **self._rows.portion(), **self._drawing.portion()}

    def ending(self) -> dict[str, Any]:
        """The last portion: how the run ended, and what it counted."""
        run = self._run
        self._drawing.finish(self._time)
        counts = run.counts()
        ended = {
            "outcome": run.outcome,
            "because": run.because,
            "seconds": run.seconds,
            "counts": {key: counts[key] for key in _COUNTED} | counts["records"],
            "unmet": _unmet(run),
            "repeat": run.repeat(),
            "left_out": self._left_out,
        }
        return {**self.portion(), "ended": ended}

    def _beginning(self, entry: Entry) -> dict[str, Any]:
        run = self._run
        return {
            "name": self._name,
            "scenario": run.scenario,
            "lesson": run.lesson,
            "at": _began(entry),
            **{key: entry.fields.get(key) for key in ("seed", "clock", "backend", "detail")},
        }


def _unmet(run: Run) -> list[str]:
    """The first expectations that did not hold, in words."""
    lines = (
        f"expected {shown(each['name'])}: wanted {shown(each['wanted'])}, found {each['found']:g}"
        for each in run.expectations
        if not each["passed"]
    )
    return list(islice(lines, UNMET_MAX))


def _portions(feed: Feed, entries: Iterable[Entry]) -> Iterator[dict[str, Any]]:
    for number, entry in enumerate(checked(entries), 1):
        feed.add(entry)
        if number % PORTION_ENTRIES == 0:
            yield feed.portion()
    yield feed.ending()


def _embedded(portion: dict[str, Any]) -> str:
    try:
        return _document.data(portion, "portion")
    except ValueError as error:
        message = "this journal holds a number that is not finite; JSON has none, nor has a page"
        raise JournalError(message) from error


def _began(entry: Entry) -> str | None:
    """When the run began by the simulated clock, or None where that is no date."""
    try:
        at = datetime.fromisoformat(entry.at).replace(tzinfo=None)
        return (at - timedelta(seconds=entry.time)).isoformat(timespec="milliseconds") + "Z"
    except (ValueError, OverflowError):
        return None
