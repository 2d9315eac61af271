"""
What a journal tells of each shard, in the five respects that two runs are compared in.

``delivered`` is what became of the records, ``results`` what the function answered, ``retries``
what was sent again and why, ``batches`` how records were cut, ``time`` when. Requests, reads and
checkpoints follow from these and are left out; so is what is of one machine or one environment.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, NamedTuple

from eventsim.journal import FRAME, Entry

Respect = Literal["delivered", "results", "retries", "batches", "time"]
# What comes first at one instant is told first: a cause before what it leads to.
RESPECTS: tuple[Respect, ...] = ("results", "retries", "delivered", "batches", "time")
ANSWERS_WAITING_MAX = 10_000

_FATES = {
    "batch_delivered": "records",
    "batch_discarded": "batch_size",
    "records_expired": "records",
    "records_filtered": "records",
    "messages_redriven": "records",
    "messages_expired": "records",
    "event_succeeded": "",
    "event_discarded": "",
    "event_dropped": "",
    "invocation_denied": "",
}
_RETRIES = ("retry_scheduled", "batch_bisected", "messages_returned", "event_retried")
_CUT = ("batch_delivered", "batch_failed", "batch_discarded", "records_expired")
_LOST = ("shard_lost", "recording_cut_off", "destination_failed")


class Lane(NamedTuple):
    """Where things happen in an order that means something: a shard of a mapping, a function."""

    actor: str
    shard: str = ""

    def __str__(self) -> str:
        return f"{self.actor} {self.shard}".strip()


THE_RUN = Lane("the run")
INVOCATIONS = Lane("the invocations")


class Told(NamedTuple):
    """One thing that an entry tells of a lane.

    Equal values that follow each other are one, ``weight`` long: how records were cut makes no
    difference. A number is a time, which is compared with a tolerance.
    """

    lane: Lane
    respect: Respect
    value: Any
    weight: int
    entry: Entry


Telling = Callable[[Iterable[Entry]], Iterator[Told]]


def told(entries: Iterable[Entry]) -> Iterator[Told]:
    """What *entries* tell, in their order; memory for the invocations that are under way only."""
    answers: OrderedDict[str, Entry] = OrderedDict()
    frame_only = True
    for entry in entries:
        kind, fields = entry.kind, entry.fields
        if kind == "run_finished" and frame_only:
            yield Told(_lane(entry), "delivered", _counted(fields), 1, entry)
        frame_only = frame_only and kind in FRAME
        if kind == "invocation_finished":
            answers[fields["request_id"]] = entry
            if len(answers) > ANSWERS_WAITING_MAX:
                yield from _answer(*answers.popitem(last=False))
            continue
        if kind in ("batch_delivered", "batch_failed", "event_succeeded", "event_retried"):
            answer = answers.pop(fields["request_id"], None)
            if answer is not None:
                yield _result(_lane(entry), answer, fields.get("records", 1))
        yield from _of(entry)
    for item in answers.items():
        yield from _answer(*item)


def told_by_invocation(entries: Iterable[Entry]) -> Iterator[Told]:
    """What became of each invocation, whoever asked for it, in the order in which they were asked.

    Memory is for the invocations under way only.
    """
    finished: OrderedDict[int, Entry | None] = OrderedDict()
    latest: dict[str, int] = {}  # who sends again does it under the same id
    for entry in entries:
        if entry.kind == "invocation_requested":
            latest[entry.fields["request_id"]] = entry.seq
            finished[entry.seq] = None
        elif entry.kind == "invocation_finished":
            finished[latest.pop(entry.fields["request_id"], entry.seq)] = entry
        while finished and (len(finished) > ANSWERS_WAITING_MAX or next(iter(finished.values()))):
            _, answer = finished.popitem(last=False)
            if answer is not None:
                yield _result(INVOCATIONS, answer, 1)
    for answer in finished.values():
        if answer is not None:
            yield _result(INVOCATIONS, answer, 1)


def told_in_sum(entries: Iterable[Entry]) -> Iterator[Told]:
    """What a journal tells without any detail."""
    return told(entry for entry in entries if entry.kind in FRAME)


def without_answers(tell: Telling) -> Telling:
    """What *tell* tells but for what functions answered, which one of two journals may not have."""

    def telling(entries: Iterable[Entry]) -> Iterator[Told]:
        for each in tell(entries):
            answered = each.respect == "results" and isinstance(each.value, tuple)
            yield each._replace(value=each.value[:-1]) if answered else each

    return telling


def _of(entry: Entry) -> Iterator[Told]:
    kind, fields, lane = entry.kind, entry.fields, _lane(entry)
    if kind in _FATES:
        weight = fields[_FATES[kind]] if _FATES[kind] else 1
        yield Told(lane, "delivered", (kind, fields.get("condition")), weight, entry)
        yield Told(lane, "time", entry.time, 1, entry)
    elif kind in _RETRIES:
        said = (kind, entry.because, fields.get("wait"), fields.get("attempt"))
        yield Told(lane, "retries", (*said, _span(fields)), 1, entry)
    elif kind in _LOST:
        yield Told(lane, "delivered", (kind, fields.get("code")), 1, entry)
    elif kind == "run_finished":
        yield Told(lane, "results", fields.get("outcome"), 1, entry)
        yield Told(lane, "time", float(fields.get("seconds", entry.time)), 1, entry)
    if kind in _CUT:
        yield Told(lane, "batches", (kind, _span(fields)), 1, entry)


def _counted(fields: dict[str, Any]) -> list[tuple[str, Any]]:
    """What became of the records, as a run without any detail tells it."""
    counted = fields.get("counts", {}).get("records", {})
    return [(name, number) for name, number in counted.items() if name != "read"]


def _lane(entry: Entry) -> Lane:
    fields = entry.fields
    actor = fields.get("mapping") or fields.get("function") or fields.get("source") or THE_RUN.actor
    return Lane(str(actor), str(fields.get("shard") or ""))


def _span(fields: dict[str, Any]) -> tuple[Any, ...]:
    return fields.get("first"), fields.get("last")


def _result(lane: Lane, answer: Entry, records: int) -> Told:
    said = tuple(answer.fields.get(name) for name in ("error", "error_type", "error_message"))
    # The answer of a function that failed has its request's id in it, and lines of its code.
    value = (*said, None if said[0] else answer.fields.get("answer"))
    return Told(lane, "results", value, max(1, records), answer)


def _answer(_: str, answer: Entry) -> Iterator[Told]:
    """An invocation that belongs to no batch and no event."""
    lane = Lane(str(answer.fields["function"]))
    yield _result(lane, answer, 1)
    yield Told(lane, "time", answer.time, 1, answer)
