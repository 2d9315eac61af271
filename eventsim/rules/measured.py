"""
What a load came to, as one value: counts, histograms, and a series over time.

It is the seam for whoever cuts a load into parts. Each part sends its ``arrivals.Share`` of the
requests with a stream of chance of its own and comes to a ``Measured``; ``merge`` is exact in any
order and any grouping, since everything that is kept is a whole number (microseconds, milliseconds
billed, requests), and ``as_json`` and ``of`` take it from one process to another. Parts agree on
when they begin: time 0 of one is time 0 of all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from eventsim.rules.billing import PRICE_PER_GB_SECOND, PRICE_PER_REQUEST
from eventsim.rules.histograms import Histogram, micros
from eventsim.rules.thresholds import TIMES, statistic_of

POINTS_MAX = 300  # of the series
ERROR_TYPES_MAX = 50
OTHER_ERRORS = "other errors"
_LENGTHS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 86_400)
_MILLION = 1_000_000
_PER_PERCENT = {"p50": 50.0, "p90": 90.0, "p95": 95.0, "p99": 99.0, "p99.9": 99.9}


def interval_of(seconds: float) -> int:
    """How many seconds each point of the series of so long a load stands for."""
    for length in _LENGTHS:
        if seconds <= length * POINTS_MAX:
            return length
    return int(seconds // (POINTS_MAX * 86_400) + 1) * 86_400


@dataclass(slots=True)
class Point:
    """One interval of the series: what was sent and answered in it, and for how long all of the
    requests and of the environments were at work in it, in microseconds.
    """

    sent: int = 0
    answered: int = 0
    errors: int = 0
    in_flight: int = 0
    busy: int = 0
    latency: Histogram = field(default_factory=Histogram)

    def merge(self, other: Point) -> Point:
        """Both together."""
        return Point(
            self.sent + other.sent,
            self.answered + other.answered,
            self.errors + other.errors,
            self.in_flight + other.in_flight,
            self.busy + other.busy,
            self.latency.merge(other.latency),
        )

    def as_json(self) -> list[Any]:
        """Everything, as ``of`` takes it."""
        counts = (self.sent, self.answered, self.errors, self.in_flight, self.busy)
        return [*counts, self.latency.as_json()]

    @classmethod
    def of(cls, value: list[Any]) -> Point:
        """The point that ``as_json`` told."""
        sent, answered, errors, in_flight, busy, latency = value
        return cls(sent, answered, errors, in_flight, busy, Histogram.of(latency))


@dataclass(slots=True)
class Measured:
    """A load of so many ``seconds``, of which the first ``warm_up`` count in the series only.

    ``counts`` has what was counted by name, ``errors`` the requests that were not answered well by
    their type, ``failures`` the invocations that failed by theirs, ``batch_sizes`` the batches
    by their records, ``memory`` MB milliseconds billed by architecture.
    """

    seconds: float
    warm_up: float = 0.0
    interval: int = 1
    counts: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    batch_sizes: Counter[int] = field(default_factory=Counter)
    memory: Counter[str] = field(default_factory=Counter)
    times: dict[str, Histogram] = field(
        default_factory=lambda: {name: Histogram() for name in TIMES}
    )
    series: dict[int, Point] = field(default_factory=dict)

    def next(self) -> Measured:
        """An empty one of the same load, to go on with; merged with this one it is the whole."""
        names = (Counter(dict.fromkeys(each, 0)) for each in (self.errors, self.failures))
        errors, failures = names  # their types are bounded over all of the load
        return Measured(self.seconds, self.warm_up, self.interval, errors=errors, failures=failures)

    def merge(self, other: Measured) -> Measured:
        """Both parts as one. Raises ValueError for parts of different loads."""
        if (self.warm_up, self.interval) != (other.warm_up, other.interval):
            raise ValueError("parts of one load have one warm-up and one interval")
        series = {
            number: self.series.get(number, Point()).merge(other.series.get(number, Point()))
            for number in sorted(self.series.keys() | other.series.keys())
        }
        return Measured(
            max(self.seconds, other.seconds),
            self.warm_up,
            self.interval,
            self.counts + other.counts,
            self.errors + other.errors,
            self.failures + other.failures,
            self.batch_sizes + other.batch_sizes,
            self.memory + other.memory,
            {name: self.times[name].merge(other.times[name]) for name in TIMES},
            series,
        )

    def point(self, seconds: float) -> Point:
        """The point of the series that an instant belongs to, new if need be."""
        number = int(seconds // self.interval)
        found = self.series.get(number)
        if found is None:
            found = self.series[number] = Point()
        return found

    def at_work(self, what: Literal["in_flight", "busy"], since: float, until: float) -> None:
        """Count ``in_flight`` or ``busy`` time where it falls, in seconds of the load."""
        start, end = micros(max(0.0, since)), micros(until)
        counted = min(end, micros(self.seconds)) - max(start, micros(self.warm_up))
        if counted > 0:
            self.counts[what] += counted
        length = self.interval * _MILLION
        first, last = start // length, end // length
        if first == last:
            self._add(first, what, end - start)
            return
        self._add(first, what, (first + 1) * length - start)
        for number in range(first + 1, last):
            self._add(number, what, length)
        if end > last * length:
            self._add(last, what, end - last * length)

    def _add(self, number: int, what: str, microseconds: int) -> None:
        point = self.point(number * self.interval)
        if what == "busy":
            point.busy += microseconds
        else:
            point.in_flight += microseconds

    @property
    def window(self) -> float:
        """The seconds that are counted."""
        return max(0.0, self.seconds - self.warm_up)

    @property
    def requests(self) -> int:
        """How many were sent in them."""
        return self.counts["requests"]

    @property
    def cost(self) -> float:
        """What Lambda would ask for the invocations, in dollars, without the free tier."""
        compute = sum(
            amount / 1024 / 1000 * PRICE_PER_GB_SECOND[architecture]
            for architecture, amount in sorted(self.memory.items())
        )
        return self.counts["invocations"] * PRICE_PER_REQUEST + compute

    def figure(self, metric: str) -> float | None:
        """What a threshold on *metric* looks at: times in seconds, None where nothing was."""
        statistic = statistic_of(metric)
        if statistic is not None:
            return self._statistic(*statistic)
        match metric:
            case "errors":
                return float(self.errors.total())
            case "throughput":
                return self.counts["in_time"] / self.window if self.window else None
            case "concurrency":
                return self.counts["busy"] / _MILLION / self.window if self.window else None
            case "concurrency_peak":
                return max((busy for _, busy in self.busy_over_time()), default=None)
            case "batch_size":
                batches = self.batch_sizes.total()
                records = sum(size * times for size, times in self.batch_sizes.items())
                return records / batches if batches else None
            case "cost":
                return self.cost if self.counts["invocations"] else None
            case "cost_per_million":
                good = self.counts["good"]
                return self.cost / good * _MILLION if self.counts["invocations"] and good else None
            case "billed":
                return self.counts["billed"] / 1000
        return float(self.counts[metric])

    def valid(self, bound: float) -> bool:
        """Whether the generator was late by at most *bound* seconds, 99 times of 100."""
        return self.times["lateness"].percentile(99) <= micros(bound)

    def busy_over_time(self) -> Iterator[tuple[int, float]]:
        """The second at which each counted interval begins, and the environments at work in it."""
        length = self.interval * _MILLION
        for number, point in sorted(self.series.items()):
            if self.warm_up <= number * self.interval < self.seconds:
                within = min(length, micros(self.seconds) - number * length)
                yield number * self.interval, point.busy / min(length, within)

    def _statistic(self, time: str, of: str) -> float | None:
        histogram = self.times[time]
        if not histogram.count:
            return None
        if of == "mean":
            return histogram.mean / _MILLION
        if of == "max":
            return histogram.most / _MILLION
        return histogram.percentile(_PER_PERCENT.get(of) or float(of[1:])) / _MILLION

    def as_json(self) -> dict[str, Any]:
        """Everything, as ``of`` takes it, in an order of its own."""
        return {
            "seconds": self.seconds,
            "warm_up": self.warm_up,
            "interval": self.interval,
            "counts": _sorted(self.counts),
            "errors": _sorted(self.errors),
            "failures": _sorted(self.failures),
            "batch_sizes": [[size, times] for size, times in sorted(self.batch_sizes.items())],
            "memory": _sorted(self.memory),
            "times": {name: self.times[name].as_json() for name in TIMES},
            "series": [[number, point.as_json()] for number, point in sorted(self.series.items())],
        }

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Measured:
        """The value that ``as_json`` told. Raises KeyError, TypeError or ValueError for another."""
        return cls(
            value["seconds"],
            value["warm_up"],
            value["interval"],
            Counter(value["counts"]),
            Counter(value["errors"]),
            Counter(value["failures"]),
            Counter(dict(value["batch_sizes"])),
            Counter(value["memory"]),
            {name: Histogram.of(value["times"][name]) for name in TIMES},
            {number: Point.of(point) for number, point in value["series"]},
        )


def counted_as(counter: Counter[str], name: str) -> str:
    """The name under which one more is counted: its own, unless there are very many already."""
    return name if name in counter or len(counter) < ERROR_TYPES_MAX else OTHER_ERRORS


def _sorted(counter: Counter[str]) -> dict[str, int]:
    return {name: counter[name] for name in sorted(counter) if counter[name]}
