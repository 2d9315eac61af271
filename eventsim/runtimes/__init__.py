"""
What runs a handler: one runtime for each execution environment.

``environments`` starts, calls and stops runtimes through the protocol below and does not know
which kind they are. Add one as a file in this folder, named as ``run_in`` names it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple, Protocol, TextIO

from eventsim import registry
from eventsim.clock import Clock
from eventsim.ids import Chance
from eventsim.rules.limits import INIT_SECONDS_MAX
from eventsim.runtimes._endpoint import Endpoint
from eventsim.types import Function, Outcome, Payload

__all__ = [
    "WATCHDOG_SECONDS",
    "Call",
    "Endpoint",
    "FunctionVersion",
    "Init",
    "Runtime",
    "RuntimeFactory",
    "RuntimeHouse",
    "RuntimeOptions",
    "Runtimes",
]

WATCHDOG_SECONDS = 60.0


class FunctionVersion(NamedTuple):
    """A function as a caller reached it: ``arn`` is the one that was used, qualifier and all."""

    function: Function
    version: str
    arn: str


class Init(NamedTuple):
    """What a runtime is told when its execution environment initialises.

    ``request_id`` is that of the request which waits for it, nothing for provisioned concurrency.
    In real time it may take ``limit_seconds``; in virtual time the environment sees to that.
    """

    function: Function
    version: str
    region: str
    log_group_name: str
    log_stream_name: str
    request_id: str
    limit_seconds: float = INIT_SECONDS_MAX
    initialization_type: Literal["on-demand", "provisioned-concurrency"] = "on-demand"


class Call(NamedTuple):
    """One invocation. ``client_context`` is the caller's JSON object, decoded.

    ``trace_header`` is the one that the request came with; what the invocation sends on has
    ``rules.traces.onward`` of it. ``spent`` are the seconds of the function's Timeout that an
    initialisation within the invocation has used up.
    """

    payload: Payload
    request_id: str
    arn: str
    client_context: dict[str, Any] | None = None
    trace_header: str | None = None
    spent: float = 0.0


class Runtime(Protocol):
    """Runs one function's code for one execution environment, one call at a time.

    In real time a runtime ends a call when what is left of the Timeout is over; in virtual time
    the environment does, since it decides how long the call took.
    """

    async def start(self, init: Init) -> Outcome:
        """Run the code's initialisation; an error means that it is not ready to be called."""

    async def invoke(self, call: Call) -> Outcome:
        """Run the handler once. Raises HandlerStuck when the watchdog had to end it."""

    def stop(self) -> None:
        """Forget the code and all its state but /tmp, now; it may be started again."""

    def close(self) -> None:
        """Stop for good: nothing that the environment began is left behind."""


RuntimeFactory = Callable[[Function], Runtime]


class RuntimeHouse(Protocol):
    """Makes the runtimes of one kind for one run, and takes down what they share."""

    def __call__(self, function: Function) -> Runtime: ...

    async def aclose(self) -> None:
        """Return when nothing of any runtime is left: no process, socket or folder."""


class RuntimeOptions(NamedTuple):
    """What a run says of all its runtimes.

    A handler's requests to AWS go to *endpoint_url*, or are refused; *allow_aws* lets it see
    the credentials and settings of this process. In virtual time a call that takes over
    *watchdog_seconds* of real time ends the run; None lets it go on, for a debugger. What a
    handler writes shows on *echo* at once, if there is one. *chance* is the run's, for runtimes
    that draw.
    """

    clock: Clock
    endpoint_url: str | None = None
    allow_aws: bool = False
    watchdog_seconds: float | None = WATCHDOG_SECONDS
    echo: TextIO | None = None
    chance: Chance | None = None


class Runtimes:
    """Makes a function's runtimes as its ``run_in`` says; a house is opened when first needed.

    ``run_in`` names a file of this folder, or a module from outside, with
    ``open_runtimes(options) -> RuntimeHouse``.
    """

    def __init__(self, options: RuntimeOptions) -> None:
        self._options = options
        self._houses: dict[str, RuntimeHouse] = {}

    def __call__(self, function: Function) -> Runtime:
        """A runtime for one execution environment. Raises UnknownPlugin."""
        house = self._houses.get(function.run_in)
        if house is None:
            module = registry.load("runtimes", function.run_in, wants=["open_runtimes"])
            house = self._houses[function.run_in] = module.open_runtimes(self._options)
        return house(function)

    async def aclose(self) -> None:
        """Take every house down."""
        while self._houses:
            await self._houses.popitem()[1].aclose()
