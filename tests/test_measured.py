"""What a load came to, as a value: parts merge exactly, and figures are what they say."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsim.rules.billing import PRICE_PER_GB_SECOND, PRICE_PER_REQUEST
from eventsim.rules.measured import ERROR_TYPES_MAX, Measured, counted_as, interval_of

SECONDS = 10.0
Part = list[tuple[int, int, str]]

PARTS = st.lists(
    st.tuples(
        st.integers(0, 9_999_999), st.integers(0, 5_000_000), st.sampled_from(["", "E", "F"])
    ),
    max_size=20,
)


def measured(part: Part, warm_up: float = 2.0, into: Measured | None = None) -> Measured:
    """A part whose requests were sent at these microseconds, took so long, and failed so."""
    value = into or Measured(SECONDS, warm_up)
    for sent, took, error in part:
        at, until = sent / 1e6, (sent + took) / 1e6
        value.point(at).sent += 1
        value.point(until).answered += 1
        value.point(until).latency.add(took)
        value.at_work("in_flight", at, until)
        value.at_work("busy", at, until)
        if at >= warm_up:
            value.counts["requests"] += 1
            value.times["latency"].add(took)
            value.batch_sizes[took % 5 + 1] += 1
            value.memory["arm64"] += took
            if error:
                value.errors[error] += 1
                value.failures[error] += 1
    return value


@given(PARTS, PARTS, PARTS)
def test_parts_merge_exactly_in_any_order_and_grouping(one: Part, other: Part, third: Part) -> None:
    a, b, c = measured(one), measured(other), measured(third)
    whole = measured(one + other + third).as_json()

    assert a.merge(b).merge(c).as_json() == whole
    assert c.merge(a.merge(b)).as_json() == whole
    assert b.merge(c).merge(a).as_json() == whole


@given(PARTS, PARTS)
def test_what_is_measured_in_turns_is_the_whole(one: Part, other: Part) -> None:
    first = measured(one)
    second = measured(other, into=first.next())

    assert first.merge(second).as_json() == measured(one + other).as_json()


def test_a_part_that_ended_early_leaves_the_load_as_long_as_the_others() -> None:
    short, long = Measured(5.0), Measured(10.0)

    assert short.merge(long).seconds == long.merge(short).seconds == 10.0


@given(PARTS)
def test_it_goes_from_one_process_to_another_as_json(part: Part) -> None:
    value = measured(part)

    assert Measured.of(orjson.loads(orjson.dumps(value.as_json()))).as_json() == value.as_json()


@pytest.mark.parametrize("other", [Measured(SECONDS, 1.0), Measured(SECONDS, 2.0, 5)])
def test_parts_of_different_loads_do_not_merge(other: Measured) -> None:
    with pytest.raises(ValueError, match="parts of one load have one warm-up and one interval"):
        measured([]).merge(other)


@given(PARTS)
def test_time_at_work_is_where_it_falls(part: Part) -> None:
    value = measured(part, warm_up=0.0)

    assert sum(point.busy for point in value.series.values()) == sum(took for _, took, _ in part)
    within = sum(max(0, min(sent + took, 10_000_000) - sent) for sent, took, _ in part)
    assert value.counts["busy"] == within


def test_work_before_the_warm_up_and_after_the_end_is_not_counted() -> None:
    value = Measured(10.0, warm_up=2.0)

    value.at_work("busy", 1.5, 3.0)
    value.at_work("busy", 9.5, 12.0)

    assert value.counts["busy"] == 1_500_000
    assert value.figure("concurrency") == 1.5 / 8
    found = {number: point.busy / 1e6 for number, point in value.series.items()}
    assert found == {1: 0.5, 2: 1.0, 9: 0.5, 10: 1.0, 11: 1.0}
    assert value.figure("concurrency_peak") == 1.0


def test_figures_are_what_they_say() -> None:
    value = Measured(12.0, warm_up=2.0)
    value.counts.update(
        {"requests": 100, "good": 90, "in_time": 80, "invocations": 95, "billed": 1_500}
    )
    value.counts["cold_starts"] = 3
    value.errors.update({"E": 4, "Throttled": 6})
    value.batch_sizes.update({1: 2, 10: 3})
    value.memory.update({"x86_64": 1_024_000, "arm64": 512_000})
    value.times["latency"].add(250_000)
    cost = 95 * PRICE_PER_REQUEST + PRICE_PER_GB_SECOND["x86_64"] + PRICE_PER_GB_SECOND["arm64"] / 2

    found = {
        metric: value.figure(metric)
        for metric in ("requests", "errors", "throughput", "batch_size", "billed", "cold_starts")
    }

    assert found == {
        "requests": 100,
        "errors": 10,
        "throughput": 8.0,
        "batch_size": 6.4,
        "billed": 1.5,
        "cold_starts": 3,
    }
    assert value.figure("cost") == pytest.approx(cost, rel=1e-12)
    assert value.figure("cost_per_million") == pytest.approx(cost / 90 * 1e6, rel=1e-12)
    assert [value.figure(name) for name in ("p50", "p99.9", "mean", "max")] == [0.25] * 4


@pytest.mark.parametrize(
    "metric", ["p99", "lateness_max", "iterator_age_p50", "batch_size", "cost", "cost_per_million"]
)
def test_what_was_not_measured_has_no_figure(metric: str) -> None:
    assert Measured(10.0).figure(metric) is None


def test_a_load_is_valid_while_its_generator_is_in_time() -> None:
    value = Measured(10.0)
    for _ in range(99):
        value.times["lateness"].add(9_000)

    assert value.valid(0.01)
    for _ in range(2):
        value.times["lateness"].add(20_000)
    assert not value.valid(0.01)


def test_types_of_errors_are_bounded_over_all_turns() -> None:
    first = Measured(SECONDS)
    for number in range(ERROR_TYPES_MAX):
        first.errors[counted_as(first.errors, str(number))] += 1
    second = first.next()

    assert counted_as(second.errors, "0") == "0"
    assert counted_as(second.errors, "new") == "other errors"
    assert second.as_json()["errors"] == {}


def test_types_of_errors_are_bounded() -> None:
    value = Measured(10.0)
    for number in range(1_000):
        value.errors[counted_as(value.errors, f"E{number}")] += 1

    assert (len(value.errors), value.errors.total()) == (ERROR_TYPES_MAX + 1, 1_000)


@pytest.mark.parametrize(
    ("seconds", "interval"),
    [(1.0, 1), (300.0, 1), (301.0, 2), (3_600.0, 15), (86_400.0, 300), (30 * 86_400.0, 21_600)],
)
def test_a_series_has_at_most_three_hundred_points(seconds: float, interval: int) -> None:
    assert interval_of(seconds) == interval
    assert seconds / interval <= 300
