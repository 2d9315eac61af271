"""How long to wait before something is asked again that gave no answer."""

from __future__ import annotations

from math import inf

from eventsim.clock import Clock

FIRST_WAIT_SECONDS = 0.25
WAIT_SECONDS_MAX = 10.0
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
    """Waits that double, on the simulation's clock. Made anew when something went well."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.attempts = 0
        self.reason: Exception | None = None

    async def wait(self, reason: Exception | None, deadline: float = inf) -> None:
        """Wait because of *reason*, but no longer than to *deadline*."""
        seconds = min(FIRST_WAIT_SECONDS * 2.0 ** min(self.attempts, 20), WAIT_SECONDS_MAX)
        self.attempts += 1
        self.reason = reason
        await self._clock.sleep_until(min(deadline, self._clock.time() + seconds))
