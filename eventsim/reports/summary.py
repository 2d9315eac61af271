"""What a person reads after a run: how it ended, where every record went, what was expected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TextIO

from eventsim.journal import Entry
from eventsim.reports._metrics import RESULT
from eventsim.reports._page import Page, Span, dollars, padded, plural, shown, span_of_time
from eventsim.reports._run import Run

ROWS_MAX = 8
EXPECTATIONS_MAX = 20
LABEL = 13
RARE = ("filtered", "expired", "redriven")

Row = dict[str, Any]


def write(entries: Iterable[Entry], out: TextIO) -> None:
    """Write the run in 10 to 20 lines of 80 columns; a table of many rows shows its first.

    Expectations that failed are never left out. Raises JournalError at an entry that lacks
    what its kind must have.
    """
    run = Run.of(entries)
    page, counts = Page(out), run.counts()
    page.title(run.scenario, run.lesson)
    page.line()
    page.line(*_ending(run))
    if run.because:
        page.line(shown(run.because))
    page.line()
    _records(page, counts)
    for text in run.cut_off:
        page.line(("recording".ljust(LABEL), "dim"), (f"{shown(text)}; the rest was put", "bad"))
    _line(page, "invocations", *_parts(counts))
    if counts.get("cost"):
        gb_seconds = sum(row["gb_seconds"] for row in counts["functions"].values())
        _line(page, "cost", f"about {dollars(counts['cost'])}", f"{gb_seconds:,.6g} GB-seconds")
    _events(page, counts["events"])
    _table(page, "mapping", counts["mappings"], _mapping)
    _table(page, "function", counts["functions"], _function)
    _expectations(page, run.expectations)
    if not run.ok:
        page.line()
        page.uncut("repeat it with: ", shown(run.repeat()))


def _ending(run: Run) -> Iterator[Span | str]:
    yield (run.outcome if run.ok else shown(run.outcome).upper(), "good" if run.ok else "bad")
    yield f" after {span_of_time(run.seconds)} simulated"
    clock, seed, backend = (shown(run.started.get(key)) for key in ("clock", "seed", "backend"))
    if run.started:
        yield f" (seed {seed}, {clock} clock, {backend} back end)"


def _line(page: Page, label: str, *parts: str) -> None:
    """Write a label and its parts, over as many lines as they need."""
    lines, room = [""], page.width - LABEL
    for part in parts:
        joined = f"{lines[-1]}   {part}" if lines[-1] else part
        if len(joined) > room and lines[-1]:
            lines.append(part)
        else:
            lines[-1] = joined
    for text in lines:
        page.line((padded(label, LABEL), "dim"), text)
        label = ""


def _records(page: Page, counts: Row) -> None:
    records = counts["records"].items()
    _line(page, "records", *(f"{key} {n:,}" for key, n in records if n or key not in RARE))
    for text, style in _accounted(counts):
        page.line(" " * LABEL, (text, style))


def _accounted(counts: Row) -> Iterator[Span]:
    """Say which of the records put on each source were never dealt with."""
    sources, mappings = counts["sources"], counts["mappings"]
    open_ends = [*_on_streams(sources, mappings), *_in_queues(sources, mappings)]
    for source in sorted(set(sources) - {row["source"] for row in mappings.values()}):
        number = plural(_stayed(sources, source), "record")
        open_ends.append((f"{number} on {shown(source)}, which no mapping reads", ""))
    yield from open_ends or [("every record accounted for", "good")]


def _on_streams(sources: Row, mappings: Row) -> Iterator[Span]:
    """Each mapping on a stream is to deal with every record, from its starting position on."""
    for name, row in sorted(mappings.items()):
        if RESULT not in row:
            continue
        put = _stayed(sources, row["source"])
        left = put - _done(row)
        unread = max(0, min(left, put - row["read"]))
        if left > unread:
            yield f"{plural(left - unread, 'record')} still waiting for {shown(name)}", "bad"
        if unread:
            yield f"{plural(unread, 'record')} not read by {shown(name)}", ""
        if left < 0:
            yield f"{plural(-left, 'record')} of {shown(name)} not put by this run", ""


def _in_queues(sources: Row, mappings: Row) -> Iterator[Span]:
    """A message of a queue is dealt with by one of the mappings on it."""
    queues = [row for row in mappings.values() if RESULT not in row]
    for source in sorted({row["source"] for row in queues}):
        done = sum(_done(row) for row in queues if row["source"] == source)
        left = _stayed(sources, source) - done
        if left > 0:
            yield f"{plural(left, 'record')} still in {shown(source)}", "bad"
        elif left < 0:
            yield f"{plural(-left, 'record')} of {shown(source)} not put by this run", ""


def _stayed(sources: Row, source: str) -> int:
    """How many records came to a source and have not left it by themselves."""
    row = sources.get(source)
    if row is None:
        return 0
    return int(row["put"] + row["dead_letters"] - row["redriven"] - row["expired"])


def _done(row: Row) -> int:
    return sum(row[key] for key in ("filtered", "delivered", "discarded", "expired"))


def _parts(counts: Row) -> Iterator[str]:
    yield f"{counts['invocations']:,}"
    for key in ("errors", "throttles", "cold_starts", "retries"):
        yield f"{key.replace('_', ' ')} {counts[key]:,}"


def _events(page: Page, events: Row) -> None:
    """Say what became of asynchronous events, if there were any."""
    if not events["queued"]:
        return
    words = ((key.replace("_", " "), count) for key, count in events.items())
    rare = ("duplicated", "dead letters", "destination records", "dropped")
    _line(page, "events", *(f"{word} {n:,}" for word, n in words if n or word not in rare))
    delivered = events["queued"] + events["duplicated"]
    left = delivered - events["succeeded"] - events["discarded"]
    if left:
        page.line(" " * LABEL, (f"{plural(left, 'event')} still in the queue", "bad"))


def _table(page: Page, label: str, rows: dict[str, Row], tell: Any) -> None:
    for number, (name, row) in enumerate(sorted(rows.items())):
        if number == ROWS_MAX:
            page.line(" " * LABEL, f"… and {len(rows) - ROWS_MAX:,} more")
            return
        _line(page, "" if number else label, f"{shown(name)}:", *tell(row))


def _mapping(row: Row) -> Iterator[str]:
    yield f"{plural(row['delivered'], 'record')} delivered"
    yield f"{plural(row['batches'], 'batch')} formed"
    for key in ("filtered", "discarded", "expired"):
        if row[key]:
            yield f"{row[key]:,} {key}"
    if row["retries"]:
        yield "1 retry" if row["retries"] == 1 else f"{row['retries']:,} retries"
    kept = row["metrics"]["OnFailureDestinationDeliveredEventCount"]
    if kept:
        yield f"{kept:,} told to the on-failure destination"
    failures = row["metrics"]["DestinationDeliveryFailures"]
    if failures:
        yield f"{plural(failures, 'document')} refused"
    if row["State"] not in ("", "Enabled"):
        yield f"now {shown(row['State'])}"


def _function(row: Row) -> Iterator[str]:
    count = row["invocations"]
    yield plural(count, "invocation")
    if count:
        yield f"{span_of_time(row['duration_seconds'] / count)} on average"
        yield f"{span_of_time(row['billed_seconds'])} billed"
    for key, word in (("errors", "error"), ("throttles", "throttle")):
        if row[key]:
            yield plural(row[key], word)


def _expectations(page: Page, expectations: list[Row]) -> None:
    passed = [one for one in expectations if one["passed"]]
    failed = [one for one in expectations if not one["passed"]]
    if expectations:
        page.line()
    for one in passed[:EXPECTATIONS_MAX]:
        _expectation(page, ("ok      ", "good"), one)
    if len(passed) > EXPECTATIONS_MAX:
        page.line(("ok      ", "good"), f"… and {len(passed) - EXPECTATIONS_MAX:,} more")
    for one in failed:
        _expectation(page, ("FAILED  ", "bad"), one)


def _expectation(page: Page, verdict: Span, one: Row) -> None:
    name = shown(one["name"])
    wanted = f"wanted {shown(one['wanted'])}, found {one['found']:,g}"
    if len(verdict[0]) + len(name) + 2 + len(wanted) <= page.width:
        page.line(verdict, f"{name}: {wanted}")
    else:
        page.line(verdict, name)
        page.line(" " * len(verdict[0]), wanted)
