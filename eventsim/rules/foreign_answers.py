"""
What an answer says that somebody else's Lambda gave: a function error, a REPORT line.

https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
"""

from __future__ import annotations

import re
from base64 import b64decode
from typing import NamedTuple

import orjson

from eventsim.types import FunctionError

UNNAMED = "Unhandled"

# The keys of an error as the runtimes of Python, Node, Go, Java and Ruby write it.
_ERROR_KEYS = frozenset({"errorMessage", "errorType", "requestId", "stackTrace", "trace", "cause"})
_TIMED_OUT = re.compile(r"(?:^|\s)Task timed out after (\d+\.\d\d) seconds\s*$")
_BILLED = re.compile(
    r"\bDuration: (?P<duration>[\d.]+) ms\s+Billed Duration: (?P<billed>[\d.]+) ms"
    r"(?:.*\bInit Duration: (?P<init>[\d.]+) ms)?"
)


class Report(NamedTuple):
    """What the REPORT line of one invocation says, in seconds."""

    duration: float
    billed: float
    init: float | None


def function_error(payload: bytes) -> FunctionError:
    """The error in the answer of a function that is known to have failed."""
    said = _object(payload) or {}
    return FunctionError(str(said.get("errorType", UNNAMED)), str(said.get("errorMessage", "")))


def looks_failed(payload: bytes) -> bool:
    """Whether an answer has the form of an error that a runtime reports, and no other key."""
    said = _object(payload)
    return (
        said is not None
        and {"errorMessage", "errorType"} <= said.keys() <= _ERROR_KEYS
        and isinstance(said["errorType"], str)
    )


def timed_out_after(text: bytes) -> float | None:
    """The seconds of an answer in plain text that says the function timed out."""
    found = _TIMED_OUT.search(text[-200:].decode("utf-8", "replace"))
    return float(found[1]) if found else None


def report(log_result: str | None) -> Report | None:
    """What the REPORT line in the tail of a log says; None without one."""
    if log_result is None:
        return None
    try:
        text = b64decode(log_result).decode("utf-8", "replace")
    except ValueError:
        return None
    found = _BILLED.search(text[max(text.rfind("REPORT RequestId"), 0) :])
    if found is None:
        return None
    init = _seconds(found["init"]) if found["init"] else None
    return Report(_seconds(found["duration"]), _seconds(found["billed"]), init)


def _seconds(milliseconds: str) -> float:
    return round(float(milliseconds) / 1000, 9)


def _object(payload: bytes) -> dict[str, object] | None:
    if payload.lstrip()[:1] != b"{":
        return None
    try:
        said = orjson.loads(payload)
    except ValueError:
        return None
    return said if isinstance(said, dict) else None
