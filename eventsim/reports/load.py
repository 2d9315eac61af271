"""A load in figures: rate, latency corrected and not, errors, environments, cost, thresholds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TextIO

from eventsim.journal import Entry
from eventsim.reports._load import NONE, Loaded, asked, found, statistics, times
from eventsim.reports._page import Page, Span, dollars, plural, short_span, shown
from eventsim.rules.measured import Measured

LABEL = 12
_COLUMNS = ("mean", "p50", "p95", "p99", "p99.9", "max")
_COLUMN = 7
_TYPES_MAX = 4


def write(entries: Iterable[Entry], out: TextIO) -> None:
    """Write the last load of a journal, or that there is none."""
    loaded, page = Loaded.of(entries), Page(out)
    if loaded is None:
        page.line(NONE)
        return
    page.title(loaded.started.get("scenario", ""), loaded.started.get("lesson", ""))
    page.paragraph(asked(loaded), "dim")
    page.line()
    _requests(page, loaded)
    _times(page, loaded)
    _function(page, loaded.measured)
    _thresholds(page, loaded)
    for note in loaded.notes():
        page.line()
        page.paragraph(note)
    if loaded.outcome != "ok":
        page.line()
        told = f": {loaded.because}" if loaded.because else ""
        page.line((f"{loaded.outcome}{told}", "bad"))


def _requests(page: Page, loaded: Loaded) -> None:
    measured, counts = loaded.measured, loaded.measured.counts
    parts = [f"{counts['requests']:,} sent", f"{counts['answered']:,} answered"]
    throughput = measured.figure("throughput")
    if throughput is not None:
        parts.append(f"{throughput:,.4g}/s answered well")
    _row(page, "requests", ", ".join(parts))
    wrong = measured.errors.total()
    if wrong:
        of = counts["requests"]
        share = f" ({wrong / of:.2%})" if of else ""
        _row(page, "errors", (f"{wrong:,}{share}  {_types(measured.errors)}", "bad"))
    else:
        _row(page, "errors", "none")


def _times(page: Page, loaded: Loaded) -> None:
    page.line()
    label = page.width - _COLUMN * len(_COLUMNS)
    names = "".join(f"{name:>{_COLUMN}}" for name in _COLUMNS)
    page.line((" " * label + names, "dim"))
    for name, of, histogram in times(loaded):
        row = statistics(histogram)
        if row is None:
            continue
        said = name.replace("_", " ")
        text = f"{said:<{LABEL}} {of}" if label > LABEL + len(of) + 1 else said
        figures = "".join(f"{short_span(row[column]):>{_COLUMN}}" for column in _COLUMNS)
        page.line(f"{text[: label - 1]:<{label}}{figures}")


def _function(page: Page, measured: Measured) -> None:
    counts = measured.counts
    if not counts["invocations"]:
        return
    page.line()
    at_work, peak = measured.figure("concurrency"), measured.figure("concurrency_peak")
    parts = [plural(counts["cold_starts"], "cold start")]
    if at_work is not None and peak is not None:
        _row(page, "at work", f"{at_work:,.4g} environments on average, {peak:,.4g} at the busiest")
    _row(page, "function", ", ".join([plural(counts["invocations"], "invocation"), *parts]))
    if measured.failures:
        _row(
            page, "failures", (f"{measured.failures.total():,}  {_types(measured.failures)}", "bad")
        )
    size = measured.figure("batch_size")
    if size is not None:
        batches = plural(measured.batch_sizes.total(), "batch")
        lost = f", {counts['discarded']:,} discarded" if counts["discarded"] else ""
        _row(page, "batches", f"{batches} of {size:,.3g} on average{lost}")
    _row(page, "billed", _bill(measured))


def _bill(measured: Measured) -> str:
    gb_seconds = sum(measured.memory.values()) / 1024 / 1000
    text = f"{measured.counts['billed'] / 1000:,.3f} s, {gb_seconds:,.4g} GB-seconds, "
    text += f"about {dollars(measured.cost)}"
    million = measured.figure("cost_per_million")
    return text if million is None else f"{text} ({dollars(million)} a million)"


def _thresholds(page: Page, loaded: Loaded) -> None:
    if not loaded.verdicts:
        return
    page.line()
    for verdict in loaded.verdicts:
        passed = verdict["passed"]
        word: Span = ("kept   ", "good") if passed else ("FAILED ", "bad")
        page.line(word, f" {shown(verdict['threshold']):<32} {found(verdict)}")


def _row(page: Page, label: str, value: Span | str) -> None:
    page.line(f"{label:<{LABEL}} ", value)


def _types(counter: Counter[str]) -> str:
    ranked = sorted(counter.items(), key=lambda item: (-item[1], item[0]))
    parts = [f"{shown(name)} {times:,}" for name, times in ranked[:_TYPES_MAX]]
    more = len(ranked) - _TYPES_MAX
    return ", ".join([*parts, *([f"{more} more types"] if more > 0 else [])])
