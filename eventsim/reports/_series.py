"""How iterator age, concurrency and queue depth went over a run, one sample per change."""

from __future__ import annotations

from typing import Any

from eventsim.journal import Entry
from eventsim.reports._places import function_of

SAMPLE = ("series", "time", "value")
PLOTS = {"age": "iterator age", "running": "concurrency", "depth": "queue depth"}
SERIES_MAX = 8
OTHERS = "and others"


class Series:
    """Takes entries that were checked; the series of a plot after the 8th are added up as one.

    Iterator age is that of a delivered batch, in seconds, by mapping. Concurrency counts the
    requests that a function runs. Queue depth counts the messages of a queue that are not
    deleted, in flight or not, and the asynchronous events of a function that are not done.
    """

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}
        self._counts: dict[int, float] = {}
        self._running: set[str] = set()
        self._new: dict[str, list[Any]] = {"series": [], "samples": []}

    def add(self, entry: Entry) -> None:
        """Count one entry."""
        kind, fields = entry.kind, entry.fields
        if kind == "batch_delivered":
            if fields["shard"] and fields["records"]:
                self._sample("age", fields["mapping"], entry.time, fields["age"])
        elif kind.startswith("invocation_"):
            self._run(kind, fields, entry.time)
        elif kind.startswith("event_"):
            self._event(kind, fields, entry.time)
        else:
            self._messages(kind, fields, entry.time)

    def finish(self, time: float) -> None:
        """Let every count go on to *time*."""
        for number, count in self._counts.items():
            self._new["samples"] += [number, time, count]

    def portion(self) -> dict[str, Any]:
        """The series and samples that came since the last portion."""
        new, self._new = self._new, {"series": [], "samples": []}
        return new

    def _run(self, kind: str, fields: dict[str, Any], time: float) -> None:
        request, function = str(fields.get("request_id")), function_of(fields)
        if kind == "invocation_started" and request not in self._running:
            self._running.add(request)
            self._count("running", function, time, 1)
        elif kind == "invocation_finished" and request in self._running:
            self._running.discard(request)
            self._count("running", function, time, -1)

    def _event(self, kind: str, fields: dict[str, Any], time: float) -> None:
        if kind == "event_queued":
            self._count("depth", function_of(fields), time, 1)
        elif kind in ("event_succeeded", "event_discarded"):
            self._count("depth", function_of(fields), time, -1)

    def _messages(self, kind: str, fields: dict[str, Any], time: float) -> None:
        if kind == "records_put" and not fields["shard"]:
            self._count("depth", fields["source"], time, fields["records"])
        elif kind in ("messages_deleted", "messages_expired"):
            self._count("depth", fields["source"], time, -fields["records"])
        elif kind == "messages_redriven":
            self._count("depth", fields["source"], time, -fields["records"])
            self._count("depth", fields["target"], time, fields["records"])

    def _number(self, plot: str, name: str) -> int:
        key = (plot, name)
        if key not in self._numbers:
            if sum(of == plot for of, _ in self._numbers) >= SERIES_MAX:
                key = (plot, OTHERS)
            if key not in self._numbers:
                self._numbers[key] = len(self._numbers)
                self._new["series"].append(list(key))
        return self._numbers[key]

    def _count(self, plot: str, name: str, time: float, change: float) -> None:
        number = self._number(plot, name)
        if number not in self._counts:
            self._new["samples"] += [number, 0.0, 0]
        count = self._counts[number] = max(0, self._counts.get(number, 0) + change)
        self._new["samples"] += [number, time, count]

    def _sample(self, plot: str, name: str, time: float, value: float) -> None:
        self._new["samples"] += [self._number(plot, name), time, value]
