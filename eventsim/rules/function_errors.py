"""
The answers that Lambda itself gives for a function that could not give one.

They differ from what a runtime says of an exception: no requestId, no stackTrace, and the
keys in another order (https://docs.aws.amazon.com/lambda/latest/dg/invocation-retries.html).
"""

from __future__ import annotations

import signal

import orjson

from eventsim.rules.limits import RESPONSE_BYTES_MAX
from eventsim.types import FunctionError

TIMED_OUT = "Sandbox.Timedout"
EXITED = "Runtime.ExitError"
OUT_OF_MEMORY = "Runtime.OutOfMemory"

Failure = tuple[bytes, FunctionError]


def timed_out(request_id: str, timeout_seconds: float) -> Failure:
    """The answer for an invocation that was ended at its Timeout."""
    text = f"Error: Task timed out after {timeout_seconds:.2f} seconds"
    return _of_service(TIMED_OUT, f"RequestId: {request_id} {text}")


def exited(request_id: str, status: int, kind: str = EXITED) -> Failure:
    """The answer for a runtime that ended with this exit status, below 0 for a signal."""
    if status < 0:
        reason = f"with error: signal: {(signal.strsignal(-status) or str(-status)).lower()}"
    else:
        reason = f"with error: exit status {status}" if status else "without providing a reason"
    return _of_service(kind, f"RequestId: {request_id} Error: Runtime exited {reason}")


def no_entrypoint(request_id: str, path: str, error: OSError) -> Failure:
    """The answer where the system refused to run the runtime."""
    reason = (error.strerror or str(error)).lower()
    message = f"RequestId: {request_id} Error: fork/exec {path}: {reason}"
    return _of_service("Runtime.InvalidEntrypoint", message)


def response_too_large() -> Failure:
    """The answer in place of one that has over ``RESPONSE_BYTES_MAX`` bytes."""
    message = (
        f"Response payload size exceeded maximum allowed payload size ({RESPONSE_BYTES_MAX} bytes)."
    )
    error = FunctionError("Function.ResponseSizeTooLarge", message)
    return orjson.dumps({"errorMessage": error.message, "errorType": error.type}), error


def _of_service(kind: str, message: str) -> Failure:
    error = FunctionError(kind, message, fatal=True)
    return orjson.dumps({"errorType": kind, "errorMessage": message}), error
