"""
Who may run now: the concurrency of the account and what is reserved for a function.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
"""

from __future__ import annotations

from collections import Counter

from eventsim.errors import TooManyRequests
from eventsim.rules.limits import CONCURRENT_EXECUTIONS


class Concurrency:
    """Counts what runs, in the account and of each function, whatever its version."""

    def __init__(self, account: int = CONCURRENT_EXECUTIONS) -> None:
        self._account = account
        self._running = 0
        self._of_function: Counter[str] = Counter()
        self._reserved: dict[str, int] = {}

    def reserve(self, function_name: str, concurrency: int | None) -> None:
        """Reserve so much concurrency for a function, 0 to throttle it; None for no reservation."""
        if concurrency is None:
            self._reserved.pop(function_name, None)
        else:
            self._reserved[function_name] = concurrency

    def reserved(self, function_name: str) -> int | None:
        return self._reserved.get(function_name)

    def enter(self, function_name: str) -> None:
        """Count one more that runs. Raises TooManyRequests when there is no room for it."""
        if self._running >= self._account:
            raise _throttled("ConcurrentInvocationLimitExceeded")
        if self._reserved:
            reserved = self._reserved.get(function_name)
            if reserved is not None and self._of_function[function_name] >= reserved:
                raise _throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
        self._running += 1
        self._of_function[function_name] += 1

    def leave(self, function_name: str) -> None:
        """Count one less."""
        self._running -= 1
        self._of_function[function_name] -= 1


def _throttled(reason: str) -> TooManyRequests:
    return TooManyRequests("Rate Exceeded.", Reason=reason, Type="User")
