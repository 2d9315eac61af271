"""What a sweep came to: a table of its points, cost against latency, or JSON."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, TextIO

import orjson

from eventsim.reports import Page, dollars, plural, short_span, shown
from eventsim.rules.grids import Axis
from eventsim.sweep.driving import Row, costs
from eventsim.sweep.planning import Plan
from eventsim.sweep.plotting import plot

ROWS_MAX = 200
AXIS_WIDTH_MAX = 9
BECAUSE_MAX = 10
OUTCOMES = ("ok", "failed", "refused", "ended", "lost", "not_run")
_HUMP = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^A-Z_.]+")
_FIGURES = ("cost/M", "p50", "p95", "p99", "per s", "age", "lost")
_LEFT_OUT = ("p95", "p50", "per s", "age")  # first to last, where there is no room
_NOTHING = "-"

Cells = Sequence[str]


def counts(rows: Sequence[Row]) -> dict[str, int]:
    """How many points there are, and how many ended in each way; the latter add up to the first."""
    found = Counter(row.outcome for row in rows)
    return {"points": len(rows), **{outcome: found[outcome] for outcome in OUTCOMES}}


def write_json(plan: Plan, rows: Sequence[Row], out: TextIO) -> None:
    """Write one JSON object: the axes, the counts, and every point with its figures."""
    points = [
        {
            "set": plan.named(row.point),
            "outcome": row.outcome,
            "because": row.because,
            "not_dominated": row.not_dominated,
            "figures": row.figures,
        }
        for row in rows
    ]
    document = {
        "scenario": plan.name,
        "axes": [{"path": axis.name, "values": axis.values} for axis in plan.axes],
        "counts": counts(rows),
        "points": points,
    }
    out.write(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n")


def write_text(plan: Plan, rows: Sequence[Row], out: TextIO) -> None:
    """Write the counts, a table of the points and a plot; of many points those worth a look."""
    page = Page(out)
    page.line((f"{shown(plan.name)}: {', '.join(_counted(rows))}", "bold"))
    for axis in plan.axes:
        page.line((f"  {shown(axis.name)}{_only(axis)}", "dim"))
    page.line()
    _table(page, plan, rows)
    _reasons(page, plan, rows)
    drawn = [at for at, found in enumerate(costs(rows)) if found is not None]
    if len(drawn) > 1:
        page.line()
        _plot(page, rows, drawn)


def _only(axis: Axis) -> str:
    """The one value of an axis that has no other, which needs no column."""
    return f" = {shown(text(axis.values[0]))}" if len(axis.values) == 1 else ""


def _counted(rows: Sequence[Row]) -> Iterator[str]:
    found = counts(rows)
    yield plural(found.pop("points"), "point")
    for outcome, number in found.items():
        if number:
            yield f"{number:,} {outcome.replace('_', ' ')}"


def _table(page: Page, plan: Plan, rows: Sequence[Row]) -> None:
    listed = list(enumerate(rows, 1))
    if len(rows) > ROWS_MAX:
        listed = [(number, row) for number, row in listed if row.not_dominated][:ROWS_MAX]
    titles, lines = _cells_of(plan, listed, page.width)
    widths = [max(map(len, column)) for column in zip(*titles, *lines, strict=True)]
    for title in titles:
        if any(title):
            page.line((_row(" ", title, widths), "dim"))
    for cells, (_, row) in zip(lines, listed, strict=True):
        mark = "*" if row.not_dominated else " "
        page.line((_row(mark, cells, widths), "good" if row.not_dominated else ""))
    page.line()
    kind = next((row.figures["of"] for row in rows if row.figures), "records")
    page.line((f"cost/M: dollars per million {kind} served; p50 to p99: latency of {kind};", "dim"))
    page.line(("age: the highest iterator age. * no other point is better by cost, p99", "dim"))
    page.line(("and the share that was lost, or as good by all three and better by one.", "dim"))
    if len(listed) < len(rows):
        left = len(rows) - len(listed)
        page.line((f"{plural(left, 'point')} are left out here; --json has all of them", "dim"))


def _cells_of(
    plan: Plan, listed: Sequence[tuple[int, Row]], width: int
) -> tuple[list[Cells], list[Cells]]:
    """The title in two lines, and a line for each row; figures that have no room are left out."""
    turning = [at for at, axis in enumerate(plan.axes) if len(axis.values) > 1]
    heads = [("", "#"), *(_broken(plan.axes[at].name) for at in turning)]
    left = [[str(number), *(_value(row.point[at]) for at in turning)] for number, row in listed]
    shown_figures = list(_FIGURES)
    for name in ("", *_LEFT_OUT):
        shown_figures = [figure for figure in shown_figures if figure != name]
        named = [("", figure) for figure in shown_figures]
        titles: list[Cells] = list(zip(*heads, *named, strict=True))
        lines: list[Cells] = [
            [*cells, *_cells(row, shown_figures)]
            for cells, (_, row) in zip(left, listed, strict=True)
        ]
        needed = sum(1 + max(map(len, column)) for column in zip(*titles, *lines, strict=True))
        if needed <= width:
            break
    return titles, lines


def _row(mark: str, cells: Cells, widths: Sequence[int]) -> str:
    return mark + " ".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))


def _broken(name: str) -> tuple[str, str]:
    """The last key of a path over two short lines: ``Batch``, ``Size``."""
    humps = [hump[:AXIS_WIDTH_MAX] for hump in _HUMP.findall(name.rpartition(".")[2])] or [name]
    *first, last = humps
    return "".join(first)[:AXIS_WIDTH_MAX], last


def _value(value: Any) -> str:
    told = shown(text(value))
    return told if len(told) <= AXIS_WIDTH_MAX else told[: AXIS_WIDTH_MAX - 1] + "…"


def text(value: Any) -> str:
    """A value as ``--set`` takes it."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _cells(row: Row, names: Sequence[str]) -> Cells:
    figures = row.figures
    if figures is None:
        return [row.outcome.replace("_", " "), *("" for _ in names[1:])]
    latency = figures["latency"] or {}
    cost, rate = figures["cost_per_million"], figures["throughput"]
    cells = {
        "cost/M": _NOTHING if cost is None else dollars(cost),
        **{name: _span(latency.get(name)) for name in ("p50", "p95", "p99")},
        "per s": _NOTHING if rate is None else f"{rate:,.0f}" if rate >= 100 else f"{rate:.3g}",
        "age": _span(figures["iterator_age"]),
        "lost": f"{figures['lost']:,}",
    }
    return [cells[name] for name in names]


def _span(seconds: float | None) -> str:
    return _NOTHING if seconds is None else short_span(seconds)


def _reasons(page: Page, plan: Plan, rows: Sequence[Row]) -> None:
    """Why points have no figures, and what failed of those that have."""
    told = [(number, why) for number, row in enumerate(rows, 1) if (why := _why(row))]
    if told:
        page.line()
    for number, why in told[:BECAUSE_MAX]:
        page.line((f"#{number} {shown(why)}", "bad"))
    if len(told) > BECAUSE_MAX:
        page.line((f"and {plural(len(told) - BECAUSE_MAX, 'point')} more", "bad"))


def _why(row: Row) -> str:
    if row.because:
        return f"{row.outcome}: {row.because}"
    if row.figures is not None and row.outcome == "failed":
        return f"failed: {', '.join(row.figures['expectations_failed'])}"
    return ""


def _plot(page: Page, rows: Sequence[Row], drawn: Sequence[int]) -> None:
    where = list(costs(rows))
    places = [found for at in drawn if (found := where[at]) is not None]
    marks = [rows[at].not_dominated for at in drawn]
    labels = [str(at + 1) for at in drawn]
    page.line(("cost per million against p99 of latency, down and to the left is better", "bold"))
    lines = plot(places, marks, labels, page.width, across=short_span, up=dollars)
    for line in lines:
        page.line(line)
