"""
What Lambda bills for an invocation.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib
"""

from __future__ import annotations

import math
from functools import lru_cache

_NOISE_DIGITS = 6  # of a millisecond: 0.1 s + 0.001 s must not become 102 ms


@lru_cache(maxsize=1024)  # declared durations are few, and this is asked for at every call
def billed_seconds(duration: float, init: float = 0.0) -> float:
    """Duration and initialisation together, in seconds, rounded up to a whole millisecond."""
    return rounded_up((duration + init) * 1000) / 1000


def rounded_up(milliseconds: float) -> int:
    """The next whole millisecond, unless a rounding error is all that is over."""
    return math.ceil(round(milliseconds, _NOISE_DIGITS))
