"""
Who may run now: the account's concurrency, what is reserved of it, what is provisioned.

Provisioned environments are taken first. What a function runs besides is held to its
reservation less what is provisioned; functions without one share what nobody has reserved.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from eventsim.errors import TooManyRequests
from eventsim.rules.concurrency import (
    CONCURRENT_EXECUTIONS,
    ScalingRate,
    check_provisioned,
    check_reservation,
)


class Concurrency:
    """Counts what runs on demand, of each function, whatever its version."""

    def __init__(self, account: int = CONCURRENT_EXECUTIONS) -> None:
        self._account = account
        self._running: dict[str, int] = defaultdict(int)
        self._unreserved_running = 0
        self._unreserved = account
        self._reserved: dict[str, int] = {}
        self._provisioned: Counter[str] = Counter()
        self._throttled: Counter[str] = Counter()
        self._rates: dict[str, ScalingRate] = {}

    def reserve(self, function_name: str, concurrency: int | None) -> None:
        """Reserve so much for a function, 0 to stop it; None for no reservation.

        Raises InvalidParameterValue when too little would be left for the others, or when more
        than that is provisioned.
        """
        if concurrency is None:
            self._reserved.pop(function_name, None)
        else:
            check_reservation(self._account, self._reserved, function_name, concurrency)
            check_provisioned(concurrency, self._provisioned[function_name])
            self._reserved[function_name] = concurrency
        self._share_out()

    def reserved(self, function_name: str) -> int | None:
        """What is reserved for a function; None for no reservation."""
        return self._reserved.get(function_name)

    @property
    def unreserved(self) -> int:
        """What functions without a reservation share."""
        return self._account - sum(self._reserved.values())

    @property
    def account(self) -> int:
        """What all functions share."""
        return self._account

    def forget(self, function_name: str) -> None:
        """The function is gone, with what was reserved and provisioned for it."""
        self._reserved.pop(function_name, None)
        self._provisioned.pop(function_name, None)
        self._rates.pop(function_name, None)
        self._share_out()

    def provision(self, function_name: str, more: int) -> None:
        """Set *more* of the concurrency aside for environments that are always there.

        Raises InvalidParameterValue when that is more than is reserved for the function.
        """
        total = self._provisioned[function_name] + more
        check_provisioned(self._reserved.get(function_name), total)
        self._provisioned[function_name] = total
        self._share_out()

    def stopped(self, function_name: str) -> bool:
        """Whether nothing of the function may run at all, by a reservation of 0."""
        return self._reserved.get(function_name) == 0 or function_name in self._throttled

    @contextmanager
    def throttled(self, function_name: str) -> Iterator[None]:
        """Meanwhile the function is stopped, as by a reservation of 0."""
        self._throttled[function_name] += 1
        try:
            yield
        finally:
            self._throttled[function_name] -= 1
            if not self._throttled[function_name]:
                del self._throttled[function_name]

    def most(self, function_name: str) -> int:
        """How much of a function may run on demand at once, if no other function runs."""
        if function_name in self._throttled:
            return 0
        reserved = self._reserved.get(function_name)
        if reserved is None:
            return self._unreserved
        return reserved - self._provisioned[function_name]

    def enter(self, function_name: str) -> None:
        """Count one more that runs. Raises TooManyRequests when there is no room for it."""
        if self._throttled and function_name in self._throttled:
            raise _refusal("ReservedFunctionConcurrentInvocationLimitExceeded")
        reserved = self._reserved.get(function_name)
        if reserved is None:
            if self._unreserved_running >= self._unreserved:
                raise _refusal("ConcurrentInvocationLimitExceeded")
            self._unreserved_running += 1
        elif self._running[function_name] >= reserved - self._provisioned[function_name]:
            raise _refusal("ReservedFunctionConcurrentInvocationLimitExceeded")
        self._running[function_name] += 1

    def leave(self, function_name: str) -> None:
        """Count one less."""
        self._running[function_name] -= 1
        if function_name not in self._reserved:
            self._unreserved_running -= 1

    def scale(self, function_name: str, now: float) -> None:
        """Count a new environment. Raises TooManyRequests when the function grows too fast."""
        rate = self._rates.get(function_name)
        if rate is None:
            rate = self._rates[function_name] = ScalingRate()
        if not rate.take(now):
            raise _refusal("ConcurrentInvocationLimitExceeded")

    def _share_out(self) -> None:
        """Work out anew what functions without a reservation share."""
        provisioned = sum(
            number for name, number in self._provisioned.items() if name not in self._reserved
        )
        self._unreserved = self._account - sum(self._reserved.values()) - provisioned
        self._unreserved_running = sum(
            number for name, number in self._running.items() if name not in self._reserved
        )


def _refusal(reason: str) -> TooManyRequests:
    return TooManyRequests("Rate Exceeded.", Reason=reason, Type="User")
