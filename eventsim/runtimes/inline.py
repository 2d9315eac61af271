"""
The inline runtime: Python handlers, run in this process.

Each execution environment imports the handler's module afresh, so that its globals are its
own, and sees its own environment variables, folder, modules, logging and output. One call runs
at a time. In virtual time it runs in the loop's thread, at its virtual start; in real time in
a thread of ours, under the function's Timeout.

What inline code can do to the process it can do: ``os._exit`` ends it, a thread that a handler
leaves behind runs on, and what a child process prints goes to this process's own streams.
``async def`` handlers fail as on Lambda, unless the function has ``async_handler``.

https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import os
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import anyio

from eventsim.clock import Clock
from eventsim.errors import EventsimError, HandlerStuck
from eventsim.rules import function_errors
from eventsim.rules.limits import RESPONSE_BYTES_MAX
from eventsim.rules.variables import variables_of
from eventsim.runtimes import Call, Init
from eventsim.runtimes._capture import Log
from eventsim.runtimes._context import LambdaContext
from eventsim.runtimes._encoding import encode, escapes
from eventsim.runtimes._errors import Fault, named_as_on_lambda, outcome_of
from eventsim.runtimes._stage import STAGE, Actor
from eventsim.runtimes._watchdog import Interrupted
from eventsim.runtimes._worker import Worker
from eventsim.types import Function, Outcome

T = TypeVar("T")
Handler = Callable[[Any, Any], Any]

WATCHDOG_SECONDS = 60.0
_NULL = Outcome(b"null", None, 0.0)


class InlineRuntimes:
    """Makes the inline runtimes of one run; a ``RuntimeFactory``.

    A handler's requests to AWS go to *endpoint_url*, or are refused; *allow_aws* lets it see
    the credentials and settings of this process. In virtual time a call that takes over
    *watchdog_seconds* of real time ends the run; None lets it go on, for a debugger.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        endpoint_url: str | None = None,
        allow_aws: bool = False,
        watchdog_seconds: float | None = WATCHDOG_SECONDS,
    ) -> None:
        self.clock = clock
        self.endpoint_url, self.allow_aws = endpoint_url, allow_aws
        self.watchdog_seconds = watchdog_seconds
        self.worker = Worker()
        self.turns = anyio.Lock()

    def __call__(self) -> InlineRuntime:
        return InlineRuntime(self)

    def close(self) -> None:
        """Let the thread of real-time calls end."""
        self.worker.close()


class InlineRuntime:
    """Runs one environment's handler in this process."""

    __slots__ = ("_actor", "_attributes", "_clock", "_escapes", "_function", "_handler", "_house")

    def __init__(self, house: InlineRuntimes) -> None:
        self._house, self._clock = house, house.clock
        self._actor: Actor
        self._function: Function
        self._handler: Handler
        self._attributes: dict[str, str] = {}
        self._escapes = True

    async def start(self, init: Init) -> Outcome:
        """Import the handler's module. Raises EventsimError when its folder is not there."""
        function = self._function = init.function
        runtime = runtime_of(function)
        self._escapes = escapes(runtime)
        self._attributes = _attributes(init)
        self._actor = self._make_actor(init, runtime)
        log = self._log("")
        done = await self._run(log, lambda: self._initialise(init.request_id))
        if done is None:
            raise HandlerStuck(function.name, self._house.watchdog_seconds or 0.0)
        return done._replace(log=log.text() + done.log)

    async def invoke(self, call: Call) -> Outcome:
        """Run the handler once, with a fresh event and a fresh context object."""
        log = self._log(call.request_id)
        if self._clock.virtual:
            elapsed = self._clock.stopwatch()
            with self._clock.hold():
                outcome = STAGE.call(self._actor, log, self._answer, call, log, elapsed)
            written = log.text()
            if outcome is _NULL and not written:
                return Outcome(b"null", None, elapsed())
            return outcome._replace(duration=elapsed(), log=written + outcome.log)
        return await self._invoke_in_real_time(call, log)

    def stop(self) -> None:
        if hasattr(self, "_actor"):
            STAGE.dismiss(self._actor)
            del self._actor, self._handler

    async def _invoke_in_real_time(self, call: Call, log: Log) -> Outcome:
        timeout = self._function.timeout
        elapsed = self._clock.stopwatch()
        done = await self._run(log, lambda: self._answer(call, log, elapsed), timeout)
        if done is None:
            payload, error = function_errors.timed_out(call.request_id, timeout)
            return Outcome(payload, error, timeout, log.text())
        return done._replace(log=log.text() + done.log)

    async def _run(
        self, log: Log, work: Callable[[], Outcome], timeout_seconds: float | None = None
    ) -> Outcome | None:
        """What *work* returns, measured; None when it did not return in time (real time only)."""
        if self._clock.virtual:
            elapsed = self._clock.stopwatch()
            with self._clock.hold():
                return STAGE.call(self._actor, log, work)._replace(duration=elapsed())
        log.host_thread = threading.get_ident()
        limit = self._house.watchdog_seconds if timeout_seconds is None else timeout_seconds
        async with self._house.turns:
            elapsed = self._clock.stopwatch()
            with self._deadline(limit):
                done = await self._house.worker.run(lambda: STAGE.call(self._actor, log, work))
                return done._replace(duration=elapsed())
            STAGE.dismiss(self._actor)
        return None

    def _deadline(self, limit: float | None) -> anyio.CancelScope:
        clock = self._clock
        if limit is None:
            return anyio.CancelScope()
        return clock.move_on_at(clock.time() + limit * clock.speed)

    def _initialise(self, request_id: str) -> Outcome:
        try:
            self._handler = _import_handler(self._function.handler)
        except Exception as error:  # noqa: BLE001  # the function's own code
            return self._failed(error, "", fatal=True)
        except (KeyboardInterrupt, Interrupted):
            raise
        except BaseException as ended:  # noqa: BLE001  # it would have ended the process
            return _exited(ended, request_id)
        return _NULL

    def _answer(self, call: Call, log: Log, elapsed: Callable[[], float]) -> Outcome:
        context = LambdaContext(
            self._attributes,
            call.request_id,
            call.arn,
            call.client_context,
            timeout_seconds=self._function.timeout,
            stopwatch=elapsed,
            log=lambda text: log.write(text.encode("utf-8", "replace")),
        )
        try:
            result = self._handler(call.payload.value(), context)
            if result is None:
                return _NULL
            return self._encoded(result)
        except Exception as error:  # noqa: BLE001  # the function's own code
            return self._failed(error, call.request_id)
        except (KeyboardInterrupt, Interrupted):
            raise
        except BaseException as ended:  # noqa: BLE001  # it would have ended the process
            return _exited(ended, call.request_id)

    def _encoded(self, result: Any) -> Outcome:
        if inspect.iscoroutine(result):
            if self._function.async_handler:
                result = asyncio.run(result)
            else:
                result.close()
        try:
            payload = (
                result if isinstance(result, bytes) else encode(result, ensure_ascii=self._escapes)
            )
        except Exception as error:  # noqa: BLE001  # the result's own methods
            message = f"Unable to marshal response: {error}"
            raise Fault("Runtime.MarshalError", message) from None
        if len(payload) > RESPONSE_BYTES_MAX:
            return Outcome(*function_errors.response_too_large(), 0.0)
        return Outcome(payload, None, 0.0)

    def _failed(self, error: Exception, request_id: str, *, fatal: bool = False) -> Outcome:
        return outcome_of(
            error,
            request_id=request_id,
            folder=self._actor.folder,
            ensure_ascii=self._escapes,
            fatal=fatal,
        )

    def _log(self, request_id: str) -> Log:
        return Log(request_id, self._clock.wall)

    def _make_actor(self, init: Init, runtime: str) -> Actor:
        function, house = init.function, self._house
        folder = _folder(function)
        lambdas = _variables(init, runtime, folder)

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


def runtime_of(function: Function) -> str:
    """The Python that the function is configured for, or else the one that runs it."""
    return function.runtime or f"python{sys.version_info.major}.{sys.version_info.minor}"


def _folder(function: Function) -> str | None:
    """The code folder; none of its own for a callable that names none."""
    if function.code_uri is None and not isinstance(function.handler, str):
        return None
    folder = os.path.realpath(function.code_uri or ".")
    if not os.path.isdir(folder):  # noqa: PTH112  # a text, as sys.path wants it
        raise EventsimError(
            f"function '{function.name}': the code folder '{function.code_uri}' does not exist"
        )
    return folder


def _attributes(init: Init) -> dict[str, str]:
    return {
        "function_name": init.function.name,
        "function_version": init.version,
        "memory_limit_in_mb": str(init.function.memory_size),
        "log_group_name": init.log_group_name,
        "log_stream_name": init.log_stream_name,
    }


def _variables(init: Init, runtime: str, folder: str | None) -> dict[str, str]:
    """What Lambda itself sets; paths are those of this machine, so that they can be opened."""
    function, handler = init.function, init.function.handler
    return {
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": init.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
        "AWS_LAMBDA_LOG_GROUP_NAME": init.log_group_name,
        "AWS_LAMBDA_LOG_STREAM_NAME": init.log_stream_name,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{runtime}",
        "AWS_REGION": init.region,
        "AWS_DEFAULT_REGION": init.region,
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "_HANDLER": handler if isinstance(handler, str) else handler_name(handler),
        "LAMBDA_TASK_ROOT": folder or os.path.realpath("."),
        "TZ": ":UTC",
    }


def handler_name(handler: Handler) -> str:
    """The name of a callable, as a Handler would name it."""
    name = getattr(handler, "__qualname__", type(handler).__qualname__)
    return f"{getattr(handler, '__module__', '__main__')}.{name}"


def _import_handler(handler: str | Handler) -> Handler:
    if not isinstance(handler, str):
        return handler
    try:
        module_name, name = handler.rsplit(".", 1)
    except ValueError as error:
        raise Fault("Runtime.MalformedHandlerName", f"Bad handler '{handler}': {error}") from None
    module = _import_module(module_name)
    try:
        found: Handler = getattr(module, name)
    except AttributeError:
        message = f"Handler '{name}' missing on module '{module_name}'"
        raise Fault("Runtime.HandlerNotFound", message) from None
    return found


def _import_module(name: str) -> Any:
    if name.split(".", maxsplit=1)[0] in sys.builtin_module_names:
        message = f"Cannot use built-in module {name} as a handler module"
        raise Fault("Runtime.BuiltInModuleConflict", message)
    try:
        return importlib.import_module(name.replace("/", "."))
    except ImportError as error:
        message = f"Unable to import module '{name}': {error}"
        raise Fault("Runtime.ImportModuleError", message) from None
    except SyntaxError as error:
        path = named_as_on_lambda(error.filename or "", sys.path[0])
        trace = f'  File "{path}" Line {error.lineno}\n    {error.text}'
        message = f"Syntax error in module '{name}': {error}"
        raise Fault("Runtime.UserCodeSyntaxError", message, [trace]) from None


def _exited(ended: BaseException, request_id: str) -> Outcome:
    """The runtime ended: by ``sys.exit``, or by an exception that only a process's end catches."""
    code = ended.code if isinstance(ended, SystemExit) else f"{type(ended).__name__}: {ended}"
    status = 0 if code is None else code & 0xFF if isinstance(code, int) else 1
    last_words = "" if code is None or isinstance(code, int) else f"{code}\n"
    payload, error = function_errors.exited(request_id, status)
    return Outcome(payload, error, 0.0, last_words)
