"""
When a poller that asks at a steady pace asks next.

Pure: a reader in virtual time waits for what it knows will come, and counts the polls that AWS
would have made in between, so that a silent year costs nothing.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import NamedTuple

_GRAINS = 1024  # an interval of whole 1024ths of a second multiplies without rounding
_TICKS_EXACT = 2**40


class Tick(NamedTuple):
    """A moment of a cadence, and how many ticks there are from the last one to it, it included."""

    time: float
    ticks: int


def next_tick(last: float, interval: float, at: float) -> Tick:
    """Return the first tick at or after *at* of those every *interval* seconds after *last*.

    Never *last* itself: ``ticks`` is at least 1, and ``ticks - 1`` polls were skipped. Tick
    number n is ``last + n * interval``, exact and rounded once, so counting them one by one
    from the same *last* and jumping over them give the same times. Raises ValueError for an
    interval that is not above 0.
    """
    if not interval > 0:
        raise ValueError(f"an interval must be above 0 seconds, not {interval}")
    ticks = max(1, ceil((at - last) / interval))
    while ticks > 1 and _tick(last, interval, ticks - 1) >= at:
        ticks -= 1
    while (time := _tick(last, interval, ticks)) < at:
        ticks += 1
    return Tick(time, ticks)


def _tick(last: float, interval: float, number: int) -> float:
    """``last + number * interval``, rounded once."""
    grains = interval * _GRAINS
    if grains < _GRAINS**2 and grains.is_integer() and number < _TICKS_EXACT / _GRAINS:
        return last + number * interval
    return float(Fraction(last) + number * Fraction(interval))
