"""
The inline runtime: Python handlers, run in this process.

Each execution environment imports the handler's module afresh, so that its globals are its
own, and sees its own environment variables, folder, modules, logging and output. One call runs
at a time. In virtual time it runs in the loop's thread, at its virtual start; in real time in
a thread of ours, under the function's Timeout. Where handlers have an endpoint, which may be on
the loop itself, a thread of ours runs them in virtual time too, while that stands still.

What inline code can do to the process it can do: ``os._exit`` ends it, a thread that a handler
leaves behind runs on, and what a child process prints goes to this process's own streams; it
inherits the environment variables, but for ``_X_AMZN_TRACE_ID``.
``async def`` handlers fail as on Lambda, unless the function has ``async_handler``.

https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TextIO

import anyio

from eventsim.clock import Clock
from eventsim.errors import HandlerStuck
from eventsim.rules import function_errors
from eventsim.rules.variables import check_endpoints, variables_of
from eventsim.runtimes import WATCHDOG_SECONDS, Call, Init, RuntimeOptions
from eventsim.runtimes._capture import Log
from eventsim.runtimes._code import NULL, Code
from eventsim.runtimes._stage import STAGE, Actor
from eventsim.runtimes._variables import code_folder, lambda_variables, python_of
from eventsim.runtimes._watchdog import CtrlC
from eventsim.runtimes._worker import Worker
from eventsim.types import Function, Outcome

_MOMENT_SECONDS = 1.0
_Work = Callable[[Callable[[], float]], Outcome]  # given a stopwatch


class InlineRuntimes:
    """Makes the inline runtimes of one run; a ``RuntimeFactory``.

    A handler's requests to AWS go to *endpoint_url*, or are refused; *allow_aws* lets it see
    the credentials and settings of this process. In virtual time a call that takes over
    *watchdog_seconds* of real time ends the run; None lets it go on, for a debugger. What a
    handler writes shows on *echo* at once, if there is one.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        endpoint_url: str | None = None,
        allow_aws: bool = False,
        watchdog_seconds: float | None = WATCHDOG_SECONDS,
        echo: TextIO | None = None,
    ) -> None:
        self.clock = clock
        self.endpoint_url, self.allow_aws = endpoint_url, allow_aws
        self.watchdog_seconds = watchdog_seconds
        self.echo = echo
        self.in_loop = clock.virtual and endpoint_url is None
        self.worker = Worker()
        self.turns = anyio.Lock()

    def __call__(self, function: Function) -> InlineRuntime:
        return InlineRuntime(self)

    def close(self) -> None:
        """Let the thread of real-time calls end."""
        self.worker.close()

    async def aclose(self) -> None:
        self.close()


def open_runtimes(options: RuntimeOptions) -> InlineRuntimes:
    """The inline runtimes of a run."""
    return InlineRuntimes(
        options.clock,
        endpoint_url=options.endpoint_url,
        allow_aws=options.allow_aws,
        watchdog_seconds=options.watchdog_seconds,
        echo=options.echo,
    )


class InlineRuntime:
    """Runs one environment's handler in this process."""

    __slots__ = ("_clock", "_code", "_house", "_timeout")

    def __init__(self, house: InlineRuntimes) -> None:
        self._house, self._clock = house, house.clock
        self._code: Code | None = None
        self._timeout = 0

    async def start(self, init: Init) -> Outcome:
        """Import the handler's module. Raises EventsimError when its folder is not there."""
        function = init.function
        self._timeout = function.timeout
        runtime = python_of(function)
        code = self._code = Code(init, runtime, self._actor(init, runtime), self._clock.timestamp)
        log = Log("", self._clock.wall, echo=self._house.echo)
        if self._house.in_loop:
            try:
                outcome = self._in_loop(code, log, lambda _: code.load(init.request_id))
            except CtrlC:
                return await _cancelled()
        else:
            limit = None if self._house.watchdog_seconds is None else init.limit_seconds
            done = await self._in_thread(code, log, lambda _: code.load(init.request_id), limit)
            if done is None:
                payload, error = function_errors.timed_out(init.request_id, init.limit_seconds)
                return Outcome(payload, error, init.limit_seconds, log.text())
            outcome = done
        return outcome._replace(log=log.text() + outcome.log)

    async def invoke(self, call: Call) -> Outcome:
        """Run the handler once, with a fresh event and a fresh context object."""
        code = self._code
        if code is None:
            raise RuntimeError("a runtime is started before it is called")
        log = Log(call.request_id, self._clock.wall, echo=self._house.echo)
        if self._house.in_loop:
            elapsed = self._clock.stopwatch()
            try:
                # No hold: time cannot move while this thread, which is the loop's, is in here.
                outcome = STAGE.call(code.actor, log, code.answer, call, log, elapsed)
            except CtrlC:
                return await _cancelled()
            written = log.text()
            if outcome is NULL and not written:
                return Outcome(b"null", None, elapsed())
            return outcome._replace(duration=elapsed(), log=written + outcome.log)
        left = self._timeout - call.spent
        done = await self._in_thread(
            code, log, lambda elapsed: code.answer(call, log, elapsed), left
        )
        if done is None:
            payload, error = function_errors.timed_out(call.request_id, self._timeout)
            return Outcome(payload, error, left, log.text())
        return done._replace(log=log.text() + done.log)

    def stop(self) -> None:
        code, self._code = self._code, None
        if code is not None:
            STAGE.dismiss(code.actor)
            code.actor.loops.close()

    def close(self) -> None:
        self.stop()

    def _in_loop(self, code: Code, log: Log, work: _Work) -> Outcome:
        """What *work* returns, done in virtual time's own thread, and measured."""
        elapsed = self._clock.stopwatch()
        outcome = STAGE.call(code.actor, log, work, elapsed)
        return outcome._replace(duration=elapsed())

    async def _in_thread(
        self, code: Code, log: Log, work: _Work, limit: float | None
    ) -> Outcome | None:
        """What *work* returns, done in a thread, and measured; None if it takes longer.

        In virtual time nothing but the watchdog ends it. Raises HandlerStuck.
        """
        log.host_thread = threading.get_ident()
        async with self._clock.hold(), self._house.turns:
            elapsed = self._clock.stopwatch()
            with self._deadline(limit):
                outcome = await self._house.worker.run(
                    lambda: STAGE.call(code.actor, log, work, elapsed)
                )
                return outcome._replace(duration=elapsed())
            STAGE.dismiss(code.actor)
        if self._clock.virtual:
            raise HandlerStuck(code.actor.function, self._house.watchdog_seconds or 0.0)
        return None

    def _deadline(self, limit: float | None) -> anyio.CancelScope:
        """In virtual time, for what sleeps where no interruption gets: a moment after those."""
        clock = self._clock
        if clock.virtual:
            watchdog = self._house.watchdog_seconds
            return anyio.move_on_after(None if watchdog is None else watchdog + _MOMENT_SECONDS)
        if limit is None:
            return anyio.CancelScope()
        return clock.move_on_at(clock.time() + limit * clock.speed)

    def _actor(self, init: Init, runtime: str) -> Actor:
        function, house = init.function, self._house
        folder = _folder(function)
        if not house.allow_aws:
            check_endpoints(function.name, function.environment)
        lambdas = lambda_variables(init, runtime, folder)

        def variables(host: Mapping[str, str]) -> dict[str, str]:
            return variables_of(
                function,
                host,
                lambdas,
                endpoint_url=house.endpoint_url,
                allow_aws=house.allow_aws,
            )

        watchdog = house.watchdog_seconds if self._clock.virtual else None
        return Actor(function.name, variables, folder, watchdog)


async def _cancelled() -> Outcome:
    """Ctrl-C was heard and the run is about to be cancelled: wait for that."""
    await anyio.Event().wait()
    raise AssertionError("nobody sets this event")


def _folder(function: Function) -> str | None:
    """The code folder; none of its own for a callable that names none."""
    if function.code_uri is None and not isinstance(function.handler, str):
        return None
    return code_folder(function)
