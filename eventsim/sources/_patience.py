"""Asking again what gave no answer: how long to wait in between, and when to give up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from math import inf
from typing import TypeVar

from eventsim.clock import Clock
from eventsim.errors import ServiceError, Unreachable

T = TypeVar("T")

FIRST_WAIT_SECONDS = 0.25
WAIT_SECONDS_MAX = 10.0
ATTEMPTS_MAX = 10
FAREWELL_SECONDS = 60.0  # for how long a reader asks on after the last record was put
# The request may succeed when it is made again a little later.
THROTTLES = frozenset(
    {
        "KMSThrottlingException",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
    }
)


class Patience:
    """Waits that double, on the simulation's clock. Made anew when something went well.

    With a *complaint* (``table users took no write``) it is over after ten attempts; without one
    it never is.
    """

    def __init__(self, clock: Clock, complaint: str | None = None) -> None:
        self._clock, self._complaint = clock, complaint
        self.attempts = 0

    async def wait(self, reason: Exception | None, deadline: float = inf) -> None:
        """Wait because of *reason*, but no longer than to *deadline*.

        Raises Unreachable, which begins with the complaint, when the patience is over.
        """
        seconds = min(FIRST_WAIT_SECONDS * 2.0 ** min(self.attempts, 20), WAIT_SECONDS_MAX)
        self.attempts += 1
        if self._complaint is not None and self.attempts == ATTEMPTS_MAX:
            raise Unreachable(f"{self._complaint} in {ATTEMPTS_MAX} attempts") from reason
        await self._clock.sleep_until(min(deadline, self._clock.time() + seconds))


def passes(error: ServiceError | Unreachable, throttles: Collection[str] = THROTTLES) -> bool:
    """Whether the same request may succeed a little later."""
    return isinstance(error, Unreachable) or error.code in throttles


async def insist(
    request: Callable[[], Awaitable[T]],
    patience: Patience,
    throttles: Collection[str] = THROTTLES,
) -> T:
    """Make *request* until it is answered, and return the answer.

    Raises ServiceError when the service refuses, Unreachable when *patience* is over.
    """
    while True:
        try:
            return await request()
        except (Unreachable, ServiceError) as error:
            if not passes(error, throttles):
                raise
            await patience.wait(error)


async def unthrottled(request: Callable[[], Awaitable[T]], clock: Clock) -> T:
    """Make *request* until it is not throttled, ten times at most, and return the answer.

    Raises ServiceError when it still is, or when the service refuses; Unreachable at once.
    """
    patience = Patience(clock)
    while True:
        try:
            return await request()
        except ServiceError as error:
            if not passes(error) or patience.attempts + 1 == ATTEMPTS_MAX:
                raise
            await patience.wait(error)
