"""
One record's, or one request's, entries out of a journal: it is read twice and never held.

A record is named by its sequence number, a message by its id, a request by its request id. The
end of a sequence number will do where it means one record. Of messages that came together an entry
names the first and the last; the others stand in the events, which a journal has at detail payload.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from eventsim.errors import EventsimError
from eventsim.journal import FRAME, Entry
from eventsim.reports._page import shown

END_MIN = 4
REQUESTS_MAX = 10_000
SERVING_MAX = 4096  # requests that have begun, and of which it is not known yet whose they are
LISTED_MAX = 5
NAMED = 2  # the first and the last

_ARRIVALS = frozenset({"records_put", "records_read"})
_DOCUMENTS = frozenset({"destination_delivered", "destination_failed"})
_BEFORE = frozenset({"records_put", "records_read", "batch_formed", "records_filtered"})

Place = tuple[str, str]


class Thread:
    """What belongs to one record or request: its requests, their environments, where it stands."""

    def __init__(self, wanted: str) -> None:
        self._wanted = wanted
        self._requests: dict[str, None] = {}
        self._environments: set[str] = set()
        self._given_up: set[tuple[str | None, str, str]] = set()
        self._serving: dict[str, str] = {}
        self._records: dict[tuple[Place, str], None] = {}
        self._spans: dict[Place, tuple[str, str]] = {}
        self._detail = ""
        self._unnamed = False
        self._mark = f'"messageId":"{wanted}"'
        self._events: set[str] = set()
        self._inside: set[str] = set()
        self._batches: set[tuple[Place, str, str]] = set()

    @classmethod
    def of(cls, entries: Iterable[Entry], wanted: str) -> Thread:
        """What *wanted* names. Raises EventsimError if that is nothing, or several records."""
        thread = cls(wanted)
        for entry in entries:
            thread._learn(entry)
        if len(thread._records) > 1:
            listed = ", ".join(shown(number) for _, number in [*thread._records][:LISTED_MAX])
            raise EventsimError(
                f"'{shown(wanted)}' is the end of {len(thread._records)} records; "
                f"write one of: {listed}"
            )
        if not (thread._records or thread._requests):
            raise EventsimError(
                f"the journal tells nothing of '{shown(wanted)}'; {thread._advice()}"
            )
        return thread

    @property
    def gap(self) -> str:
        """What keeps the story from being whole, and what to do, in a sentence; mostly nothing."""
        if not self._unnamed or not any(shard == "" for (_, shard), _ in self._records):
            return ""
        return (
            "This may not be all: of messages that came together the journal names the first and "
            "the last only, at detail batch. A run with --detail payload has the whole story."
        )

    def _advice(self) -> str:
        if self._detail == "off":
            return "it was made with --detail off and has no records; make it with --detail batch"
        if self._unnamed:
            return (
                "of messages that came together it names the first and the last only, at detail "
                "batch; run it again with --detail payload, which has them all"
            )
        return (
            "write a request id, the sequence number of a record or its last "
            f"{END_MIN} digits or more, or the id of a message"
        )

    def concerns(self, entry: Entry) -> bool:
        """Whether *entry* belongs to it; asked of the entries in their order.

        A document names no record: the next one about a shard is taken for that of its last
        discard.
        """
        given_up = (entry.fields.get("mapping"), *_place(entry.fields))
        if entry.kind in _DOCUMENTS and given_up in self._given_up:
            self._given_up.discard(given_up)
            return True
        found = self._is_part(entry)
        if found and entry.kind == "batch_discarded":
            self._given_up.add(given_up)
        return found

    def _is_part(self, entry: Entry) -> bool:
        fields = entry.fields
        if entry.kind in FRAME or fields.get("request_id") in self._requests:
            return True
        if entry.kind == "environment_started":
            return fields.get("environment") in self._environments
        if self._holds(fields) or _batch(fields) in self._batches:
            return True
        span = self._spans.get(_place(fields))
        return entry.kind in _BEFORE and span is not None and _overlap(fields, span)

    def _learn(self, entry: Entry) -> None:
        fields = entry.fields
        request_id = fields.get("request_id")
        self._learn_detail(entry)
        if request_id == self._wanted:
            self._follow(self._wanted)
            if "first" in fields:
                self._widen(fields)
        if entry.kind in _ARRIVALS and len(self._records) <= LISTED_MAX:
            found = _named(self._wanted, fields)
            if found is not None:
                self._records[_place(fields), found] = None
        elif request_id is not None and self._holds(fields):
            self._follow(str(request_id))
        if entry.kind == "invocation_started":
            self._serving[str(request_id)] = str(fields.get("environment"))
            if len(self._serving) > SERVING_MAX:
                del self._serving[next(iter(self._serving))]
        if request_id in self._requests and request_id in self._serving:
            self._environments.add(self._serving.pop(request_id))

    def _learn_detail(self, entry: Entry) -> None:
        """Find a message in the events that it was in; whether some are named nowhere."""
        kind, fields = entry.kind, entry.fields
        if kind == "run_started":
            self._detail = str(fields.get("detail"))
        elif kind == "payload_kept":
            if self._mark in str(fields.get("content")) and len(self._events) < REQUESTS_MAX:
                self._events.add(str(fields.get("hash")))
        elif kind == "invocation_requested" and fields.get("payload") in self._events:
            self._follow(str(fields.get("request_id")))
            self._inside.add(str(fields.get("request_id")))
        elif "first" in fields and not fields.get("shard") and fields.get("records", 0) > NAMED:
            self._unnamed = self._detail != "payload"
            if fields.get("request_id") in self._inside:
                self._batches.add(_batch(fields))

    def _follow(self, request_id: str) -> None:
        if len(self._requests) < REQUESTS_MAX:
            self._requests[request_id] = None

    def _widen(self, fields: dict[str, Any]) -> None:
        place = _place(fields)
        first, last = self._spans.get(place, (fields["first"], fields["last"]))
        self._spans[place] = _least(first, fields["first"]), _most(last, fields["last"])

    def _holds(self, fields: dict[str, Any]) -> bool:
        """Whether the record is one of those that the entry is about."""
        place = _place(fields)
        return any(at == place and _inside(number, fields) for at, number in self._records)


def _batch(fields: dict[str, Any]) -> tuple[Place, str, str]:
    return _place(fields), str(fields.get("first")), str(fields.get("last"))


def _place(fields: dict[str, Any]) -> Place:
    return str(fields.get("source", "")), str(fields.get("shard") or "")


def _named(wanted: str, fields: dict[str, Any]) -> str | None:
    """The record that *wanted* is, or ends, among those of an entry."""
    first = str(fields.get("first", ""))
    if wanted in (first, str(fields.get("last", ""))):
        return wanted
    if not (wanted.isdecimal() and first.isdecimal()) or len(wanted) < min(END_MIN, len(first)):
        return None
    whole = first[: -len(wanted)] + wanted if len(wanted) < len(first) else wanted
    return whole if _inside(whole, fields) else None


def _inside(number: str, fields: dict[str, Any]) -> bool:
    return "first" in fields and _overlap(fields, (number, number))


def _overlap(fields: dict[str, Any], span: tuple[str, str]) -> bool:
    first, last = str(fields.get("first", "")), str(fields.get("last", ""))
    if all(each.isdecimal() for each in (first, last, *span)):
        return int(first) <= int(span[1]) and int(span[0]) <= int(last)
    return bool({first, last} & {*span})


def _least(one: str, other: str) -> str:
    return min(one, other, key=_order)


def _most(one: str, other: str) -> str:
    return max(one, other, key=_order)


def _order(number: str) -> tuple[int, str]:
    return (int(number), "") if number.isdecimal() else (0, number)
