"""
The JSON in which the Python runtime reports an error.

Frames of ours are cut off the front, as Lambda cuts off its own. Folders are named as they are
on Lambda (``/var/task`` for the code), so that an answer is the same on every machine.

https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
"""

from __future__ import annotations

import json
import sysconfig
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from eventsim.rules import log_lines
from eventsim.types import FunctionError, Outcome

TASK_ROOT = "/var/task"
_OURS = str(Path(__file__).parent)
_LANG = "/var/lang/lib/python" + sysconfig.get_python_version()


class Fault(Exception):
    """An error that the runtime itself finds, by its type on Lambda."""

    def __init__(self, kind: str, message: str, trace: Sequence[str] = ()) -> None:
        self.kind, self.message, self.trace = kind, message, trace
        super().__init__(message)


def outcome_of(
    error: Exception,
    *,
    request_id: str,
    folder: str | None,
    ensure_ascii: bool,
    fatal: bool = False,
) -> Outcome:
    """What a call comes to that ended in *error*: its JSON, and the lines of it in the log."""
    if isinstance(error, Fault):
        kind, message, trace = error.kind, error.message, error.trace
    else:
        kind, message = type(error).__name__, _text(error)
        trace = stack_trace(error.__traceback__, folder)
    fields = {
        "errorMessage": message,
        "errorType": kind,
        "requestId": request_id,
        "stackTrace": trace,
    }
    encoded = json.dumps(fields, ensure_ascii=ensure_ascii).encode("utf-8", "surrogatepass")
    log = log_lines.function_error(kind, message, trace)
    return Outcome(encoded, FunctionError(kind, message, fatal), 0.0, log)


def stack_trace(trace: TracebackType | None, folder: str | None) -> list[str]:
    """The frames from the first that is not ours, as ``traceback.format_list`` has them.

    Of a handler that could not be called there is none; Lambda shows its own.
    """
    frames = traceback.extract_tb(trace)
    first = next((i for i, f in enumerate(frames) if not _is_ours(f.filename)), None)
    if first is None:
        return traceback.format_list([_CALL])
    return traceback.format_list(
        [
            (named_as_on_lambda(frame.filename, folder), frame.lineno or 0, frame.name, frame.line)
            for frame in frames[first:]
        ]
    )


# The frame of awslambdaric that calls the handler.
_CALL = (
    f"{_LANG}/site-packages/awslambdaric/bootstrap.py",
    178,
    "handle_event_request",
    "response = request_handler(event, lambda_context)",
)


def named_as_on_lambda(path: str, folder: str | None) -> str:
    """The path that a file of the function, or of Python, has on Lambda."""
    for ours, theirs in roots(folder):
        if ours and path.startswith(f"{ours}/"):
            return theirs + path[len(ours) :]
    return path


def roots(folder: str | None) -> list[tuple[str | None, str]]:
    """Folders of this machine, and what they are called on Lambda."""
    paths = sysconfig.get_paths()
    packages = f"{_LANG}/site-packages"
    libraries = [(paths["purelib"], packages), (paths["platlib"], packages)]
    return [(folder, TASK_ROOT), *libraries, (paths["stdlib"], _LANG)]


def _is_ours(path: str) -> bool:
    return path.startswith(f"{_OURS}/")


def _text(error: Exception) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001  # the handler's own __str__
        return ""
