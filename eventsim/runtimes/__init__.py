"""
What runs a handler: one runtime for each execution environment.

``environments`` starts, calls and stops runtimes through the protocol below and does not know
which kind they are. Add one as a file in this folder.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from eventsim.types import Function, Outcome, Payload


class FunctionVersion(NamedTuple):
    """A function as a caller reached it: ``arn`` is the one that was used, qualifier and all."""

    function: Function
    version: str
    arn: str


class Init(NamedTuple):
    """What a runtime is told when its execution environment initialises.

    ``request_id`` is that of the request which waits for it.
    """

    function: Function
    version: str
    region: str
    log_group_name: str
    log_stream_name: str
    request_id: str


class Call(NamedTuple):
    """One invocation. ``client_context`` is the caller's JSON object, decoded."""

    payload: Payload
    request_id: str
    arn: str
    client_context: dict[str, Any] | None = None


class Runtime(Protocol):
    """Runs one function's code for one execution environment, one call at a time.

    In real time a runtime ends a call at the function's Timeout by itself; in virtual time
    the environment does, since it decides how long the call took.
    """

    async def start(self, init: Init) -> Outcome:
        """Run the code's initialisation; an error means that it is not ready to be called."""

    async def invoke(self, call: Call) -> Outcome:
        """Run the handler once. Raises HandlerStuck when the watchdog had to end it."""

    def stop(self) -> None:
        """Forget the code and all its state, now; it may be started again."""


RuntimeFactory = Callable[[], Runtime]
