"""Lines of a story, and which of them a long story keeps."""

from __future__ import annotations

import textwrap
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest

from eventsim.reports._page import Page, Span, Style, padded, plural
from eventsim.reports._words import Mood

ITEMS_MAX = 26
FIRST = 3
WRONG_MAX = 8
LAST = 5
SORTS_MAX = 256
PLACE_MAX = 18
TIME_WIDTH = 9
ROWS_MAX = 3


@dataclass(slots=True)
class Line:
    """One line of a story; one with ``counts`` stands for many entries, up to ``until``."""

    time: float
    at: str
    place: str
    text: str
    mood: Mood
    counts: dict[str, int] = field(default_factory=dict)
    until: tuple[float, str] = (0.0, "")

    def count(self, amounts: dict[str, int], time: float, at: str) -> None:
        """Let the line stand for one more entry."""
        for what, number in amounts.items():
            self.counts[what] = self.counts.get(what, 0) + number
        self.until = (time, at)


class Lines:
    """The lines of a long story: all of a few, else the first, the failures and the last.

    Of failures alike two are kept, and from the third on the second line counts them. What is
    left out is counted where it is missing. Never more than a fixed number is held.
    """

    def __init__(self) -> None:
        self._count = 0
        self._failures = 0
        self._early: list[tuple[int, Line]] = []
        self._wrong: list[tuple[int, Line]] = []
        self._late: deque[tuple[int, Line]] = deque(maxlen=LAST)
        self._sorts: dict[tuple[str, ...], Line | None] = {}

    def add(self, line: Line) -> None:
        """Put a line at the end."""
        place = (self._count, line)
        self._count += 1
        if len(self._early) < ITEMS_MAX:
            self._early.append(place)
        if line.mood == "wrong":
            self._failures += 1
            if len(self._wrong) < WRONG_MAX:
                self._wrong.append(place)
        self._late.append(place)

    def add_failure(self, line: Line, sort: tuple[str, ...]) -> None:
        """Put a failure at the end, or count it with those of its *sort*."""
        if sort not in self._sorts and len(self._sorts) >= SORTS_MAX:
            sort = ()
        if sort not in self._sorts:
            self._sorts[sort] = None
            self.add(line)
            return
        more = self._sorts[sort]
        if more is None:
            self._sorts[sort] = line
            self.add(line)
            return
        if line.place != more.place:
            more.place = ""
        more.count({"more like this": 1 if more.counts else 2}, line.time, line.at)

    def kept(self) -> Iterator[Line]:
        """The lines to show, in order, with a line for each gap."""
        if self._count <= ITEMS_MAX:
            yield from (line for _, line in self._early)
            return
        chosen = {**dict(self._early[:FIRST]), **dict(self._wrong), **dict(self._late)}
        expected = 0
        for index in sorted(chosen):
            if index > expected:
                yield _note(f"… {plural(index - expected, 'more line')}", "quiet")
            yield chosen[index]
            expected = index + 1
        missing = self._failures - sum(line.mood == "wrong" for line in chosen.values())
        if missing:
            yield _note(f"{plural(missing, 'line')} of what was left out told of failures", "wrong")


def write_lines(page: Page, lines: list[Line], clock: bool) -> None:
    """Write *lines* with their times: of the clock, with each new date, or since the start."""
    width = min(PLACE_MAX, page.width // 4, max((len(line.place) for line in lines), default=0))
    date = lines[0].at[:10] if lines else ""
    for line in lines:
        if clock and line.place and line.at[:10] != date:
            date = line.at[:10]
            page.line((f"{date:>{TIME_WIDTH}}", "bold"))
        when = _when(line.time, line.at, clock) if line.place else ""
        text = _folded(line, clock) if line.counts else line.text
        style: Style = "bad" if line.mood == "wrong" else ""
        rows = _rows(text, page.width - TIME_WIDTH - width - 4)
        for place, row in zip_longest([line.place], rows, fillvalue=""):
            head: Span = (f"{when:>{TIME_WIDTH}}  ", "dim")
            page.line(head, padded(place, width), "  ", (row, style))
            when = ""


def _rows(text: str, width: int) -> list[str]:
    """*text* over a few rows: a reason is worth more than one, but not many."""
    return textwrap.wrap(text, width, max_lines=ROWS_MAX, placeholder=" …") or [""]


def _note(text: str, mood: Mood) -> Line:
    return Line(0.0, "", "", text, mood)


def _when(time: float, at: str, clock: bool) -> str:
    return at[11:19] if clock else f"{time:.3f}s"


def _folded(line: Line, clock: bool) -> str:
    """``64 batches, 209 records delivered until 23:58:12``."""
    counts = dict(line.counts)
    delivered = counts.pop("delivered", 0)
    parts = []
    if batches := counts.pop("batch", 0):
        parts.append(f"{plural(batches, 'batch')}, {plural(delivered, 'record')} delivered")
    else:
        waiting = max(counts.get("read", 0), counts.get("put", 0))
        if waiting:
            parts.append(f"{plural(waiting, 'record')} {'read' if counts.get('read') else 'put'}")
    counts.pop("put", 0)
    counts.pop("read", 0)
    if filtered := counts.pop("filtered", 0):
        parts.append(f"{plural(filtered, 'record')} filtered out")
    if more := counts.pop("more like this", 0):
        parts.append(f"… {more:,} more failures like this")
    parts += [plural(number, what) for what, number in counts.items()]
    until = _when(*line.until, clock)
    same = line.until == (line.time, line.at)
    if clock and line.until[1][:10] != line.at[:10]:
        until = f"{line.until[1][5:10]} {until}"
    return ", ".join(parts) + ("" if same else f" until {until}")
