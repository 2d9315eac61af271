"""The histogram of durations, held to HdrHistogram's own, and merged in any order."""

from __future__ import annotations

import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given
from hypothesis import strategies as st

from eventsim.rules.histograms import (
    MICROSECONDS_MAX,
    SIGNIFICANT_DIGITS,
    Histogram,
    micros,
)

VALUES = st.lists(st.integers(0, 10**9) | st.integers(0, 5_000), max_size=60)
PERCENTS = [0.001, 25.0, 50.0, 90.0, 99.0, 99.9, 100.0]


def of(values: list[int]) -> Histogram:
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    return histogram


@given(VALUES)
def test_percentiles_are_those_of_hdrhistogram(values: list[int]) -> None:
    oracle = HdrHistogram(1, MICROSECONDS_MAX, SIGNIFICANT_DIGITS)
    for value in values:
        oracle.record_value(value)
    histogram = of(values)

    assert [histogram.percentile(percent) for percent in PERCENTS] == [
        min(oracle.get_value_at_percentile(percent), max(values, default=0)) for percent in PERCENTS
    ]
    assert histogram.count == oracle.get_total_count()


@given(st.lists(st.integers(0, MICROSECONDS_MAX), min_size=1))
def test_three_digits_are_kept(values: list[int]) -> None:
    for value in values:
        found = of([value, MICROSECONDS_MAX]).percentile(50)
        assert value <= found <= value * 1.001 + 1


@given(VALUES, VALUES, VALUES)
def test_parts_merge_exactly_in_any_order(
    one: list[int], other: list[int], third: list[int]
) -> None:
    whole = of(one + other + third)

    assert of(one).merge(of(other)).merge(of(third)) == whole
    assert of(third).merge(of(one).merge(of(other))) == whole
    assert Histogram.of(whole.as_json()) == whole
    assert whole.merge(Histogram()) == whole


def test_count_mean_least_and_most_are_exact() -> None:
    histogram = of([1, 5_000_001, 123_456_789])

    assert (histogram.count, histogram.least, histogram.most) == (3, 1, 123_456_789)
    assert histogram.mean == (1 + 5_000_001 + 123_456_789) / 3
    assert (Histogram().mean, Histogram().percentile(99)) == (0.0, 0)


def test_what_is_out_of_bounds_is_the_bound() -> None:
    assert of([-5]).most == 0
    assert of([MICROSECONDS_MAX + 7]).most == MICROSECONDS_MAX


def test_a_wait_stands_for_all_that_would_have_been_sent_meanwhile() -> None:
    histogram = of([1_000] * 9 + [10_000])

    assert histogram.expected(1_000) == of(
        [1_000] * 9 + [number * 1_000 for number in range(1, 11)]
    )
    assert histogram.expected(0) == histogram


def test_other_tools_read_it() -> None:
    histogram = of([1, 50, 3_000, 3_000, 2_000_000])

    decoded = HdrHistogram.decode(histogram.encoded())

    assert decoded.get_total_count() == 5
    assert decoded.get_value_at_percentile(100) == pytest.approx(2_000_000, rel=0.001)


def test_seconds_are_whole_microseconds() -> None:
    assert (micros(0.25), micros(1e-7), micros(3.0000004)) == (250_000, 0, 3_000_000)
