"""What an endpoint's answers tell besides: whether it is there, and what time it has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from eventsim.backends import date_of
from eventsim.clock import RealClock
from eventsim.errors import Unreachable

# A date is cut to whole seconds, and has been under way for a while.
_AHEAD_SECONDS_MAX, _BEHIND_SECONDS_MAX = 1.0, 3.0


class EndpointWatch:
    """Told of every answer; says once that the endpoint has gone, and once that it is back.

    Before ``agree`` it says nothing: who asks first is told of a failure by an error.
    """

    def __init__(self, clock: RealClock, say: Callable[[str], None]) -> None:
        self._clock, self._say = clock, say
        self._gone = self._agreed = False
        self._ahead: float | None = None  # of the last answer that had a date

    def see(self, answer: Any) -> None:
        """Take note of an answer, or of Unreachable in place of one."""
        gone = isinstance(answer, Unreachable)
        if self._agreed and gone and not self._gone:
            self._say(f"no answer, and asked again until there is one: {answer}")
        elif self._agreed and self._gone and not gone:
            self._say("the endpoint answers again")
        self._gone = gone
        if not gone:
            self._note_date(answer)

    def agree(self) -> None:
        """Let dates go by the endpoint's clock from now on, if that is another time."""
        self._agreed = True
        ahead = self._ahead
        if ahead is None or -_BEHIND_SECONDS_MAX <= ahead <= _AHEAD_SECONDS_MAX:
            return
        self._clock.correct(ahead)
        side = "ahead of" if ahead > 0 else "behind"
        self._say(
            f"the endpoint's clock is {abs(ahead):,.0f} s {side} this machine's; "
            "the ages of records go by the endpoint's"
        )

    def _note_date(self, answer: dict[str, Any]) -> None:
        date = date_of(answer)
        if date is not None:
            self._ahead = date - self._clock.timestamp()
