"""
One request in an execution environment: start it if need be, run the handler, tell of it.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from eventsim.environments.pool import Environment, Ground, Pool
from eventsim.rules import function_errors, log_lines
from eventsim.rules.billing import biller, rounded_up
from eventsim.rules.limits import init_seconds_max
from eventsim.rules.placement import placement
from eventsim.runtimes import Call, Init
from eventsim.types import FunctionError, Outcome

MESSAGE_LENGTH_MAX = 1024  # of an error, in the journal


@dataclass(slots=True)
class _Start:
    """How an environment came up: what is billed, what counts against Timeout, what was wrong."""

    init: float | None = None
    within: float = 0.0
    failure: Outcome | None = None
    log: str = ""


class Server:
    """Serves requests, each in an environment that it is given."""

    def __init__(self, ground: Ground) -> None:
        self._ground, self._clock, self._journal = ground, ground.clock, ground.journal
        self._started = ground.journal.channel("invocation_started")
        self._finished = ground.journal.channel("invocation_finished")
        self._with_payloads = ground.journal.detail == "payload"
        self._steps = biller(ground.profile)
        self._step = ground.profile.billing_step_milliseconds

    async def serve(
        self, pool: Pool, environment: Environment, call: Call, whole_log: bool
    ) -> Outcome:
        planned = pool.draw_duration()  # in the order of arrival, whoever has to wait for an init
        start = _UP
        if environment.state != "ready":
            start = await self._start(pool, environment, call.request_id)
        if self._started.heard:
            self._started.enter(None, _about(pool, environment, call))
        if start.failure is not None:
            outcome = start.failure._replace(duration=start.within, log="")
            if self._clock.virtual and start.within:
                await self._clock.sleep(start.within)
        elif self._clock.virtual:
            outcome = await self._in_virtual_time(pool, environment, call, start.within, planned)
        else:
            outcome = await environment.runtime.invoke(call._replace(spent=start.within))
            outcome = outcome._replace(duration=outcome.duration + start.within)
        if outcome.error is not None:
            outcome = self._after_error(pool, environment, call, outcome)
        billed = self._steps(outcome.duration, start.init or 0.0) * self._step / 1000
        is_kept = self._with_payloads or pool.function.name in self._ground.log_readers
        if whole_log or outcome.log or start.log or is_kept:
            outcome = self._with_log(pool, environment, call, start, outcome, whole_log, billed)
        self._tell_finish(pool, environment, call, start.init, outcome, billed)
        return outcome

    async def _start(self, pool: Pool, environment: Environment, request_id: str) -> _Start:
        """Initialise it: a new one in a phase of its own, then again within the invocation."""
        log = ""
        if environment.state == "new":
            first, seconds = await self._first(pool, environment, request_id)
            if first.error is None:
                return _Start(seconds, 0.0, None, first.log)
            log = first.log + log_lines.init_report(seconds, "init", first.error)
            environment.runtime.stop()
        timeout = pool.function.timeout
        again, seconds = await self._initialise(pool, environment, request_id, timeout)
        log += again.log
        if again.error is not None:
            log += log_lines.init_report(seconds, "invoke", again.error)
        environment.state = "ready"
        return _Start(None, seconds, None if again.error is None else again, log)

    async def _first(
        self, pool: Pool, environment: Environment, request_id: str
    ) -> tuple[Outcome, float]:
        """The phase that a new environment has for its initialisation, and the seconds it took."""
        clock, function = self._clock, pool.function
        waited, because = placement(function, self._ground.profile)
        if waited:
            await clock.sleep(waited)
        limit = init_seconds_max(environment.provisioned, function.timeout)
        outcome, seconds = await self._initialise(pool, environment, request_id, limit)
        if clock.virtual:
            await clock.sleep(seconds)
        environment.state = "ready" if outcome.error is None else "reset"
        fields = {} if outcome.error is None else _error_fields(outcome.error)
        if waited:
            fields["waited"] = waited
        self._journal.write(
            "environment_started",
            environment.because + because,
            function=function.name,
            version=pool.version,
            environment=environment.id,
            init=seconds,
            log_stream=environment.log_stream,
            memory_size=function.memory_size,
            architecture=function.architecture,
            **fields,
        )
        return outcome, seconds

    async def _initialise(
        self, pool: Pool, environment: Environment, request_id: str, limit: float
    ) -> tuple[Outcome, float]:
        """Start the runtime: its outcome, a timeout after *limit* seconds, and what it took."""
        function = pool.function
        init = Init(
            function,
            pool.version,
            self._ground.place.region,
            function.log_group_name,
            environment.log_stream,
            request_id,
            limit,
            "provisioned-concurrency" if environment.provisioned else "on-demand",
        )
        drawn = pool.draw_init()
        outcome = await environment.runtime.start(init)
        virtual = self._clock.virtual
        seconds = drawn if virtual else round(outcome.duration, 6)
        if virtual and seconds >= limit:
            payload, error = function_errors.timed_out(request_id, limit)
            return Outcome(payload, error, limit, outcome.log), limit
        return outcome, seconds

    async def provide(self, pool: Pool, environment: Environment) -> FunctionError | None:
        """Initialise one that nobody waits for; the error that it failed with, if it did."""
        outcome, _ = await self._first(pool, environment, "")
        if outcome.error is not None:
            environment.runtime.stop()
        return outcome.error

    async def _in_virtual_time(
        self, pool: Pool, environment: Environment, call: Call, within: float, planned: float
    ) -> Outcome:
        """Run the handler at once, then let its duration pass, up to the Timeout."""
        function = pool.function
        timeout = function.timeout
        if within >= timeout:
            outcome = Outcome(b"", None, 0.0)
        else:
            if within:
                call = call._replace(spent=within)
            outcome = await environment.runtime.invoke(call)
        if function.duration.measured:
            planned = rounded_up(outcome.duration * 1000) / 1000
        seconds = within + planned
        if seconds > timeout or within >= timeout:
            seconds = timeout
            payload, error = function_errors.timed_out(call.request_id, timeout)
            outcome = outcome._replace(payload=payload, error=error)
        if seconds:
            await self._clock.sleep(seconds)
        return Outcome(outcome.payload, outcome.error, seconds, outcome.log, outcome.memory_used)

    def _after_error(
        self, pool: Pool, environment: Environment, call: Call, outcome: Outcome
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
        pool: Pool,
        environment: Environment,
        call: Call,
        start: _Start,
        outcome: Outcome,
        whole_log: bool,
        billed: float,
    ) -> Outcome:
        """Show and keep what the function wrote, with Lambda's own lines around it."""
        function, log = pool.function, outcome.log
        if self._ground.on_log is not None:
            for line in (start.log + log).splitlines():
                self._ground.on_log(function.name, line)
        readers = self._ground.log_readers.get(function.name, ())
        if not whole_log and not readers and not self._with_payloads:
            return outcome
        report = log_lines.report(
            call.request_id,
            duration=outcome.duration,
            init=start.init,
            billed=billed,
            memory_size=function.memory_size,
            memory_used=outcome.memory_used,
            error=outcome.error,
        )
        begin, end = log_lines.start(call.request_id, pool.version), log_lines.end(call.request_id)
        whole = f"{begin}{log}{end}{report}"
        if self._with_payloads:
            self._journal.write(
                "function_logged",
                function=function.name,
                request_id=call.request_id,
                environment=environment.id,
                text=start.log + whole,
            )
        for read in readers:
            read(environment.log_stream, start.log + whole)
        return outcome._replace(log=whole)

    def _tell_finish(
        self,
        pool: Pool,
        environment: Environment,
        call: Call,
        init: float | None,
        outcome: Outcome,
        billed: float,
    ) -> None:
        fields = _about(pool, environment, call)
        fields["duration"], fields["billed"] = round(outcome.duration, 6), billed
        if init is not None:
            fields["init"] = init
        if outcome.error is not None:
            fields.update(_error_fields(outcome.error))
        if self._with_payloads:
            fields["answer"] = self._journal.keep(outcome.payload)
        self._finished.enter(None, fields)


_UP = _Start()


def _about(pool: Pool, environment: Environment, call: Call) -> dict[str, Any]:
    return {
        "function": pool.function.name,
        "version": pool.version,
        "request_id": call.request_id,
        "environment": environment.id,
    }


def _error_fields(error: FunctionError) -> dict[str, Any]:
    return {
        "error": "Unhandled",
        "error_type": error.type,
        "error_message": error.message[:MESSAGE_LENGTH_MAX],
    }
