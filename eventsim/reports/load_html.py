"""A load as one page that asks for nothing: figures, thresholds, and curves over its time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TextIO

from eventsim.journal import Entry
from eventsim.reports import _document
from eventsim.reports._document import text
from eventsim.reports._load import NONE, Loaded, asked, found, series, statistics, times
from eventsim.reports._page import dollars, short_span

STYLES = (_document.PLOTS_STYLE, "load/load.css")
SCRIPTS = (_document.PLOTS_SCRIPT, "load/load.js")

_COLUMNS = ("count", "mean", "p50", "p90", "p95", "p99", "p99.9", "max")
_PLOTS = {
    "rate": [
        {"name": "sent", "label": "sent", "look": "--one"},
        {"name": "answered", "label": "answered", "look": "--two"},
        {"name": "errors", "label": "errors", "look": "--four"},
    ],
    "latency": [
        {"name": "p50", "label": "p50", "look": "--two"},
        {"name": "p95", "label": "p95", "look": "--one"},
        {"name": "p99", "label": "p99", "look": "--three"},
    ],
    "concurrency": [
        {"name": "environments", "label": "environments at work", "look": "--one"},
        {"name": "in_flight", "label": "requests in flight", "look": "--three"},
    ],
}
_HEADINGS = (
    ("rate", "number", "Requests a second"),
    ("latency", "time", "Latency of what was answered, from when it was due"),
    ("concurrency", "number", "At work at once, on average of each point"),
)


def write(entries: Iterable[Entry], out: TextIO) -> None:
    """Write the page of the last load of a journal, or one that says that there is none."""
    loaded = Loaded.of(entries)
    if loaded is None:
        out.writelines(_document.beginning("load", STYLES, ()))
        out.write(f"<p>{text(NONE)}</p>\n")
        out.writelines(_document.ending(()))
        return
    title = loaded.started.get("scenario") or "load"
    lesson = loaded.started.get("lesson")
    heading = f"{title}: {lesson}" if lesson else title
    out.writelines(_document.beginning(heading, STYLES, SCRIPTS))
    out.writelines(_body(loaded, heading))
    drawn = {
        "series": series(loaded.measured),
        "plots": _PLOTS,
        "warm_up": loaded.measured.warm_up,
    }
    out.write(_document.data(drawn, "load"))
    out.writelines(_document.ending(SCRIPTS))


def _body(loaded: Loaded, heading: str) -> Iterator[str]:
    yield f'<h1>{text(heading)}</h1>\n<p class="facts">{text(asked(loaded))}</p>\n'
    yield '<dl class="figures">\n'
    for name, value, look in _figures(loaded):
        yield f'<div><dt>{text(name)}</dt><dd class="{look}">{text(value)}</dd></div>\n'
    yield "</dl>\n"
    notes = list(loaded.notes())
    if notes:
        items = "".join(f"<li>{text(note)}</li>\n" for note in notes)
        yield f'<ul class="notes">\n{items}</ul>\n'
    yield from _thresholds(loaded)
    for name, unit, title in _HEADINGS:
        yield f'<section><h2>{title}</h2><div data-plot="{name}" data-unit="{unit}"></div>'
        yield "</section>\n"
    yield from _times(loaded)
    yield from _errors(loaded)


def _figures(loaded: Loaded) -> Iterator[tuple[str, str, str]]:
    measured, counts = loaded.measured, loaded.measured.counts
    wrong, requests = measured.errors.total(), measured.requests
    yield "outcome", loaded.outcome, "good" if loaded.outcome == "ok" else "bad"
    yield "sent", f"{requests:,}", ""
    throughput = measured.figure("throughput")
    yield "answered well a second", "-" if throughput is None else f"{throughput:,.4g}", ""
    share = f"{wrong / requests:.2%}" if requests else "-"
    yield "errors", f"{wrong:,} ({share})", "bad" if wrong else ""
    for metric, name in (("p50", "p50"), ("p99", "p99")):
        value = measured.figure(metric)
        yield name, "-" if value is None else short_span(value), ""
    if counts["invocations"]:
        yield "cold starts", f"{counts['cold_starts']:,}", ""
        million = measured.figure("cost_per_million")
        yield "a million answers", "-" if million is None else dollars(million), ""


def _thresholds(loaded: Loaded) -> Iterator[str]:
    if not loaded.verdicts:
        return
    yield "<section><h2>Thresholds</h2><table><tbody>\n"
    for verdict in loaded.verdicts:
        look, word = ("good", "kept") if verdict["passed"] else ("bad", "FAILED")
        yield (
            f"<tr><td>{text(verdict['threshold'])}</td><td>{text(found(verdict))}</td>"
            f'<td class="{look}">{word}</td></tr>\n'
        )
    yield "</tbody></table></section>\n"


def _times(loaded: Loaded) -> Iterator[str]:
    names = "".join(f"<th>{name}</th>" for name in _COLUMNS)
    yield f"<section><h2>Times</h2><table><thead><tr><th></th>{names}</tr></thead><tbody>\n"
    for name, of, histogram in times(loaded):
        row = statistics(histogram)
        if row is not None:
            cells = "".join(f"<td>{_cell(row, column)}</td>" for column in _COLUMNS)
            said = text(name.replace("_", " "))
            yield f'<tr data-time="{name}"><td>{said} <small>{text(of)}</small></td>{cells}</tr>\n'
    yield "</tbody></table></section>\n"


def _cell(row: dict[str, Any], column: str) -> str:
    return f"{row[column]:,}" if column == "count" else text(short_span(row[column]))


def _errors(loaded: Loaded) -> Iterator[str]:
    errors = loaded.measured.errors
    if not errors:
        return
    yield "<section><h2>Requests that were not answered well</h2><table><tbody>\n"
    for name, number in sorted(errors.items(), key=lambda item: (-item[1], item[0])):
        yield f"<tr><td>{text(name)}</td><td>{number:,}</td></tr>\n"
    yield "</tbody></table></section>\n"
