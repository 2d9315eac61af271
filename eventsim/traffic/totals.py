"""What a load came to: the same sums, whichever way it was run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from eventsim.environments import IDLE_SECONDS_MAX
from eventsim.journal import Journal

_DIGITS = 6


@dataclass(slots=True)
class Totals:
    """Sums over the requests that arrived in a window of so many ``seconds``.

    ``errors`` are function errors, ``timeouts`` among them. ``duration`` and ``billed`` are in
    seconds; ``running_seconds`` and ``environment_seconds`` count only what is in the window:
    time in which an environment served, and in which it was there at all.
    """

    seconds: float
    requests: int = 0
    cold_starts: int = 0
    throttles: int = 0
    refused: int = 0
    errors: int = 0
    timeouts: int = 0
    duration: float = 0.0
    billed: float = 0.0
    running_seconds: float = 0.0
    environment_seconds: float = 0.0

    def fields(self) -> dict[str, Any]:
        """As ``load_finished`` carries them, means and parts in place of some of the sums."""
        seconds, served = self.seconds, self.requests - self.throttles - self.refused
        return {
            "requests": self.requests,
            "cold_starts": self.cold_starts,
            "cold_part": round(self.cold_starts / served, _DIGITS) if served else 0.0,
            "throttles": self.throttles,
            "refused": self.refused,
            "errors": self.errors,
            "timeouts": self.timeouts,
            "environments": round(self.environment_seconds / seconds, _DIGITS),
            "running": round(self.running_seconds / seconds, _DIGITS),
            "duration": round(self.duration, _DIGITS),
            "billed": round(self.billed, _DIGITS),
        }


@dataclass(slots=True)
class _Life:
    """An environment as its entries tell of it, in seconds of the run."""

    born: float
    idle_since: float
    used: bool = False


@dataclass(slots=True)
class Watch:
    """Sums what the journal tells of one function from *start* on; for any invoker.

    Requests, throttles and refusals are counted by who sends them. An environment that stood idle
    is gone when its time is up, whenever somebody looks and tells.
    """

    function: str
    start: float
    totals: Totals
    time: Callable[[], float]
    idle_seconds: float = IDLE_SECONDS_MAX
    _lives: dict[str, _Life] = field(default_factory=dict)
    _over: bool = False

    def begin(self, journal: Journal) -> None:
        """Listen from now on."""
        kinds = ("environment_started", "environment_stopped", "invocation_finished")
        journal.watch(kinds, self._hear)

    def finish(self) -> Totals:
        """Stop listening; the sums, with every environment that is still there."""
        self._over = True
        for life in self._lives.values():
            self._count(life, life.idle_since + self.idle_seconds)
        self._lives.clear()
        return self.totals

    def _hear(self, kind: str, fields: dict[str, Any]) -> None:
        if self._over or fields["function"] != self.function:
            return
        if kind == "invocation_finished":
            self._finished(fields)
        elif kind == "environment_started":
            self.totals.cold_starts += 1
            now = self.time()
            born = now - fields["init"] - fields.get("waited", 0.0)
            self._lives[fields["environment"]] = _Life(born, now)
        elif life := self._lives.pop(fields["environment"], None):
            self._count(life, min(self.time(), life.idle_since + self.idle_seconds))

    def _finished(self, fields: dict[str, Any]) -> None:
        now, totals = self.time(), self.totals
        totals.duration += fields["duration"]
        totals.billed += fields["billed"]
        if fields.get("error"):
            totals.errors += 1
            totals.timeouts += fields["error_type"] == "Sandbox.Timedout"
        began = now - fields["duration"]
        if "environment" in fields:
            life = self._lives.setdefault(fields["environment"], _Life(self.start, now, True))
            began = began if life.used else life.born
            life.idle_since, life.used = now, True
        totals.running_seconds += max(0.0, min(now, self._end) - max(began, self.start))

    def _count(self, life: _Life, gone: float) -> None:
        there = min(gone, self._end) - max(life.born, self.start)
        self.totals.environment_seconds += max(0.0, there)

    @property
    def _end(self) -> float:
        return self.start + self.totals.seconds
