"""
Runs handlers in child processes that speak the Runtime API, one for each environment.

Between two calls the whole process group is stopped, as Lambda freezes an environment; a call
that overruns ends the group and all that it started. TMPDIR leads to a folder of the
environment's own, which stays when its process is ended and goes with the environment.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import asyncio
import errno
import json
import math
from collections.abc import Mapping

import anyio
import anyio.lowlevel
import orjson

from eventsim.clock import machine_time
from eventsim.errors import EventsimError, HandlerStuck
from eventsim.rules import function_errors, traces
from eventsim.rules.limits import RESPONSE_BYTES_MAX
from eventsim.rules.variables import check_endpoints, layer_variables, variables_of
from eventsim.runtimes import Call, Init, RuntimeOptions
from eventsim.runtimes._capture import Log
from eventsim.runtimes._exchange import Answer, Event, Exchange
from eventsim.runtimes._guardian import MARK
from eventsim.runtimes._house import House
from eventsim.runtimes._process import Process
from eventsim.runtimes._program import Choose, Program
from eventsim.runtimes._stage import STAGE
from eventsim.runtimes._variables import lambda_variables
from eventsim.types import Function, FunctionError, Outcome

_MEGABYTE = 1024 * 1024
_NOT_TO_BE_RUN = (errno.ENOENT, errno.EACCES, errno.EPERM, errno.ENOEXEC, errno.ENOTDIR)
_QUIET_ROUNDS = 4
# The system's figure is a peak, so that a later look misses nothing; it costs as much as all else
# that a short call does here. Where many calls follow each other, it is not taken for each.
_CALLS_MEASURED = 20
_MEASURED_SECONDS = 0.05
_UP = Outcome(b"null", None, 0.0)


class ChildRuntimes:
    """Makes the runtimes of one kind for one run; *choose* says what to run for a function."""

    def __init__(self, options: RuntimeOptions, choose: Choose) -> None:
        self.options, self.choose = options, choose
        self.house = House()
        self._runtimes: set[ChildRuntime] = set()

    def __call__(self, function: Function) -> ChildRuntime:
        runtime = ChildRuntime(self, function)
        self._runtimes.add(runtime)
        return runtime

    def forget(self, runtime: ChildRuntime) -> None:
        self._runtimes.discard(runtime)

    async def aclose(self) -> None:
        for runtime in list(self._runtimes):
            runtime.close()
        self.house.close()
        with anyio.CancelScope(shield=True):
            await anyio.lowlevel.checkpoint()  # connections close in the loop's next round


class ChildRuntime:
    """Runs one environment's handler in a child process."""

    def __init__(self, kind: ChildRuntimes, function: Function) -> None:
        self._kind, self._function = kind, function
        self._options = kind.options
        self._clock = kind.options.clock
        self._log = self._new_log("")
        self._exchange: Exchange | None = None
        self._process: Process | None = None
        self._program: Program | None = None
        self._init: Init | None = None
        self._folder: str | None = None
        self._memory: int | None = None
        self._since = self._clock.stopwatch()
        self._calls = 0

    async def start(self, init: Init) -> Outcome:
        """Start the process and wait until it asks for its first event.

        Raises EventsimError when there is nothing to run.
        """
        self._init, self._log = init, self._new_log("")
        limit = self._limit(init.limit_seconds)
        async with self._clock.hold():
            elapsed = self._clock.stopwatch()
            outcome = await self._launch(init, _until(limit))
            if outcome is not None:
                return self._told(outcome, elapsed())
            return self._overrun(init.request_id, limit, limit)

    async def invoke(self, call: Call) -> Outcome:
        """Let the process handle one event, and freeze it again."""
        self._log = self._new_log(call.request_id)
        virtual = self._clock.virtual
        timeout = float(self._function.timeout)
        left = timeout - call.spent
        limit = self._options.watchdog_seconds if virtual else left
        async with self._clock.hold():
            elapsed = self._clock.stopwatch()
            outcome = await self._call(call, _until(limit), machine_time().timestamp() + left)
            if outcome is not None:
                return self._told(outcome, elapsed())
            return self._overrun(call.request_id, limit, timeout)

    def stop(self) -> None:
        self._end()

    def close(self) -> None:
        self._end()
        self._kind.forget(self)
        folder, self._folder = self._folder, None
        if folder is not None:
            self._kind.house.remove_folder(folder)

    def _limit(self, seconds: float) -> float | None:
        """How long an init may take: in virtual time, and for a debugger, as calls may."""
        watchdog = self._options.watchdog_seconds
        return watchdog if self._clock.virtual or watchdog is None else seconds

    def _overrun(self, request_id: str, limit: float | None, timeout: float | None) -> Outcome:
        """End the process after *limit* seconds, and say so. An answer that came in time counts."""
        answer = None if self._exchange is None else self._exchange.answer
        self._end()
        if self._clock.virtual or limit is None or timeout is None:
            raise HandlerStuck(self._function.name, limit or 0.0)
        if answer is not None:
            return self._told(self._outcome(answer), limit)
        return self._told(Outcome(*function_errors.timed_out(request_id, timeout), limit), limit)

    async def _launch(self, init: Init, until: float | None) -> Outcome | None:
        """Start the process; an outcome without an error means that it waits for an event.

        None when it takes too long.
        """
        self._end()
        program = self._program = self._kind.choose(init)
        if self._folder is None:
            self._folder = self._kind.house.new_folder()
        exchange = self._exchange = Exchange()
        try:
            await exchange.open()
            self._begin(init, program, exchange)
        except OSError as error:
            self._end()
            if program.entrypoint is None or error.errno not in _NOT_TO_BE_RUN:
                raise EventsimError(_cannot_run(init.function, program, error)) from error
            return Outcome(
                *function_errors.no_entrypoint(init.request_id, program.entrypoint, error), 0.0
            )
        if not await exchange.settled(until):
            return None
        ended = self._rest(init.request_id)
        if exchange.answer is not None:
            return self._outcome(exchange.answer)
        return ended or _UP

    def _begin(self, init: Init, program: Program, exchange: Exchange) -> None:
        self._calls = 0
        process = self._process = Process(
            program.command,
            program.folder,
            self._variables(init, program, exchange),
            exchange.address,
            lambda content: self._log.write(program.logged(content)),
            lambda: self._on_exit(process, exchange),
        )
        self._kind.house.began(process.pid, exchange.address)

    def _on_exit(self, process: Process, exchange: Exchange) -> None:
        """Hear what the process said last, which is still on its way, then that it has ended."""
        loop, quiet, received = asyncio.get_running_loop(), 0, -1

        def look() -> None:
            nonlocal quiet, received
            process.drain()
            quiet = quiet + 1 if received == exchange.bytes_received else 0
            received = exchange.bytes_received
            if quiet < _QUIET_ROUNDS:
                loop.call_soon(look)
            else:
                exchange.end()

        look()

    async def _call(self, call: Call, until: float | None, deadline: float) -> Outcome | None:
        """What a call comes to that is to end by *deadline*; None when it takes too long."""
        if self._process is None:  # it ended after its last answer
            if self._init is None:
                raise RuntimeError("a runtime is started before it is called")
            again = self._init._replace(request_id=call.request_id)
            started = await self._launch(again, until)
            if started is None or started.error is not None:
                return started
        process, exchange = self._process, self._exchange
        assert process is not None
        assert exchange is not None
        exchange.give(self._event(call, deadline))
        process.thaw()
        if not await exchange.settled(until):
            return None
        answer = exchange.answer
        ended = self._rest(call.request_id)
        if answer is not None:
            return self._outcome(answer)
        return ended or _UP

    def _rest(self, request_id: str) -> Outcome | None:
        """Freeze the process; if it has ended, put it away and say how."""
        process, exchange = self._process, self._exchange
        assert process is not None
        assert exchange is not None
        if exchange.is_ready():
            process.freeze()
            process.drain()
            self._calls += 1
            if self._calls <= _CALLS_MEASURED or self._since() >= _MEASURED_SECONDS:
                self._measure(process)
            return None
        self._end()
        return self._ended(process, request_id)

    def _ended(self, process: Process, request_id: str) -> Outcome:
        program, status = self._program, process.status
        used = process.memory_used() or 0
        kind = function_errors.EXITED
        if program is not None and used > self._function.memory_size * _MEGABYTE and status == -9:
            kind = program.out_of_memory
        return Outcome(*function_errors.exited(request_id, status, kind), 0.0)

    def _measure(self, process: Process) -> None:
        used = process.memory_used()
        self._memory = self._memory if used is None else math.ceil(used / _MEGABYTE)
        self._since = self._clock.stopwatch()

    def _end(self) -> None:
        """End the process and its Runtime API, if there are any."""
        process, self._process = self._process, None
        exchange, self._exchange = self._exchange, None
        if process is not None:
            process.end()
            self._measure(process)
            self._kind.house.ended(process.pid)
        if exchange is not None:
            exchange.close()

    def _told(self, outcome: Outcome, duration: float) -> Outcome:
        """The outcome with what was measured of it and what was written."""
        payload, error = outcome.payload, outcome.error
        memory, self._memory = self._memory, None if self._process is None else self._memory
        return Outcome(payload, error, duration, self._log.text(), memory)

    def _outcome(self, answer: Answer) -> Outcome:
        if answer.size > RESPONSE_BYTES_MAX:
            return Outcome(*function_errors.response_too_large(), 0.0)
        if answer.kind == "response":
            return Outcome(answer.body, None, 0.0)
        program = self._program
        body = answer.body if program is None else program.named(answer.body)
        return _failed(answer._replace(body=body))

    def _event(self, call: Call, deadline: float) -> Event:
        now = self._clock.timestamp()
        trace = traces.onward(call.trace_header, call.arn, call.request_id, now)
        headers = (
            f"Lambda-Runtime-Aws-Request-Id: {call.request_id}\r\n"
            f"Lambda-Runtime-Deadline-Ms: {int(deadline * 1000)}\r\n"
            f"Lambda-Runtime-Invoked-Function-Arn: {call.arn}\r\n"
            f"Lambda-Runtime-Trace-Id: {trace}\r\n"
        )
        if call.client_context is not None:
            headers += f"Lambda-Runtime-Client-Context: {_ascii(call.client_context)}\r\n"
        return Event(call.request_id, call.payload.encoded(), headers)

    def _variables(self, init: Init, program: Program, exchange: Exchange) -> dict[str, str]:
        function, options = init.function, self._options
        if not options.allow_aws:
            check_endpoints(function.name, function.environment)
        lambdas = lambda_variables(init, program.runtime, program.folder)
        own = {**lambdas, **program.variables, MARK: exchange.address, "TMPDIR": str(self._folder)}
        host = STAGE.host_variables()
        return variables_of(
            function,
            host,
            {**own, **layer_variables(function, host)},
            endpoint_url=options.endpoint_url,
            allow_aws=options.allow_aws,
        )

    def _new_log(self, request_id: str) -> Log:
        return Log(request_id, self._clock.wall, echo=self._options.echo)


def _until(limit: float | None) -> float | None:
    """The loop's time after so many real seconds."""
    return None if limit is None else asyncio.get_running_loop().time() + limit


def _failed(answer: Answer) -> Outcome:
    """What a runtime reports of an error; after one in its init it has to start again."""
    try:
        found = orjson.loads(answer.body)
    except ValueError:
        found = None
    fields: Mapping[str, object] = found if isinstance(found, dict) else {}
    kind = fields.get("errorType") or answer.error_type or "Runtime.Unknown"
    message = fields.get("errorMessage") or ""
    error = FunctionError(str(kind), str(message), fatal=answer.kind == "init_error")
    body = answer.body or orjson.dumps({"errorType": error.type, "errorMessage": error.message})
    return Outcome(body, error, 0.0)


def _ascii(context: Mapping[str, object]) -> str:
    """The client context as a header may hold it."""
    return json.dumps(context, separators=(",", ":"))


def _cannot_run(function: Function, program: Program, error: OSError) -> str:
    reason = error.strerror or str(error)
    return f"function '{function.name}': cannot run '{program.command[0]}': {reason}"
