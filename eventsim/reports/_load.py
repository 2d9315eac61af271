"""A load as a journal tells it, for the reports that are about one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from eventsim.errors import JournalError
from eventsim.journal import Entry
from eventsim.reports._page import plural, short_span, shown, span_of_time
from eventsim.reports._run import Run, checked
from eventsim.rules.histograms import Histogram
from eventsim.rules.measured import Measured
from eventsim.rules.thresholds import kind_of

_DIGITS = 6
_MICROS = 1_000_000
_STALL = 10  # times the median, and more, is a stall that a closed load hides
NONE = "no load was measured in this journal; `eventsim load` writes one"
ROWS = (
    ("latency", "from when each was due"),
    ("uncorrected", "from when it was sent"),
    ("estimated", "as if sent evenly"),
    ("lateness", "of the generator"),
    ("duration", "of the handler"),
    ("init", "of cold starts"),
    ("iterator_age", "of batches"),
)
STATISTICS = {"p50": 50.0, "p90": 90.0, "p95": 95.0, "p99": 99.0, "p99.9": 99.9}


@dataclass(frozen=True, slots=True)
class Loaded:
    """One load: what was asked for, measured and judged, and how its run ended."""

    plan: dict[str, Any]
    measured: Measured
    verdicts: list[dict[str, Any]]
    valid: bool
    because: str | None
    started: dict[str, Any]
    outcome: str
    lost: list[dict[str, Any]]

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Loaded | None:
        """The last load that *entries* tell; None where there is none."""
        run, found = Run(), None
        for entry in checked(entries):
            run.add(entry)
            found = entry if entry.kind == "load_measured" else found
        if found is None:
            return None
        fields = found.fields
        try:
            measured = Measured.of(fields["measured"])
        except (KeyError, TypeError, ValueError) as error:
            raise JournalError(f"entry {found.seq}: 'measured' is no load's: {error}") from None
        plan, verdicts = fields["plan"], fields["thresholds"]
        because = found.because or run.because
        started, outcome = run.started, run.outcome
        lost = fields.get("lost", [])
        return cls(plan, measured, verdicts, fields["valid"], because, started, outcome, lost)

    @property
    def is_closed(self) -> bool:
        """Whether each sender waited for its answer before it sent again."""
        return bool(self.plan["model"] == "closed")

    def estimated(self) -> Histogram | None:
        """Of a closed load, what requests at an even pace would have seen; None of an open one."""
        uncorrected = self.measured.times["uncorrected"]
        return uncorrected.expected(uncorrected.percentile(50)) if self.is_closed else None

    def notes(self) -> Iterator[str]:
        """What a reader of the figures has to know."""
        measured, plan = self.measured, self.plan
        late = measured.times["lateness"].percentile(99) / _MICROS
        for part in self.lost:
            yield _of_lost(part)
        if not self.valid and late > plan["lateness"]:
            yield (
                f"not valid: the generator was {late * 1000:.3g} ms late at p99, and at most "
                f"{plan['lateness'] * 1000:g} ms were allowed; it measured itself and not the "
                "target: send less, or give it a core"
            )
        waited = measured.counts["waited"]
        if waited:
            yield (
                f"{waited:,} requests waited before they were sent, since "
                f"{plan['in_flight_max']:,} were in flight: only the latency from when they were "
                "due shows it"
            )
        yield from self._of_closed()
        if measured.counts["dropped"]:
            yield f"{measured.counts['dropped']:,} requests were dropped: too many were waiting"
        if measured.counts["unanswered"]:
            unanswered = plural(measured.counts["unanswered"], "request")
            yield f"{unanswered} had no answer when the load ended"

    def _of_closed(self) -> Iterator[str]:
        uncorrected, estimated = self.measured.times["uncorrected"], self.estimated()
        if estimated is None:
            return
        yield (
            f"closed model: {self.plan['in_flight']:,} senders, each of which waits for its answer "
            "before it sends again, so the rate is the target's"
        )
        median = uncorrected.percentile(50)
        if median and uncorrected.most > _STALL * median:
            missing = estimated.count - uncorrected.count
            yield (
                f"the target stalled for {uncorrected.most / _MICROS:.3g} s, and while it did "
                f"nothing was sent: the percentiles count that once for each sender. About "
                f"{missing:,} requests would have come meanwhile; with them p99 would be "
                f"{estimated.percentile(99) / _MICROS:.3g} s instead of "
                f"{uncorrected.percentile(99) / _MICROS:.3g} s, which only an open load measures"
            )


def _of_lost(part: dict[str, Any]) -> str:
    asked = part["asked"]
    to_send = "what the answers let it send" if asked is None else f"{asked:,} requests"
    rest = "" if asked is None else f" ({asked - part['sent']:,} at most)"
    return (
        f"not valid: part {part['part']} was lost, {part['because']}. It was to send {to_send}, "
        f"and had told of {part['sent']:,} by second {part['told']:.3g}, which are counted here; "
        f"what it sent after that{rest} is not"
    )


def asked(loaded: Loaded) -> str:
    """What was asked for, in one line."""
    plan = loaded.plan
    arrivals = plan["arrivals"] if isinstance(plan["arrivals"], str) else "recorded"
    how = f"{plan['in_flight']:,} in flight" if loaded.is_closed else plan["rate"] or "from a file"
    parts = [f"{plan['model']} load of {shown(plan['on'])}", how]
    if not loaded.is_closed:
        parts.append(f"{arrivals} arrivals")
    parts.append(span_of_time(loaded.measured.seconds))
    if loaded.measured.warm_up:
        parts.append(f"the first {span_of_time(loaded.measured.warm_up)} not counted")
    if plan.get("parts", 1) > 1:
        parts.append(f"in {plan['parts']} parts")
    return f"{', '.join(parts)}; {loaded.started.get('clock')} time, seed {loaded.started['seed']}"


def found(verdict: dict[str, Any]) -> str:
    """What a threshold was held against, in words."""
    found, text = verdict["found"], verdict["threshold"]
    if found is None:
        return "nothing was measured"
    if text.endswith("%"):
        return f"found {found:.3%}"
    metric = text.split("<")[0].split(">")[0].strip()
    return f"found {short_span(found) if kind_of(metric) == 'time' else f'{found:,.6g}'}"


def times(loaded: Loaded) -> Iterator[tuple[str, str, Histogram | None]]:
    """What was measured, each with what it is of."""
    for name, of in ROWS:
        yield name, of, loaded.estimated() if name == "estimated" else loaded.measured.times[name]


def statistics(histogram: Histogram | None) -> dict[str, Any] | None:
    """Count, mean, percentiles and maximum in seconds; None where nothing was measured."""
    if histogram is None or not histogram.count:
        return None
    percentiles = {
        name: histogram.percentile(percent) / _MICROS for name, percent in STATISTICS.items()
    }
    return {
        "count": histogram.count,
        "mean": round(histogram.mean / _MICROS, _DIGITS),
        **percentiles,
        "max": histogram.most / _MICROS,
    }


def series(measured: Measured) -> dict[str, list[Any]]:
    """The series as lists: rates a second, times in seconds, and how many at work on average."""
    length = measured.interval
    points = [(number * length, point) for number, point in sorted(measured.series.items())]
    return {
        "time": [at for at, _ in points],
        "sent": [round(point.sent / length, 3) for _, point in points],
        "answered": [round(point.answered / length, 3) for _, point in points],
        "errors": [round(point.errors / length, 3) for _, point in points],
        **{
            name: [
                point.latency.percentile(percent) / _MICROS if point.latency.count else None
                for _, point in points
            ]
            for name, percent in (("p50", 50.0), ("p95", 95.0), ("p99", 99.0))
        },
        "in_flight": [round(point.in_flight / _MICROS / length, 3) for _, point in points],
        "environments": [round(point.busy / _MICROS / length, 3) for _, point in points],
    }


def figures(loaded: Loaded) -> dict[str, Any]:
    """Everything as one JSON object with stable keys; what was not measured is None."""
    measured, counts = loaded.measured, loaded.measured.counts
    return {
        **{key: loaded.started.get(key) for key in ("scenario", "seed", "clock", "backend")},
        "outcome": loaded.outcome,
        "because": loaded.because,
        "valid": loaded.valid,
        "lost": loaded.lost,
        "plan": loaded.plan,
        "seconds": measured.seconds,
        "warm_up": measured.warm_up,
        **{
            name: counts[name]
            for name in ("requests", "answered", "good", "filtered", "unanswered", "dropped")
        },
        "throttles": counts["throttles"],
        "throughput": _rounded(measured.figure("throughput")),
        "errors": dict(sorted(measured.errors.items())),
        "latency": statistics(measured.times["latency"]),
        "uncorrected": statistics(measured.times["uncorrected"]),
        "estimated": statistics(loaded.estimated()),
        **{
            name: statistics(measured.times[name])
            for name in ("lateness", "duration", "init", "iterator_age")
        },
        **{name: counts[name] for name in ("invocations", "timeouts", "cold_starts", "retries")},
        "failures": dict(sorted(measured.failures.items())),
        "concurrency": _rounded(measured.figure("concurrency")),
        "concurrency_peak": _rounded(measured.figure("concurrency_peak")),
        "records": counts["records"],
        "discarded": counts["discarded"],
        "batch_sizes": {str(size): times for size, times in sorted(measured.batch_sizes.items())},
        "billed": counts["billed"] / 1000,
        "gb_seconds": round(sum(measured.memory.values()) / 1024 / 1000, _DIGITS),
        "cost": _rounded(measured.figure("cost"), 9),
        "cost_per_million": _rounded(measured.figure("cost_per_million")),
        "thresholds": loaded.verdicts,
        "notes": list(loaded.notes()),
        "series": series(measured),
        "histograms": {
            name: measured.times[name].encoded()
            for name in ("latency", "uncorrected", "lateness", "duration")
            if measured.times[name].count
        },
    }


def _rounded(value: float | None, digits: int = _DIGITS) -> float | None:
    return None if value is None else round(value, digits)
