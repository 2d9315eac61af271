"""The run as a picture to scale, then in words: each event with its reason."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, TextIO

from eventsim.journal import Entry
from eventsim.reports._lanes import Lanes
from eventsim.reports._page import Page, Style, plural, shown, span_of_time
from eventsim.reports._places import DISCARDED, function_of, mark_of, place_of
from eventsim.reports._run import Run, checked
from eventsim.reports._story import Story
from eventsim.reports._words import end

CLOCK_AFTER_SECONDS = 600

_DRAWN = frozenset(
    {
        "records_put",
        "records_read",
        "batch_delivered",
        "retry_scheduled",
        "messages_returned",
        "records_expired",
        "messages_expired",
        "batch_discarded",
        "messages_redriven",
        "invocation_finished",
        "event_discarded",
    }
)
_WAITING = {
    "records_put": 1,
    "messages_deleted": -1,
    "messages_redriven": -1,
    "messages_expired": -1,
    "event_queued": 1,
    "event_succeeded": -1,
    "event_discarded": -1,
}
_DELIVERED = {"destination_delivered": 1, "destination_failed": 0}
_COUNTED = (("errors", "error"), ("throttles", "throttle"), ("cold_starts", "cold start"))


def write(entries: Iterable[Entry], out: TextIO, until: float = 0.0) -> None:
    """Write the run at 80 columns, about 40 lines of words at most, however long it was.

    Up to ten minutes times are seconds since the run began, beyond that they are the simulated
    clock's, in UTC. *until* is where the axis ends if the run ends before, in seconds, so that two
    runs can be drawn to one scale. Raises JournalError at an entry that lacks what its kind must
    have.
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
    clock = began is not None and max(run.seconds, until) > CLOCK_AFTER_SECONDS
    if clock and began is not None:
        page.line((f"{shown(run.scenario)}, from {began:%Y-%m-%d %H:%M:%S} UTC", "dim"))
    page.line()
    if story.told:
        lanes.draw(page, run.seconds, began if clock else None, until)
        story.write(page, clock)
    else:
        page.line("this journal tells nothing between its start and its end")
    _end(page, run)


def _draw(entry: Entry, lanes: Lanes) -> None:
    kind, fields = entry.kind, entry.fields
    if kind in _WAITING and not fields.get("shard"):
        _wait(entry, lanes)
    if kind in _DELIVERED:
        amount = _DELIVERED[kind]
        lane = lanes.destination(end(fields["destination"]))
        lanes.add(lane, entry.time, amount, 0 if amount else DISCARDED)
    elif fields.get("environment"):
        _work(entry, lanes)
    place = place_of(kind, fields) if kind in _DRAWN else None
    if place is None:
        return
    on_shard = place.group == "sources"
    lane = lanes.shard(place.name, place.shard) if on_shard else lanes.function(place.name)
    amount, mark = _amount(kind, fields), mark_of(kind, fields)
    if amount or mark:
        lanes.add(lane, entry.time, amount, mark)


def _wait(entry: Entry, lanes: Lanes) -> None:
    """What is in a queue, or waits as an event for a function, is more now, or less."""
    fields = entry.fields
    whose = fields["source"] if "source" in fields else f"{function_of(fields)}, events"
    lanes.wait(whose, entry.time, _WAITING[entry.kind] * fields.get("records", 1))


def _work(entry: Entry, lanes: Lanes) -> None:
    """An environment was made, or has done something."""
    kind, fields = entry.kind, entry.fields
    lane = lanes.environment(function_of(fields), str(fields["environment"]))
    if kind == "environment_started":
        lanes.init(lane, entry.time - fields["init"], entry.time)
    elif kind == "invocation_finished":
        lanes.busy(lane, entry.time - fields["duration"], entry.time)
        lanes.add(lane, entry.time, 0, mark_of(kind, fields))


def _amount(kind: str, fields: dict[str, Any]) -> int:
    """How tall an entry stands: the records of a batch, or one invocation."""
    if kind == "batch_delivered":
        return int(fields["records"])
    return int(kind == "invocation_finished")


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
