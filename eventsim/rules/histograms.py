"""
Durations as a histogram that keeps three significant digits and merges exactly.

Its buckets are those of HdrHistogram with three digits, counted in a dict of those that have
anything: cheap to make by the hundred, the same whichever way parts are merged, and exported in
HdrHistogram's own format for other tools.

https://hdrhistogram.org
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MICROSECONDS_MAX = 400 * 86_400 * 1_000_000
SIGNIFICANT_DIGITS = 3
_EXACT_BITS = 11  # values below 2,048 are kept as they are


class Histogram:
    """Whole microseconds, with their count, sum, least and most, which are exact."""

    __slots__ = ("_buckets", "count", "least", "most", "total")

    def __init__(self) -> None:
        self._buckets: dict[int, int] = {}
        self.count = self.total = self.most = 0
        self.least = MICROSECONDS_MAX

    def add(self, microseconds: int, times: int = 1) -> None:
        """Take one, or the same several times; below zero is zero, over 400 days is 400 days."""
        value = microseconds
        if not 0 <= value <= MICROSECONDS_MAX:
            value = 0 if value < 0 else MICROSECONDS_MAX
        shift = value.bit_length() - _EXACT_BITS
        bucket = value if shift <= 0 else value >> shift << shift
        buckets = self._buckets
        buckets[bucket] = buckets.get(bucket, 0) + times
        self.count += times
        self.total += value * times
        if value > self.most:
            self.most = value
        if value < self.least:
            self.least = value

    def percentile(self, percent: float) -> int:
        """The value that *percent* of all do not exceed, to three digits; 0 where there is none."""
        wanted, seen = max(1, int(percent / 100 * self.count + 0.5)), 0
        for bucket in sorted(self._buckets):
            seen += self._buckets[bucket]
            if seen >= wanted:
                return min(_highest(bucket), self.most)
        return 0

    @property
    def mean(self) -> float:
        """In microseconds; 0 where there is none."""
        return self.total / self.count if self.count else 0.0

    def merge(self, other: Histogram) -> Histogram:
        """Those of both, as if one had taken them all."""
        merged = Histogram()
        for part in (self, other):
            for bucket, times in part._buckets.items():
                merged._buckets[bucket] = merged._buckets.get(bucket, 0) + times
        merged.count, merged.total = self.count + other.count, self.total + other.total
        merged.most, merged.least = max(self.most, other.most), min(self.least, other.least)
        return merged

    def expected(self, interval: int) -> Histogram:
        """With what a sender every *interval* would have seen besides, while it waited instead.

        A value of several intervals stands for those that would have been sent meanwhile, each of
        which would have waited an interval less: HdrHistogram's correction of what is omitted.
        """
        corrected = Histogram()
        for bucket, times in self._buckets.items():
            value = min(_highest(bucket), self.most)
            while value >= 0:
                corrected.add(value, times)
                value -= interval
                if not interval or value < interval:
                    break
        return corrected

    def as_json(self) -> dict[str, Any]:
        """Everything, as ``of`` takes it."""
        return {
            "count": self.count,
            "total": self.total,
            "least": self.least,
            "most": self.most,
            "buckets": [[bucket, self._buckets[bucket]] for bucket in sorted(self._buckets)],
        }

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Histogram:
        """The histogram that ``as_json`` told."""
        histogram = cls()
        histogram._buckets = dict(value["buckets"])
        histogram.count, histogram.total = value["count"], value["total"]
        histogram.least, histogram.most = value["least"], value["most"]
        return histogram

    def encoded(self) -> str:
        """In HdrHistogram's V2 format, compressed and as base64, in microseconds."""
        from hdrh.histogram import HdrHistogram

        histogram = HdrHistogram(1, MICROSECONDS_MAX, SIGNIFICANT_DIGITS)
        for bucket, times in self._buckets.items():
            histogram.record_value(bucket, times)
        text: bytes = histogram.encode()
        return text.decode("ascii")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Histogram) and self.as_json() == other.as_json()

    __hash__ = None  # type: ignore[assignment]  # it changes


def micros(seconds: float) -> int:
    """Seconds as whole microseconds."""
    return round(seconds * 1_000_000)


def _highest(lowest: int) -> int:
    """The most that the bucket which begins there holds."""
    return lowest + (1 << max(0, lowest.bit_length() - _EXACT_BITS)) - 1
