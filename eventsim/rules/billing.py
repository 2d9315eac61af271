"""
What Lambda bills for an invocation, and about what that costs.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib
https://aws.amazon.com/lambda/pricing/
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

from eventsim.rules.profiles import TODAY, Profile

_NOISE = 5e-7  # of a step: 0.1 s + 0.001 s must not become 102 ms

# US East (N. Virginia), first tier, without the free tier; in dollars.
PRICE_PER_GB_SECOND = {"x86_64": 0.0000166667, "arm64": 0.0000133334}
PRICE_PER_REQUEST = 0.20 / 1_000_000


@lru_cache(maxsize=1024)  # declared durations are few, and this is asked for at every call
def billed_seconds(duration: float, init: float = 0.0, profile: Profile = TODAY) -> float:
    """What is billed, in seconds: rounded up to the profile's step, with what it bills of init."""
    milliseconds = (duration + init if profile.init_billed else duration) * 1000
    step = profile.billing_step_milliseconds
    return rounded_up(milliseconds / step) * step / 1000


def biller(profile: Profile) -> Callable[[float, float], int]:
    """What counts the steps billed for a duration and an initialisation, in seconds.

    For who asks at every invocation; ``billed_seconds`` is as many times the step.
    """
    step, with_init = profile.billing_step_milliseconds, profile.init_billed
    ceil = math.ceil

    def steps(duration: float, init: float) -> int:
        return ceil((duration + init if with_init else duration) * 1000 / step - _NOISE)

    return steps


def rounded_up(number: float) -> int:
    """The next whole number, unless a rounding error is all that is over."""
    return math.ceil(number - _NOISE)
