"""What a run came to, in a few figures that can stand beside those of another run."""

from __future__ import annotations

from typing import Any

from eventsim.clock import Clock
from eventsim.journal import Journal
from eventsim.reports.latency import Measured
from eventsim.simulation import Result

_DIGITS = 9

Counts = dict[str, Any]


class Latency:
    """Hears how long records, events and requests took, each from its arrival to its answer.

    A record counts with the age of the last one of its batch; an event from when it is queued to
    the end of the invocation that takes it, a request from Invoke to the end of its invocation,
    with its cold start. What was not answered has no latency. A load of which only the totals are
    known tells its own, if there is nothing besides that it would have to be merged with.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._asked: dict[str, float] = {}
        self._queued: dict[str, float] = {}
        self._loads: list[Counts | None] = []
        self._of = {"records": Measured(), "events": Measured(), "requests": Measured()}

    def told(self, of: str) -> Counts | None:
        """Mean, percentiles and maximum of records, events or requests; None where unknown."""
        measured = self._of[of]
        if of == "requests" and self._loads:
            alone = len(self._loads) == 1 and not measured.count
            return self._loads[0] if alone else None
        return measured.fields() if measured.count else None

    def begin(self, journal: Journal) -> None:
        """Listen from now on."""
        journal.watch_each(
            {
                "batch_delivered": self._delivered,
                "event_queued": self._accepted,
                "event_succeeded": self._succeeded,
                "event_discarded": self._given_up,
                "invocation_requested": self._requested,
                "invocation_finished": self._finished,
                "invocation_throttled": self._refused,
                "invocation_denied": self._refused,
                "load_finished": self._loaded,
            }
        )

    def _delivered(self, fields: Counts) -> None:
        if fields["records"]:
            self._of["records"].add(fields["age"], fields["records"])

    def _accepted(self, fields: Counts) -> None:
        self._queued[fields["request_id"]] = self._clock.time()

    def _succeeded(self, fields: Counts) -> None:
        queued = self._queued.pop(fields["request_id"], None)
        if queued is not None:  # one that came twice is done once
            self._of["events"].add(self._clock.time() - queued)

    def _given_up(self, fields: Counts) -> None:
        self._queued.pop(fields["request_id"], None)

    def _requested(self, fields: Counts) -> None:
        if fields["type"] == "RequestResponse":
            self._asked[fields["request_id"]] = self._clock.time()

    def _finished(self, fields: Counts) -> None:
        asked = self._asked.pop(fields["request_id"], None)
        if asked is not None:
            self._of["requests"].add(self._clock.time() - asked)

    def _loaded(self, fields: Counts) -> None:
        if fields["entries"] == "totals":
            self._loads.append(fields["latency"])

    def _refused(self, fields: Counts) -> None:
        self._asked.pop(fields["request_id"], None)


def figures(result: Result, latency: Latency) -> Counts:
    """The figures of a run: JSON, times in seconds, costs in dollars.

    They are about ``of``: the records of mappings where there were any, else the events of
    asynchronous invocation, else requests. ``lost`` is what was given up, or answered by an error.
    """
    counts = result.counts
    of, served, lost = _work(counts)
    cost = counts["cost"]
    ages = [row["metrics"]["IteratorAge"]["max"] for row in counts["mappings"].values()]
    known = [age for age in ages if age is not None]
    return {
        "of": of,
        "served": served,
        "lost": lost,
        "seconds": result.seconds,
        "throughput": _rounded(served / result.seconds) if result.seconds else None,
        "latency": latency.told(of),
        "iterator_age": max(known) / 1000 if known else None,
        "cost": cost,
        "cost_per_million": _rounded(cost / served * 1_000_000) if served else None,
        "invocations": counts["invocations"],
        "errors": counts["errors"],
        "throttles": counts["throttles"],
        "cold_starts": counts["cold_starts"],
        "retries": counts["retries"],
        "expectations_failed": [each.name for each in result.verdicts if not each.passed],
    }


def _work(counts: Counts) -> tuple[str, int, int]:
    """What the figures are about, how much of it was done, and how much was lost."""
    records, events = counts["records"], counts["events"]
    if records["read"]:
        lost = records["discarded"] + sum(row["expired"] for row in counts["mappings"].values())
        return "records", records["delivered"], lost
    if events["queued"]:
        return "events", events["succeeded"], events["discarded"]
    errors = counts["errors"]
    return "requests", counts["invocations"] - errors, errors + counts["throttles"]


def _rounded(value: float) -> float:
    return round(value, _DIGITS)
