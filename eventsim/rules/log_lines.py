"""
The lines that Lambda writes around those of a function, in text format.

https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from eventsim.rules.function_errors import TIMED_OUT
from eventsim.rules.limits import LOG_TAIL_BYTES_MAX
from eventsim.types import FunctionError

_NO_BREAK_SPACE = "\u00a0"


def start(request_id: str, version: str) -> str:
    return f"START RequestId: {request_id} Version: {version}\n"


def end(request_id: str) -> str:
    return f"END RequestId: {request_id}\n"


def report(
    request_id: str,
    *,
    duration: float,
    init: float | None,
    billed: float,
    memory_size: int,
    memory_used: int | None,
    error: FunctionError | None,
) -> str:
    """The REPORT line; times are in seconds, memory in MB. Unmeasured, all of it is used."""
    parts = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {duration * 1000:.2f} ms",
        f"Billed Duration: {billed * 1000:.0f} ms",
        f"Memory Size: {memory_size} MB",
        f"Max Memory Used: {memory_size if memory_used is None else memory_used} MB",
    ]
    if init is not None:
        parts.append(f"Init Duration: {init * 1000:.2f} ms")
    return "\t".join([*parts, *_status(error)]) + "\t\n"


def init_report(seconds: float, phase: Literal["init", "invoke"], error: FunctionError) -> str:
    """The line about an initialisation that did not succeed."""
    status = "\t".join(_status(error))
    return f"INIT_REPORT Init Duration: {seconds * 1000:.2f} ms\tPhase: {phase}\t{status}\n"


def _status(error: FunctionError | None) -> list[str]:
    if error is None or not error.fatal:
        return []
    if error.type == TIMED_OUT:
        return ["Status: timeout"]
    return ["Status: error", f"Error Type: {error.type}"]


def timed_out(request_id: str, at: datetime, timeout_seconds: float) -> str:
    return f"{iso(at)} {request_id} Task timed out after {timeout_seconds:.2f} seconds\n\n"


def function_error(kind: str, message: str, stack_trace: Sequence[str]) -> str:
    """The lines of an error that the Python runtime reports."""
    parts = [f"{kind}:" if kind and message else kind, message]
    lines = [" ".join(["[ERROR]", *filter(None, parts)]), "Traceback (most recent call last):"]
    lines += [_indented(line) for frame in stack_trace for line in frame.splitlines()]
    return "\n".join(lines) + "\n"


def _indented(line: str) -> str:
    text = line.lstrip(" ")
    return _NO_BREAK_SPACE * (len(line) - len(text)) + text


def iso(at: datetime) -> str:
    """Date and time in UTC, in milliseconds."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"


def tail(log: str) -> str:
    """The last 4 KB of a log in base64, as LogType Tail answers."""
    return b64encode(log.encode("utf-8", "replace")[-LOG_TAIL_BYTES_MAX:]).decode("ascii")
