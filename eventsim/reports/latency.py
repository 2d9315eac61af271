"""Percentiles: how long functions and their init took, and how old records were when done."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from hdrh.histogram import HdrHistogram

from eventsim.journal import Entry
from eventsim.reports._page import Page, padded, short_span, shown
from eventsim.reports._run import Run, checked

PERCENTILES = (50, 90, 95, 99, 99.9)
TOLD = (50, 95, 99)  # where there is room for a few
_DIGITS = 9
MICROSECONDS_MAX = 400 * 86_400 * 1_000_000
SIGNIFICANT_DIGITS = 3
LABEL_MIN = 20
COLUMN = 7

_TITLES = {
    "duration": "invocation duration, by function",
    "init": "init of cold starts, by function",
    "age": "record latency, by mapping: arrival of a batch's last record to its delivery",
}


class Measured:
    """Durations in seconds, as a histogram of microseconds with three significant digits."""

    def __init__(self) -> None:
        self._histogram = HdrHistogram(1, MICROSECONDS_MAX, SIGNIFICANT_DIGITS)
        self._sum = self._max = 0.0
        self.count = 0

    def add(self, seconds: float, count: int = 1) -> None:
        """Take one, or so many; below zero counts as zero, over 400 days as 400 days."""
        micros = min(max(round(seconds * 1_000_000), 0), MICROSECONDS_MAX)
        self._histogram.record_value(micros, count)
        self.count += count
        self._sum += seconds * count
        self._max = max(self._max, seconds)

    @property
    def mean(self) -> float:
        return self._sum / self.count

    @property
    def max(self) -> float:
        return self._max

    def fields(self) -> dict[str, float]:
        """Mean, percentiles and maximum in seconds. To be asked of one that is not empty."""
        found = {f"p{percent}": self.percentile(percent) for percent in TOLD}
        told = {"mean": self.mean, **found, "max": self.max}
        return {name: round(value, _DIGITS) for name, value in told.items()}

    def percentile(self, percent: float) -> float:
        """The value that *percent* of all values do not exceed, never above the maximum."""
        micros: int = self._histogram.get_value_at_percentile(percent)
        return min(micros / 1_000_000, self._max)


def write(entries: Iterable[Entry], out: TextIO) -> None:
    """Write a table per measure: count, mean, percentiles and maximum per name.

    Each batch counts once, whatever its size. Raises JournalError at an entry that lacks what
    its kind must have.
    """
    run = Run()
    measures: dict[str, dict[str, Measured]] = {key: {} for key in _TITLES}
    for entry in checked(entries):
        kind, fields = entry.kind, entry.fields
        if kind == "batch_delivered":
            _measured(measures["age"], fields["mapping"]).add(fields["age"])
        elif kind == "invocation_finished":
            _measured(measures["duration"], fields["function"]).add(fields["duration"])
        elif kind == "environment_started":
            _measured(measures["init"], fields["function"]).add(fields["init"])
        elif kind == "run_started":
            run.add(entry)
    page = Page(out)
    page.title(run.scenario, run.lesson)
    for key, title in _TITLES.items():
        _table(page, title, measures[key])
    page.line()
    page.line(("Each batch counts once, whatever its size. Three digits are significant.", "dim"))


def _measured(table: dict[str, Measured], name: str) -> Measured:
    found = table.get(name)
    if found is None:
        found = table[name] = Measured()
    return found


def _table(page: Page, title: str, rows: dict[str, Measured]) -> None:
    page.line()
    page.line((title, "bold"))
    if not rows:
        page.line("  none in this journal")
        return
    narrow = page.width < LABEL_MIN + 8 * COLUMN
    percentiles = (50, 99) if narrow else PERCENTILES
    names = ["count", "mean", *(f"p{percent:g}" for percent in percentiles), "max"]
    label = page.width - COLUMN * len(names)
    page.line((" " * label + "".join(f"{name:>{COLUMN}}" for name in names), "dim"))
    for name, row in sorted(rows.items()):
        values = [row.mean, *(row.percentile(percent) for percent in percentiles), row.max]
        cells = [_number(row.count), *(short_span(value) for value in values)]
        figures = "".join(f"{cell:>{COLUMN}}" for cell in cells)
        page.line(padded("  " + shown(name), label - 1) + " " + figures)


def _number(count: int) -> str:
    """A count in six columns: exact below a million."""
    return f"{count}" if count < 1_000_000 else f"{count / 1e6:.3g}M"
