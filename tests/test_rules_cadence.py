from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsim.rules.cadence import Tick, next_tick

YEAR = 365 * 24 * 3600.0

times = st.floats(0, YEAR)
intervals = st.sampled_from([1.0, 0.25, 0.2, 0.1, 1 / 3, 60.0, 0.001])


@given(last=times, interval=intervals, ahead=times)
def test_a_tick_is_the_first_at_or_after(last: float, interval: float, ahead: float) -> None:
    at = last + ahead

    time, ticks = next_tick(last, interval, at)

    def exact(number: int) -> float:
        return float(Fraction(last) + number * Fraction(interval))

    assert ticks >= 1
    assert time == exact(ticks) >= at
    assert ticks == 1 or exact(ticks - 1) < at


@given(last=times, interval=intervals, steps=st.integers(1, 10**7))
def test_a_tick_is_found_at_its_own_time(last: float, interval: float, steps: int) -> None:
    time = float(Fraction(last) + steps * Fraction(interval))

    assert next_tick(last, interval, time).time == time


@given(start=times, ats=st.lists(st.floats(0, 2 * YEAR), max_size=20))
def test_jumping_counts_what_stepping_counts(start: float, ats: list[float]) -> None:
    polled = 0
    for at in sorted(ats):
        _, ticks = next_tick(start, 1.0, at)
        polled = max(polled, ticks)

    assert ats == [] or next_tick(start, 1.0, max(ats)).ticks == polled


def test_a_year_at_one_poll_a_second_is_counted_exactly() -> None:
    assert next_tick(0.3, 1.0, YEAR) == Tick(YEAR + 0.3, int(YEAR))
    assert next_tick(0.0, 0.1, YEAR) == Tick(YEAR, int(YEAR) * 10)
    assert next_tick(0.0, 1.0, YEAR) == Tick(YEAR, int(YEAR))


def test_a_time_that_has_passed_gives_the_tick_after_the_last() -> None:
    assert next_tick(10.0, 1.0, 3.0) == Tick(11.0, 1)


@pytest.mark.parametrize("interval", [0.0, -1.0, float("nan")])
def test_an_interval_must_be_above_zero(interval: float) -> None:
    with pytest.raises(ValueError, match="an interval must be above 0 seconds"):
        next_tick(0.0, interval, 1.0)


@pytest.mark.parametrize(
    ("last", "interval", "at"), [(0.3, 0.1, 47559.50000000001), (0.1, 0.1, 3533.5000000000005)]
)
def test_a_tick_a_rounding_error_too_early_is_not_taken(
    last: float, interval: float, at: float
) -> None:
    assert next_tick(last, interval, at).time >= at
