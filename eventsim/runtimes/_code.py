"""The code of one inline environment: found and imported, called, and its answer encoded."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import sys
from collections.abc import Callable
from typing import Any

from eventsim.rules import function_errors
from eventsim.rules.limits import RESPONSE_BYTES_MAX
from eventsim.runtimes import Call, Init
from eventsim.runtimes._capture import Log
from eventsim.runtimes._context import LambdaContext, Named
from eventsim.runtimes._encoding import encode, escapes
from eventsim.runtimes._errors import Fault, named_as_on_lambda, outcome_of
from eventsim.runtimes._stage import Actor
from eventsim.runtimes._trace_id import show
from eventsim.runtimes._watchdog import Interrupted
from eventsim.types import Outcome

Handler = Callable[[Any, Any], Any]

NULL = Outcome(b"null", None, 0.0)


class Code:
    """A function's handler in one environment; to be used on the stage, as its ``actor``."""

    __slots__ = ("_escapes", "_function", "_handler", "_named", "_now", "actor")

    def __init__(self, init: Init, runtime: str, actor: Actor, now: Callable[[], float]) -> None:
        self.actor, self._now = actor, now
        self._function = init.function
        self._handler: Handler
        self._named = _named(init)
        self._escapes = escapes(runtime)

    def load(self, request_id: str) -> Outcome:
        """Import the handler; an outcome without an error means that it can be called."""
        try:
            self._handler = _import_handler(self._function.handler)
        except Exception as error:  # noqa: BLE001  # the function's own code
            return self._failed(error, "", fatal=True)
        except (KeyboardInterrupt, Interrupted):
            raise
        except BaseException as ended:  # noqa: BLE001  # it would have ended the process
            return _exited(ended, request_id)
        return NULL

    def answer(self, call: Call, log: Log, elapsed: Callable[[], float]) -> Outcome:
        """Call the handler and encode what it returns, or what it raises."""
        context = LambdaContext(
            self._named,
            call.request_id,
            call.arn,
            call.client_context,
            timeout_seconds=self._function.timeout - call.spent,
            stopwatch=elapsed,
            write=log.write,
        )
        show(call, self._now())
        try:
            result = self._handler(call.payload.value(), context)
            if result is None:
                return NULL
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
            folder=self.actor.folder,
            ensure_ascii=self._escapes,
            fatal=fatal,
        )


def _named(init: Init) -> Named:
    return Named(
        init.function.name,
        init.version,
        str(init.function.memory_size),
        init.log_group_name,
        init.log_stream_name,
    )


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
