"""Runs as entries for tests of pages, and what a page holds of them, read back."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from typing import Any

import orjson

from eventsim.journal import Entry
from eventsim.reports.html import write_runs
from tests.test_reports import SHARD, entry, started

__all__ = ["SCRIPT", "SHARD", "Drawn", "Story", "entry", "page_of", "portions", "started"]

SCRIPT = re.compile(r'<script type="application/json" class="(\w+)">(.*?)</script>', re.DOTALL)


class Story:
    """Entries put down one after the other, numbered, as a run would write them."""

    def __init__(self, **start: Any) -> None:
        self.entries = [started(**start)]

    def tell(self, time: float, kind: str, because: str | None = None, **fields: Any) -> None:
        self.entries.append(entry(len(self.entries) + 1, time, kind, because, **fields))

    def asked(self, time: float, request: str, function: str = "consumer") -> None:
        self.tell(time, "invocation_requested", function=function, request_id=request)

    def ran(
        self, start: float, end: float, request: str, environment: str = "e", **more: Any
    ) -> None:
        about = {"function": "consumer", "request_id": request, "environment": environment}
        self.tell(start, "invocation_started", **about)
        seconds = round(end - start, 6)
        self.tell(end, "invocation_finished", **about, duration=seconds, billed=seconds, **more)

    def batch(self, time: float, kind: str, request: str, **more: Any) -> None:
        place = {"mapping": "consumer.Orders", "source": "orders", "shard": SHARD}
        sent = {"function": "consumer", "request_id": request, "attempt": 1}
        span = {"first": "1", "last": "2", "records": 2}
        because = more.pop("because", None)
        self.tell(time, kind, because, **{**place, **sent, **span, **more})

    def finish(self, time: float, outcome: str = "ok") -> list[Entry]:
        self.tell(time, "run_finished", outcome=outcome, seconds=time, counts={})
        return self.entries


class Drawn:
    """The data of a page's run, with the names that its script gives it."""

    def __init__(self, portions: Iterable[dict[str, Any]], names: dict[str, Any]) -> None:
        self._names = names
        self.head: dict[str, Any] = {}
        self.ended: dict[str, Any] = {}
        self.texts: list[str] = []
        self._shapes: list[Any] = []
        self._rows: list[list[Any]] = []
        self.lanes: list[str] = []
        self._bars: list[list[Any]] = []
        self._ticks: list[list[Any]] = []
        self.series: list[tuple[str, str]] = []
        self.samples: list[list[float]] = []
        for portion in portions:
            self._add(portion)

    def _add(self, portion: dict[str, Any]) -> None:
        self.head |= portion.get("began", {})
        self.ended |= portion.get("ended", {})
        self.texts += portion["texts"]
        self._shapes += portion["shapes"]
        self._rows += portion["rows"]
        self.lanes += [f"{group}: {label}" for group, _, _, label in portion["lanes"]]
        self._bars += parts(portion["bars"], 7)
        for bar, outcome in parts(portion["amended"], 2):
            self._bars[bar][4] = outcome
        self._ticks += parts(portion["ticks"], 4)
        self.series += [(plot, name) for plot, name in portion["series"]]
        self.samples += parts(portion["samples"], 3)

    def bars(self) -> list[tuple[str, int, float, float, str]]:
        """Lane, slot, start, end and outcome of each."""
        outcomes = self._names["outcomes"]
        return [
            (self.lanes[lane], slot, start, end, outcomes[outcome])
            for lane, slot, start, end, outcome, _, _ in self._bars
        ]

    def ticks(self) -> list[tuple[str, float, str, str]]:
        """Lane, time, look and kind of entry of each."""
        return [
            (self.lanes[lane], time, self._names["looks"][look], self.entry(row)["kind"])
            for lane, time, look, row in self._ticks
        ]

    def plot(self, plot: str, name: str) -> list[tuple[float, float]]:
        """The samples of a series."""
        number = self.series.index((plot, name))
        return [(time, value) for of, time, value in self.samples if of == number]

    def entry(self, row: int) -> dict[str, Any]:
        """A row as the flat entry that it was."""
        shape, time, _, because, _, *values = self._rows[row]
        kind, names, flags = self._shapes[shape]
        fields = {
            name: self.texts[value] if flag == "s" else value
            for name, flag, value in zip(names, flags, values, strict=True)
        }
        reason = {} if because < 0 else {"because": self.texts[because]}
        return {"time": time, "kind": kind, **reason, **fields}

    def entries(self) -> list[dict[str, Any]]:
        return [self.entry(row) for row in range(len(self._rows))]


def parts(flat: list[Any], size: int) -> list[list[Any]]:
    return [flat[n : n + size] for n in range(0, len(flat), size)]


def page_of(*runs: Iterable[Entry], names: tuple[str, ...] = ("", ""), **more: Any) -> str:
    """The page of one or two runs."""
    out = io.StringIO()
    write_runs(list(zip(runs, names, strict=False)), out, **more)
    return out.getvalue()


def portions(page: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The names that a page uses, and its portions."""
    found = [(name, orjson.loads(text)) for name, text in SCRIPT.findall(page)]
    (names,) = [value for name, value in found if name == "names"]
    return names, [value for name, value in found if name == "portion"]


def drawn(*entries: Entry) -> Drawn:
    """What the page of these entries draws."""
    names, found = portions(page_of(entries))
    return Drawn(found, names)
