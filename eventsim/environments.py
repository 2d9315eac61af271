"""
Functions and their execution environments: cold start, warm reuse, reset, recycling.

An environment serves one request at a time. The most recently used idle one is taken first;
one that was idle for ten minutes is stopped when somebody next looks, and its entry says since
when it was idle. A timeout, an exit or a failed initialisation resets an environment: its
globals are gone, its log stream stays, and its next invocation initialises it again, within
the function's Timeout.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from eventsim.clock import Clock
from eventsim.errors import TooManyRequests
from eventsim.ids import Chance
from eventsim.journal import Journal
from eventsim.rules import function_errors, log_lines
from eventsim.rules.billing import billed_seconds, rounded_up
from eventsim.rules.function_names import LATEST, Place, not_found, parse
from eventsim.rules.limits import CONCURRENT_EXECUTIONS
from eventsim.runtimes import Call, FunctionVersion, Init, Runtime, RuntimeFactory
from eventsim.types import Duration, Function, FunctionError, Outcome

IDLE_SECONDS_MAX = 600.0
MESSAGE_LENGTH_MAX = 1024  # of an error, in the journal

OnLog = Callable[[str, str], None]
Draw = Callable[[float, float], float]  # mu and sigma of a lognormal distribution


@dataclass(slots=True)
class _Environment:
    """One execution environment. ``idle_since`` is run time; only an idle one has it."""

    id: str
    log_stream: str
    runtime: Runtime
    state: Literal["new", "ready", "reset"] = "new"
    idle_since: float = 0.0


@dataclass(slots=True)
class _Pool:
    """The environments of one version; idle ones in the order in which they became idle."""

    function: Function
    version: str
    draw: Draw
    idle: deque[_Environment] = field(default_factory=deque)
    busy: dict[str, _Environment] = field(default_factory=dict)
    reserved: int | None = None


@dataclass(slots=True)
class _Start:
    """How an environment came up: what is billed, what counts against Timeout, what was wrong."""

    init: float | None = None
    within: float = 0.0
    failure: Outcome | None = None
    log: str = ""


class Environments:
    """The functions of a run and the execution environments that serve them.

    Call ``close`` at the end, also after an error: it stops every environment, and the process
    has its own state back.
    """

    def __init__(
        self,
        functions: Iterable[Function],
        make_runtime: RuntimeFactory,
        *,
        clock: Clock,
        journal: Journal,
        chance: Chance,
        place: Place | None = None,
        on_log: OnLog | None = None,
        idle_seconds: float = IDLE_SECONDS_MAX,
        concurrent_executions: int = CONCURRENT_EXECUTIONS,
    ) -> None:
        self._make_runtime = make_runtime
        self._clock, self._journal, self._chance = clock, journal, chance
        self._place = place or Place()
        self._on_log = on_log
        self._idle_seconds = idle_seconds
        self._concurrent_executions = concurrent_executions
        self._running = 0
        self._found: dict[tuple[str, str | None], FunctionVersion] = {}
        self._pools = {
            function.name: _Pool(
                function, LATEST, chance.stream("durations", function.name).lognormvariate
            )
            for function in functions
        }

    def find(self, function_name: str, qualifier: str | None = None) -> FunctionVersion:
        """The function that a caller means by a name, a partial or a full ARN, and a qualifier.

        Raises ResourceNotFound, InvalidParameterValue or ValidationFailed, with AWS's texts.
        """
        asked = (function_name, qualifier)
        found = self._found.get(asked)
        if found is None:
            name, version = parse(function_name, qualifier, self._place)
            pool = self._pools.get(name)
            if pool is None or version not in {None, LATEST}:
                raise not_found(self._place.arn(name, version or LATEST))
            found = FunctionVersion(pool.function, LATEST, self._place.arn(name, version))
            self._found[asked] = found
        return found

    async def run(self, target: FunctionVersion, call: Call, *, whole_log: bool = False) -> Outcome:
        """Run *call* in an environment of its own and return what it came to.

        ``duration`` is in simulated seconds; with *whole_log*, ``log`` has the START, END and
        REPORT lines. Raises TooManyRequests when the account, or what is reserved for the
        function, has no concurrency left.
        """
        if self._running >= self._concurrent_executions:
            raise TooManyRequests(
                "Rate Exceeded.", Reason="ConcurrentInvocationLimitExceeded", Type="User"
            )
        pool = self._pools[target.function.name]
        if pool.reserved is not None and len(pool.busy) >= pool.reserved:
            raise TooManyRequests(
                "Rate Exceeded.",
                Reason="ReservedFunctionConcurrentInvocationLimitExceeded",
                Type="User",
            )
        environment = self._take(pool)
        self._running += 1
        try:
            outcome = await self._serve(pool, environment, call, whole_log)
        except BaseException:
            del pool.busy[environment.id]
            self._stop(pool, environment, "its invocation was broken off")
            raise
        finally:
            self._running -= 1
        del pool.busy[environment.id]
        environment.idle_since = self._clock.time()
        pool.idle.append(environment)
        return outcome

    def reserve(self, function_name: str, concurrency: int | None) -> None:
        """Reserve so much concurrency for a function, 0 to throttle it; None for no reservation."""
        self._pools[function_name].reserved = concurrency

    def close(self) -> None:
        """Stop every environment, whatever it is doing. May be called again."""
        for pool in self._pools.values():
            self._recycle(pool)
            while pool.idle:
                self._stop(pool, pool.idle.popleft(), "the run ended")
            for environment in list(pool.busy.values()):
                environment.runtime.stop()

    def _take(self, pool: _Pool) -> _Environment:
        if pool.idle:
            self._recycle(pool)
        if pool.idle:
            environment = pool.idle.pop()
            self._tell_reuse(pool, environment)
        else:
            day = self._clock.wall()
            digits = self._chance.hex("environments", 32, pool.function.name)
            log_stream = f"{day:%Y/%m/%d}/[{pool.version}]{digits}"
            environment = _Environment(digits[:12], log_stream, self._make_runtime())
        pool.busy[environment.id] = environment
        return environment

    def _recycle(self, pool: _Pool) -> None:
        """Stop what was idle for too long; the oldest stand first."""
        too_old = self._clock.time() - self._idle_seconds
        while pool.idle and pool.idle[0].idle_since <= too_old:
            environment = pool.idle.popleft()
            because = (
                f"idle since {environment.idle_since:.3f} s, "
                f"and kept for {self._idle_seconds:g} s at the most"
            )
            self._stop(pool, environment, because)

    async def _serve(
        self, pool: _Pool, environment: _Environment, call: Call, whole_log: bool
    ) -> Outcome:
        start = await self._start(pool, environment, call) if environment.state != "ready" else _UP
        if self._journal.hears("invocation_started"):
            self._journal.write(
                "invocation_started",
                function=pool.function.name,
                version=pool.version,
                request_id=call.request_id,
                environment=environment.id,
            )
        if start.failure is not None:
            outcome = start.failure._replace(duration=start.within)
            if self._clock.virtual and start.within:
                await self._clock.sleep(start.within)
        elif self._clock.virtual:
            outcome = await self._in_virtual_time(pool, environment, call, start.within)
        else:
            outcome = await environment.runtime.invoke(call)
            outcome = outcome._replace(duration=outcome.duration + start.within)
        if outcome.error is not None:
            outcome = self._after_error(pool, environment, call, outcome)
        if whole_log or outcome.log or start.log or self._journal.detail == "payload":
            outcome = self._with_log(pool, environment, call, start, outcome, whole_log)
        self._tell_finish(pool, environment, call, start.init, outcome)
        return outcome

    async def _start(self, pool: _Pool, environment: _Environment, call: Call) -> _Start:
        function, virtual = pool.function, self._clock.virtual
        init = Init(
            function,
            pool.version,
            self._place.region,
            f"/aws/lambda/{function.name}",
            environment.log_stream,
            call.request_id,
        )
        started = await environment.runtime.start(init)
        seconds = function.init_duration if virtual else round(started.duration, 6)
        failure = started if started.error is not None else None
        if environment.state == "reset":
            environment.state = "ready"
            return _Start(None, min(seconds, function.timeout), failure, started.log)
        if virtual:
            await self._clock.sleep(seconds)
        environment.state = "ready"
        self._journal.write(
            "environment_started",
            "no environment was idle",
            function=function.name,
            version=pool.version,
            environment=environment.id,
            init=seconds,
            log_stream=environment.log_stream,
        )
        return _Start(seconds, 0.0, failure, started.log)

    async def _in_virtual_time(
        self, pool: _Pool, environment: _Environment, call: Call, within: float
    ) -> Outcome:
        """Run the handler at once, then let its duration pass, up to the Timeout."""
        timeout = pool.function.timeout
        if within >= timeout:
            outcome = Outcome(b"", None, 0.0)
        else:
            outcome = await environment.runtime.invoke(call)
        seconds = within + _drawn(pool.function.duration, pool.draw, outcome.duration)
        if seconds > timeout or within >= timeout:
            seconds = timeout
            payload, error = function_errors.timed_out(call.request_id, timeout)
            outcome = Outcome(payload, error, seconds, outcome.log)
        if seconds:
            await self._clock.sleep(seconds)
        return Outcome(outcome.payload, outcome.error, seconds, outcome.log)

    def _after_error(
        self, pool: _Pool, environment: _Environment, call: Call, outcome: Outcome
    ) -> Outcome:
        error = outcome.error
        if error is None or not error.fatal:
            return outcome
        environment.runtime.stop()
        environment.state = "reset"
        timed_out = error.type == function_errors.TIMED_OUT
        because = f"Timeout of {pool.function.timeout} s passed" if timed_out else error.type
        self._journal.write(
            "environment_reset", because, function=pool.function.name, environment=environment.id
        )
        if timed_out:
            line = log_lines.timed_out(call.request_id, self._clock.wall(), pool.function.timeout)
            return outcome._replace(log=outcome.log + line)
        return outcome

    def _with_log(
        self,
        pool: _Pool,
        environment: _Environment,
        call: Call,
        start: _Start,
        outcome: Outcome,
        whole_log: bool,
    ) -> Outcome:
        """Show and keep what the function wrote, with Lambda's own lines around it."""
        function, log = pool.function, outcome.log
        if self._on_log is not None:
            for line in (start.log + log).splitlines():
                self._on_log(function.name, line)
        if not whole_log and self._journal.detail != "payload":
            return outcome
        report = log_lines.report(
            call.request_id,
            duration=outcome.duration,
            init=start.init,
            memory_size=function.memory_size,
            error=outcome.error,
        )
        begin, end = log_lines.start(call.request_id, pool.version), log_lines.end(call.request_id)
        whole = f"{begin}{log}{end}{report}"
        if self._journal.detail == "payload":
            self._journal.write(
                "function_logged",
                function=function.name,
                request_id=call.request_id,
                environment=environment.id,
                text=start.log + whole,
            )
        return outcome._replace(log=whole)

    def _stop(self, pool: _Pool, environment: _Environment, because: str) -> None:
        environment.runtime.stop()
        self._journal.write(
            "environment_stopped", because, function=pool.function.name, environment=environment.id
        )

    def _tell_reuse(self, pool: _Pool, environment: _Environment) -> None:
        if not self._journal.hears("environment_reused"):
            return
        again = environment.state == "reset"
        self._journal.write(
            "environment_reused",
            "the most recently used; initialised again after its reset" if again else _MOST_RECENT,
            function=pool.function.name,
            environment=environment.id,
            idle=round(self._clock.time() - environment.idle_since, 6),
        )

    def _tell_finish(
        self,
        pool: _Pool,
        environment: _Environment,
        call: Call,
        init: float | None,
        outcome: Outcome,
    ) -> None:
        fields: dict[str, Any] = {} if init is None else {"init": init}
        if outcome.error is not None:
            fields.update(_error_fields(outcome.error))
        if self._journal.detail == "payload":
            fields["answer"] = self._journal.keep(outcome.payload)
        self._journal.write(
            "invocation_finished",
            function=pool.function.name,
            version=pool.version,
            request_id=call.request_id,
            environment=environment.id,
            duration=round(outcome.duration, 6),
            billed=billed_seconds(outcome.duration, init or 0.0),
            **fields,
        )


_MOST_RECENT = "the most recently used idle one"
_UP = _Start()


def _error_fields(error: FunctionError) -> dict[str, Any]:
    return {
        "error": "Unhandled",
        "error_type": error.type,
        "error_message": error.message[:MESSAGE_LENGTH_MAX],
    }


def _drawn(duration: Duration, draw: Draw, measured: float) -> float:
    """How long an invocation takes in virtual time, in seconds."""
    if duration.measured:
        return rounded_up(measured * 1000) / 1000
    if duration.sigma and duration.median:
        return draw(math.log(duration.median), duration.sigma)
    return duration.median
