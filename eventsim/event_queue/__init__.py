"""
Asynchronous invocation: what became of an event after its 202.

Nothing is retried yet, and an event that is throttled is lost, with its entry.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html
"""

from __future__ import annotations

from collections.abc import Callable

from eventsim.errors import InvokeError
from eventsim.invokers.local import Functions, tell_refusal
from eventsim.journal import Journal
from eventsim.runtimes import Call, FunctionVersion


class EventQueue:
    """Takes the events that the Invoke API accepted and runs each of them afterwards.

    *start_soon* starts a task that outlives the call, as a task group's method does.
    """

    def __init__(
        self, functions: Functions, journal: Journal, start_soon: Callable[..., object]
    ) -> None:
        self._functions = functions
        self._journal = journal
        self._start_soon = start_soon

    def accept(self, target: FunctionVersion, call: Call) -> None:
        """Take the event; return at once."""
        self._start_soon(self._run, target, call)

    async def _run(self, target: FunctionVersion, call: Call) -> None:
        try:
            await self._functions.run(target, call)
        except InvokeError as refused:
            tell_refusal(self._journal, target.function.name, call.request_id, refused)
