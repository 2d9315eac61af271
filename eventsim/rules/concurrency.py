"""
How much of the account's concurrency there is for whom.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
https://docs.aws.amazon.com/lambda/latest/dg/scaling-behavior.html
"""

from __future__ import annotations

from collections.abc import Mapping

from eventsim.errors import InvalidParameterValue

CONCURRENT_EXECUTIONS = 1_000
UNRESERVED_MIN = 100
NEW_ENVIRONMENTS_MAX = 1_000  # of one function, in
NEW_ENVIRONMENTS_SECONDS = 10.0


def check_reservation(
    account: int, reserved: Mapping[str, int], function_name: str, concurrency: int
) -> None:
    """Raises InvalidParameterValue when a reservation would leave too little for the others."""
    others = sum(number for name, number in reserved.items() if name != function_name)
    if account - others - concurrency < UNRESERVED_MIN:
        raise InvalidParameterValue(
            "Specified ReservedConcurrentExecutions for function decreases account's "
            f"UnreservedConcurrentExecution below its minimum value of [{UNRESERVED_MIN}]."
        )


def check_provisioned(reserved: int | None, provisioned: int) -> None:
    """Raises InvalidParameterValue when more is provisioned than is reserved for a function."""
    if reserved is not None and provisioned > reserved:
        raise InvalidParameterValue(
            f" ReservedConcurrentExecutions  {reserved} should not be lower than function's "
            f"total provisioned concurrency [{provisioned}]."
        )


class ScalingRate:
    """How many new environments a function may have now; what is not used does not add up."""

    __slots__ = ("_left", "_since")

    def __init__(self) -> None:
        self._left = float(NEW_ENVIRONMENTS_MAX)
        self._since = 0.0

    def take(self, now: float) -> bool:
        """Take one, at the time *now* in seconds; False when there is none left."""
        refilled = (now - self._since) * NEW_ENVIRONMENTS_MAX / NEW_ENVIRONMENTS_SECONDS
        self._left = min(NEW_ENVIRONMENTS_MAX, self._left + refilled)
        self._since = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
