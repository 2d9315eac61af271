"""
A function as the target of a load: asked for its answer, or told and heard of later.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-sync.html
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from eventsim.errors import InvokeError, TooManyRequests, Unreachable
from eventsim.journal import Journal
from eventsim.rules import foreign_answers
from eventsim.traffic.measuring import Meter, Sending
from eventsim.types import Invoker, InvokeRequest

Draw = Callable[[], InvokeRequest]


class Asked:
    """A function that is invoked RequestResponse: its answer is the answer."""

    def __init__(self, invoker: Invoker, meter: Meter, draw: Draw) -> None:
        self._invoker, self._meter, self._draw = invoker, meter, draw

    async def send(self, sending: Sending) -> None:
        """Return when the function has answered, or was refused or not reached."""
        try:
            result = await self._invoker.invoke(self._draw())
        except (InvokeError, Unreachable) as error:
            _refused(self._meter, sending, error)
            return
        if result.function_error is None:
            self._meter.answered(sending)
        else:
            failed = foreign_answers.function_error(result.payload)
            self._meter.answered(sending, failed.type, failed.message)


class Told:
    """A function that is invoked as an Event: its answer is when the event has succeeded.

    An event that is given up is an error, under the name of the condition.
    """

    def __init__(self, invoker: Invoker, meter: Meter, draw: Draw, journal: Journal) -> None:
        self._invoker, self._meter, self._draw = invoker, meter, draw
        self._waiting: dict[str, Sending] = {}
        journal.watch_each({"event_succeeded": self._succeeded, "event_discarded": self._given_up})

    async def send(self, sending: Sending) -> None:
        """Return when the event is in the queue."""
        request = self._draw()
        self._waiting[request.request_id] = sending
        try:
            await self._invoker.invoke(request)
        except (InvokeError, Unreachable) as error:
            del self._waiting[request.request_id]
            _refused(self._meter, sending, error)

    def _succeeded(self, fields: dict[str, Any]) -> None:
        sending = self._waiting.pop(fields["request_id"], None)
        if sending is not None:
            self._meter.answered(sending)

    def _given_up(self, fields: dict[str, Any]) -> None:
        sending = self._waiting.pop(fields["request_id"], None)
        if sending is not None:
            self._meter.answered(sending, fields["condition"], "an event was given up")


def _refused(meter: Meter, sending: Sending, error: InvokeError | Unreachable) -> None:
    if isinstance(error, Unreachable):  # it may have run
        meter.answered(sending, error.code, str(error))
        return
    throttled = isinstance(error, TooManyRequests)
    meter.refused(sending, error.code, error.message, throttled=throttled)
