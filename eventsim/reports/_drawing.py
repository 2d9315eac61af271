"""
What a page draws of a run, worked out one entry at a time and handed out in portions.

Lanes hold bars in slots, so that bars of one slot never overlap while there are slots enough, and
ticks. A portion holds what came since the last one, so that a page that shows a run can be
sent more of it. Numbers are flat, as ``BAR``, ``TICK`` and ``SAMPLE`` name them; an entry is the
number of its row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

from eventsim.journal import Entry
from eventsim.reports._lanes import short_shard
from eventsim.reports._page import shown
from eventsim.reports._places import Place, function_of, place_of
from eventsim.reports._series import Series
from eventsim.reports._words import TELLINGS, end

Fields = dict[str, Any]

BAR = ("lane", "slot", "start", "end", "outcome", "entry", "formed")
TICK = ("lane", "time", "look", "entry")

# In the page these are the numbers of words: what a bar is, and how a tick looks.
OUTCOMES = (
    *("delivered", "partly", "failed", "discarded", "refused"),
    *("done", "error", "init", "waiting", "running", "alive"),
)
LOOKS = ("arrival", "quiet", "event", "wrong")
_OUTCOME = {word: number for number, word in enumerate(OUTCOMES)}

LANES_MAX = 200
SLOTS_MAX = 24
NEAR = 1e-6

_ARRIVALS = frozenset(
    {"records_put", "event_queued", "event_pushed", "object_put", "message_published", "event_put"}
)
# These are drawn as bars, or say nothing that another entry does not say.
_NO_TICK = frozenset(
    {
        *("records_read", "batch_formed", "batch_delivered", "batch_failed"),
        *("retry_scheduled", "checkpoint_advanced", "messages_deleted", "messages_returned"),
        *("invocation_requested", "invocation_started", "invocation_finished"),
        *("environment_started", "environment_reused", "environment_stopped"),
        *("function_logged", "event_succeeded", "event_retried", "push_answered"),
    }
)


class _Environment(NamedTuple):
    lane: int
    slot: int
    since: float
    entry: int


class _Call(NamedTuple):
    """A request to the Invoke API; ``started`` while an environment works at it."""

    time: float
    started: Entry | None = None
    entry: int = -1


class _Failed(NamedTuple):
    """The last batch of a lane that was not taken, or only ``in_part``."""

    bar: int
    slot: int
    request: Any
    in_part: bool


def label_of(place: Place) -> str:
    """What a lane is called: a shard by its number, a destination by the end of its ARN."""
    if place.group == "changes":
        return "changes"
    if place.group == "destinations":
        return end(place.name)
    return shown(place.name + short_shard(place.shard))


class Drawing:
    """Lanes, bars, ticks and series of the entries so far; its numbers only grow."""

    def __init__(self) -> None:
        self.series = Series()
        self._lanes: dict[Place, int] = {}
        self._ends: list[list[float]] = []
        self._bars_count = 0
        self._calls: dict[str, _Call] = {}
        self._queued: dict[str, tuple[str, float, int]] = {}
        self._formed: dict[tuple[Any, ...], int] = {}
        self._failed: dict[int, _Failed] = {}
        self._environments: dict[tuple[str, str], _Environment] = {}
        self._free: dict[int, list[int]] = {}
        self._made: dict[int, int] = {}
        self._new = _nothing()

    def lane(self, entry: Entry) -> int:
        """The number of the lane that an entry stands on, or -1 for none."""
        place = place_of(entry.kind, entry.fields)
        if entry.kind == "expectation_checked" and entry.fields["passed"]:
            return -1
        return -1 if place is None else self._lane(place)

    def add(self, entry: Entry, lane: int, row: int) -> None:
        """Draw an entry that was checked, which stands on *lane* and is *row* of the rows."""
        self.series.add(entry)
        draw = self.DRAWERS.get(entry.kind)
        if draw is not None:
            draw(self, entry, lane, row)
        look = _look(entry)
        if lane >= 0 and look is not None:
            self._tick(lane, entry.time, look, row)

    def finish(self, time: float) -> None:
        """Draw what has not ended by *time*, the time of the last entry."""
        for call in self._calls.values():
            if call.started is not None:
                self._run(call.started.fields, call.started.time, time, "running", call.entry)
        for function, since, row in self._queued.values():
            self._wait_in_queue(function, since, time, row)
        for lane, slot, since, row in self._environments.values():
            self._bar(lane, slot, since, time, "alive", row)
        self.series.finish(time)
        self._calls.clear()
        self._queued.clear()
        self._environments.clear()

    def portion(self) -> dict[str, Any]:
        """What came since the last portion."""
        new = self._new
        self._new = _nothing()
        return {**new, **self.series.portion()}

    def _lane(self, place: Place) -> int:
        number = self._lanes.get(place)
        if number is not None:
            return number
        if len(self._lanes) >= LANES_MAX:
            place = Place(place.group, "and others")
            if place in self._lanes:
                return self._lanes[place]
        number = self._lanes[place] = len(self._lanes)
        self._ends.append([])
        self._new["lanes"].append([*place, label_of(place)])
        return number

    def _slot(self, lane: int, start: float, end: float) -> int:
        """A slot of the lane that is free from *start* on, taken up to *end*."""
        ends = self._ends[lane]
        free = [slot for slot, taken in enumerate(ends) if taken <= start + NEAR]
        if free:  # the one that ended last: what is tried again stays where it waited
            slot = max(free, key=lambda slot: ends[slot])
        elif len(ends) < SLOTS_MAX:
            slot = len(ends)
            ends.append(end)
        else:
            slot = SLOTS_MAX - 1
        ends[slot] = max(end, ends[slot])
        return slot

    def _bar(
        self, lane: int, slot: int, start: float, end: float, what: str, row: int, formed: int = -1
    ) -> int:
        times = (round(start, 6), round(max(start, end), 6))
        self._new["bars"] += [lane, slot, *times, _OUTCOME[what], row, formed]
        self._bars_count += 1
        return self._bars_count - 1

    def _tick(self, lane: int, time: float, look: str, row: int) -> None:
        self._new["ticks"] += [lane, time, LOOKS.index(look), row]

    def _requested(self, entry: Entry, _: int, __: int) -> None:
        self._calls[str(entry.fields.get("request_id"))] = _Call(entry.time)

    def _wait(self, entry: Entry, _: int, row: int) -> None:
        """From now on an asynchronous event waits."""
        fields = entry.fields
        self._queued[fields["request_id"]] = (function_of(fields), entry.time, row)

    def _start(self, entry: Entry, _: int, row: int) -> None:
        request = str(entry.fields.get("request_id"))
        waiting = self._queued.pop(request, None)
        if waiting is not None:
            function, since, queued = waiting
            self._wait_in_queue(function, since, entry.time, queued)
        call = self._calls.get(request, _Call(entry.time))
        self._calls[request] = _Call(call.time, entry, row)

    def _wait_in_queue(self, function: str, since: float, until: float, row: int) -> None:
        if until > since:
            lane = self._lane(Place("queues", function))
            self._bar(lane, self._slot(lane, since, until), since, until, "waiting", row)

    def _answer(self, entry: Entry, _: int, row: int) -> None:
        fields = entry.fields
        request = str(fields.get("request_id"))
        call = self._calls.get(request)
        since = entry.time - fields["duration"]
        what = "error" if fields.get("error") else "done"
        if call is not None and call.started is not None:
            since = call.started.time
            self._calls[request] = _Call(call.time)
        self._run(fields, since, entry.time, what, row)

    def _run(self, fields: Fields, since: float, end: float, what: str, row: int) -> None:
        """Draw one invocation, in the slot of its environment."""
        environment = self._environments.get(_environment(fields))
        if environment is not None:
            lane, slot = environment.lane, environment.slot
        else:
            lane = self._lane(Place("functions", function_of(fields)))
            slot = self._slot(lane, since, end)
        self._bar(lane, slot, since, end, what, row)

    def _make(self, entry: Entry, lane: int, row: int) -> None:
        """A new environment has a slot to itself until it stops, while there are slots enough."""
        free = self._free.setdefault(lane, [])
        if free:
            slot = min(free)
            free.remove(slot)
        else:
            slot = min(self._made.get(lane, 0), SLOTS_MAX - 1)
            self._made[lane] = slot + 1
        init = entry.fields["init"]
        since = entry.time - init
        self._environments[_environment(entry.fields)] = _Environment(lane, slot, since, row)
        if init:
            self._bar(lane, slot, since, entry.time, "init", row)

    def _stop(self, entry: Entry, _: int, __: int) -> None:
        environment = self._environments.pop(_environment(entry.fields), None)
        if environment is not None:
            lane, slot, since, row = environment
            self._bar(lane, slot, since, entry.time, "alive", row)
            self._free[lane].append(slot)

    def _form(self, entry: Entry, _: int, row: int) -> None:
        self._formed[_span(entry.fields)] = row

    def _deliver(self, entry: Entry, lane: int, row: int) -> None:
        fields = entry.fields
        failed = self._failed.get(lane)
        if failed is None or failed[2:] != (fields.get("request_id"), True):
            self._batch(entry, lane, row, "delivered")

    def _fail(self, entry: Entry, lane: int, row: int) -> None:
        fields = entry.fields
        what = "partly" if fields["delivered"] else "failed" if fields["invoked"] else "refused"
        bar, slot = self._batch(entry, lane, row, what)
        self._failed[lane] = _Failed(bar, slot, fields.get("request_id"), what == "partly")

    def _batch(self, entry: Entry, lane: int, row: int, what: str) -> tuple[int, int]:
        fields = entry.fields
        call = self._calls.get(str(fields.get("request_id")))
        since = call.time if call else entry.time
        slot = self._slot(lane, since, entry.time)
        formed = self._formed.get(_span(fields), -1)
        return self._bar(lane, slot, since, entry.time, what, row, formed), slot

    def _again(self, entry: Entry, lane: int, row: int) -> None:
        """A batch, or what is left of it, waits in the slot of the attempt that failed."""
        fields = entry.fields
        end = entry.time + (fields["wait"] if "wait" in fields else fields["visible_in"])
        failed = self._failed.get(lane)
        if end > entry.time and failed is not None:
            ends = self._ends[lane]
            ends[failed.slot] = max(ends[failed.slot], end)
            self._bar(lane, failed.slot, entry.time, end, "waiting", row)

    def _discard(self, entry: Entry, lane: int, _: int) -> None:
        failed = self._failed.get(lane)
        if failed is not None and failed.request == entry.fields.get("request_id"):
            self._new["amended"] += [failed.bar, _OUTCOME["discarded"]]

    DRAWERS: ClassVar[dict[str, Callable[[Drawing, Entry, int, int], None]]] = {
        "invocation_requested": _requested,
        "invocation_started": _start,
        "invocation_finished": _answer,
        "event_queued": _wait,
        "event_retried": _wait,
        "environment_started": _make,
        "environment_stopped": _stop,
        "batch_formed": _form,
        "batch_delivered": _deliver,
        "batch_failed": _fail,
        "retry_scheduled": _again,
        "messages_returned": _again,
        "batch_discarded": _discard,
    }


def _nothing() -> dict[str, list[Any]]:
    return {"lanes": [], "bars": [], "amended": [], "ticks": []}


def _look(entry: Entry) -> str | None:
    """How its mark looks, or None where an entry has none."""
    kind, fields = entry.kind, entry.fields
    if kind == "push_answered" and not fields.get("accepted"):
        return "wrong"
    if kind == "invocation_requested" and fields.get("type") == "DryRun":
        return "arrival"
    if kind in _NO_TICK:
        return None
    if kind in _ARRIVALS:
        return "arrival"
    told = TELLINGS.get(kind)
    return told.mood if told is not None else "quiet"


def _environment(fields: Fields) -> tuple[str, str]:
    return function_of(fields), str(fields.get("environment"))


def _span(fields: Fields) -> tuple[Any, ...]:
    return fields["mapping"], fields["shard"], fields.get("first"), fields.get("last")
