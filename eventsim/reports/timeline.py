"""The run as a picture to scale, then in words: each event with its reason."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TextIO

from eventsim.journal import Entry
from eventsim.reports._lanes import DISCARDED, EXPIRED, INIT, RETRIED, Lanes
from eventsim.reports._page import Page, Style, plural, shown, span_of_time
from eventsim.reports._run import Run, checked
from eventsim.reports._story import Story
from eventsim.reports._words import end

CLOCK_AFTER_SECONDS = 600

_MARKED = {
    "retry_scheduled": RETRIED,
    "messages_returned": RETRIED,
    "records_expired": EXPIRED,
    "messages_expired": EXPIRED,
    "batch_discarded": DISCARDED,
    "messages_redriven": DISCARDED,
}
_WAITING = {
    "records_put": 1,
    "messages_deleted": -1,
    "messages_redriven": -1,
    "messages_expired": -1,
    "event_queued": 1,
    "event_succeeded": -1,
    "event_discarded": -1,
}
_COUNTED = (("errors", "error"), ("throttles", "throttle"), ("cold_starts", "cold start"))


def write(entries: Iterable[Entry], out: TextIO) -> None:
    """Write the run at 80 columns, about 40 lines of words at most, however long it was.

    Up to ten minutes times are seconds since the run began, beyond that they are the simulated
    clock's, in UTC. Raises JournalError at an entry that lacks what its kind must have.
    """
    run, lanes, story = Run(), Lanes(), Story()
    began: datetime | None = None
    for entry in checked(entries):
        if began is None:
            began = _began(entry)
        run.add(entry)
        story.add(entry)
        _draw(entry, lanes)
    page = Page(out)
    page.title("" if run.lesson else run.scenario, run.lesson)
    clock = began is not None and run.seconds > CLOCK_AFTER_SECONDS
    if clock and began is not None:
        page.line((f"{shown(run.scenario)}, from {began:%Y-%m-%d %H:%M:%S} UTC", "dim"))
    page.line()
    if story.told:
        lanes.draw(page, run.seconds, began if clock else None)
        page.line()
        story.write(page, clock)
    else:
        page.line("this journal tells nothing between its start and its end")
    _end(page, run)


def _draw(entry: Entry, lanes: Lanes) -> None:
    kind, fields = entry.kind, entry.fields
    if kind in _WAITING and not fields.get("shard"):
        whose = fields["source"] if "source" in fields else f"{fields['function']}, events"
        lanes.wait(whose, entry.time, _WAITING[kind] * fields.get("records", 1))
    if kind == "batch_delivered":
        lane = lanes.shard(fields["source"], fields["shard"])
        lanes.add(lane, entry.time, fields["records"])
    elif kind == "invocation_finished":
        mark = RETRIED if fields.get("error") else 0
        lanes.add(lanes.function(fields["function"]), entry.time, 1, mark)
        if "environment" in fields:
            lane = lanes.environment(fields["function"], str(fields["environment"]))
            lanes.busy(lane, entry.time - fields["duration"], entry.time)
            lanes.add(lane, entry.time, 0, mark)
    elif kind == "environment_started" and "environment" in fields:
        lane = lanes.environment(fields["function"], str(fields["environment"]))
        lanes.mark(lane, entry.time - fields["init"], entry.time, INIT)
    elif kind == "destination_delivered":
        lanes.add(lanes.destination(end(fields["destination"])), entry.time, 1)
    elif kind == "destination_failed":
        lanes.add(lanes.destination(end(fields["destination"])), entry.time, 0, DISCARDED)
    elif kind == "event_discarded":
        lanes.add(lanes.function(fields["function"]), entry.time, 0, DISCARDED)
    elif kind in _MARKED:
        lane = lanes.shard(fields["source"], fields.get("shard") or "")
        lanes.add(lane, entry.time, 0, _MARKED[kind])
    elif kind in ("records_put", "records_read"):
        lanes.shard(fields["source"], fields["shard"])


def _began(entry: Entry) -> datetime | None:
    """When the run began by the simulated clock, or None where that is no date."""
    try:
        at = datetime.fromisoformat(entry.at).replace(tzinfo=None)
        began = at - timedelta(seconds=entry.time)
        _ = began + timedelta(days=400 * 366)
    except (ValueError, OverflowError):
        return None
    return began


def _end(page: Page, run: Run) -> None:
    counts = run.counts()
    parts = [plural(counts["invocations"], "invocation")]
    for key, word in _COUNTED:
        if counts[key]:
            parts.append(plural(counts[key], word))
    ending = run.outcome if run.ok else shown(run.outcome).upper()
    style: Style = "good" if run.ok else "bad"
    page.line()
    page.line((ending, style), f" after {span_of_time(run.seconds)}: {', '.join(parts)}")
    if run.because:
        page.line(shown(run.because))
