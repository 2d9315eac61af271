"""Who takes what the services inside a back end send to the functions of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Taker(Protocol):
    """The run, as its back end's services see it: what each tells is in that service's own keys."""

    def knows(self, function_arn: str) -> bool:
        """Whether the function is one of the run's."""

    def may(self, service: str, source_arn: str, function_arn: str) -> bool:
        """Whether a service may be told to invoke a function, as far as the run has a say."""

    def event(self, service: str, told: Mapping[str, Any]) -> Any:
        """The event that a service makes of what it tells; None where no such event is known."""

    def push(self, service: str, event: Any, function_arn: str) -> None:
        """Send a function an event, in the background."""

    def take(self, service: str, told: Mapping[str, Any], function_arn: str) -> None:
        """Make an event of what a service tells, if it is to be sent at all, and send it."""
