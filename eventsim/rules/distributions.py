"""
Durations as draws: what a named distribution gives next.

Each draw takes from the stream it was made with, and nothing else, so that one seed gives the
same durations to whoever draws them in the same order.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from eventsim.ids import Stream
from eventsim.rules.cpu import slowdown
from eventsim.types import (
    Distribution,
    Duration,
    Empirical,
    Exponential,
    Function,
    Gamma,
    Lognormal,
    Uniform,
)

Draw = Callable[[], float]


def sampler(duration: Duration | float, stream: Stream) -> Draw:
    """What draws the next one, in seconds; the same each time for a constant."""
    if isinstance(duration, Duration) and duration.distribution is not None:
        return _drawing(duration.distribution, stream)
    seconds = duration.seconds if isinstance(duration, Duration) else duration
    return lambda: seconds


def invocations(function: Function, stream: Stream) -> Draw:
    """What draws how long the next invocation takes, on the share of a vCPU that it has."""
    draw = sampler(function.duration, stream)
    slower = slowdown(function.memory_size) if function.duration.cpu else 1.0
    return draw if slower == 1.0 else lambda: draw() * slower


def exponential(mean: float, stream: Stream) -> Draw:
    """Exponential draws of this mean: the gaps of a Poisson process, and memoryless work."""
    random, log = stream.random, math.log
    return lambda: -log(1.0 - random()) * mean


def _drawing(distribution: Distribution, stream: Stream) -> Draw:
    match distribution:
        case Exponential(mean):
            return exponential(mean, stream)
        case Lognormal(median, sigma) if median and sigma:
            lognormal, mu = stream.lognormvariate, math.log(median)
            return lambda: lognormal(mu, sigma)
        case Lognormal(median, _):
            return lambda: median
        case Uniform(low, high):
            random, width = stream.random, high - low
            return lambda: low + width * random()
        case Gamma(mean, shape):
            gamma, scale = stream.gammavariate, mean / shape
            return lambda: gamma(shape, scale)
        case Empirical(values):
            random, count = stream.random, len(values)
            return lambda: values[int(random() * count)]
