"""
When the requests of a load arrive, in seconds since it began, whoever keeps up with them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from eventsim.ids import Stream
from eventsim.rules.distributions import exponential


def constant(rate: float, seconds: float) -> Iterator[float]:
    """*rate* a second, evenly, the first at once; none at *seconds* or after."""
    for number in count():
        at = number / rate
        if at >= seconds:
            return
        yield at


def poisson(rate: float, seconds: float, stream: Stream) -> Iterator[float]:
    """*rate* a second on average, each independent of the others; none at *seconds* or after."""
    gap = exponential(1.0 / rate, stream)
    at = gap()
    while at < seconds:
        yield at
        at += gap()
