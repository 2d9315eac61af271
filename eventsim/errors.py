"""
Every error that eventsim raises on purpose.

* EventsimError
  + ScenarioError        the file is wrong: each fault with path, line, column and what was expected
  + RecordingError       a recording cannot be read on: path, line and why
  + JournalError         the journal cannot be written or read
  + CheckpointError      a checkpoint file cannot be used: another's, damaged, in use, no space
  + UnknownPlugin        no source, invoker, runtime, step or report of that name
  + UnsafeEndpoint       an address outside this machine, and nobody allowed it
  + UnsupportedVersion   an installed library cannot do what virtual time needs; names the version
  + BackendError         a back end cannot be used: not installed, no address, another stream
  + Unreachable          an endpoint gave no answer, or none that says anything
  + ServiceError         a service refused the request; ``code`` is AWS's
  + PatternError         an event pattern is not one: the place in it, and what would be right
  + PolicyError          an IAM policy document is not one: the place in it, what would be right
  + PermissionRefused    Lambda refused to change a function's policy; ``code`` is AWS's
  + MappingRefused       Lambda refused an event source mapping; names the setting
  + WorkerLost           a worker process ended before it had answered
  + Deadlock             virtual time cannot go on: nothing is ready and nothing is due
  + HandlerStuck         a handler ran longer than the watchdog allows; names the function
  + InvokeError          the Invoke API refused: no function ran
    - ResourceNotFound         404
    - InvalidRequestContent    400, the payload is not JSON
    - InvalidParameterValue    400
    - ValidationFailed         400, a parameter does not have its form
    - RequestEntityTooLarge    413
    - RecursiveInvocation      400, the function has been through this chain too often
    - TooManyRequests          429, throttled
    - AccessDenied             403, the caller may not invoke the function

A *function* that fails raises nothing here: it is an InvokeResult with
``function_error`` set, because to Lambda that is an ordinary answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar


class EventsimError(Exception):
    """What went wrong, where, and what would be right."""


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing wrong with a file; line and column count from 1, 0 where there is none."""

    path: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}:{self.column}" if self.line else self.path
        return f"{place}: {self.message}"


class ScenarioError(EventsimError):
    """All the faults of a scenario, in the order of the file."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: Sequence[Fault] = tuple(sorted(faults))
        super().__init__("\n".join(str(fault) for fault in self.faults))


class RecordingError(EventsimError):
    """A recording stops here: no header, a damaged line, a newer schema."""

    def __init__(self, path: Path | str, line: int, message: str) -> None:
        self.path, self.line, self.message = str(path), line, message
        super().__init__(f"{path}:{line}: {message}" if line else f"{path}: {message}")


class JournalError(EventsimError):
    """A journal cannot be written (no space, no folder) or is not one of ours."""


class CheckpointError(EventsimError):
    """A checkpoint file is of another mapping, damaged, in use, or cannot be written."""


class UnknownPlugin(EventsimError):
    """There is no plug-in of that name, or it cannot be used; without a *message* of its own
    the error lists those that there are.
    """

    def __init__(
        self, kind: str, name: str, known: Iterable[str], message: str | None = None
    ) -> None:
        self.kind, self.name, self.known = kind, name, tuple(sorted(known))
        listed = f"no {kind} called '{name}'; there are: {', '.join(self.known)}"
        super().__init__(message or listed)


class UnsafeEndpoint(EventsimError):
    """The address leads outside this machine and --allow-aws was not given."""


class UnsupportedVersion(EventsimError):
    """An installed library cannot do what virtual time needs of it; names it and its version."""


class BackendError(EventsimError):
    """A back end cannot be used; the message says what would make it usable."""


class WorkerLost(EventsimError):
    """A worker process ended before it had answered; the message says how."""


class Unreachable(EventsimError):
    """An endpoint gave no answer: refused, timed out, cut off, or an error of its own (5xx).

    ``code`` is ours, and stands in journals where the code of an answer would.
    """

    code: ClassVar[str] = "Unreachable"


class ServiceError(EventsimError):
    """A service other than Lambda refused the request; ``code`` is AWS's error code."""

    def __init__(self, code: str, message: str) -> None:
        self.code, self.message = code, message
        super().__init__(f"{code}: {message}")


class PatternError(EventsimError, ValueError):
    """An event pattern is not one; ``where`` is the place in it, such as ``data.t[0].prefix``."""

    def __init__(self, where: str, reason: str) -> None:
        self.where, self.reason = where, reason
        super().__init__(f"{where}: {reason}" if where else reason)


class PolicyError(EventsimError, ValueError):
    """A policy document is not one; ``path`` leads to the place, ``Statement``, 0, ``Action``."""

    def __init__(self, path: tuple[str | int, ...], reason: str) -> None:
        self.path, self.reason = path, reason
        keys = (f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)
        place = "".join(keys).removeprefix(".") or "the policy"
        super().__init__(f"{place} {reason}")


class PermissionRefused(EventsimError):
    """Lambda refused to change or show a function's policy.

    ``code`` is AWS's error code, ``status`` its HTTP status, ``message`` AWS's text.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        self.code, self.message, self.status = code, message, status
        super().__init__(f"{code}: {message}")


class MappingRefused(EventsimError):
    """Lambda refused to make or change an event source mapping.

    ``code`` and ``message`` are AWS's, ``field`` is the setting in AWS's spelling; the error
    tells our *reason* after them, if there is one to add.
    """

    def __init__(self, code: str, message: str, field: str, reason: str = "") -> None:
        self.code, self.message, self.field = code, message, field
        super().__init__(f"{field}: {code}: {message}{f' ({reason})' if reason else ''}")


class Deadlock(EventsimError):
    """Virtual time cannot go on: no task is ready, no timer is set, no real work is under way."""


class HandlerStuck(BaseException):
    """A handler ran for longer than the watchdog allows in real time.

    A BaseException, so that a handler's own ``except Exception`` cannot swallow it.
    """

    def __init__(self, function: str, seconds: float) -> None:
        self.function, self.seconds = function, seconds
        super().__init__(
            f"function '{function}' has been running for {seconds:g} real seconds; "
            "the run was ended (a handler that never returns?)"
        )


class InvokeError(EventsimError):
    """The Invoke API refused the request, so no function ran.

    ``code`` is AWS's error code, ``status`` its HTTP status, ``fields`` what else the answer
    carries (https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors).
    """

    code = "ServiceException"
    status = 500
    message_key = "Message"

    def __init__(self, message: str, **fields: str) -> None:
        self.message = message
        self.fields = fields
        super().__init__(message)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    @property
    def body(self) -> dict[str, str]:
        """The JSON object that the API answers with; AWS writes ``message`` in two ways."""
        return {self.message_key: self.message, **self.fields}

    @classmethod
    def of(cls, code: str, status: int, message: str, fields: Mapping[str, str]) -> InvokeError:
        """The error of that code as somebody else's Invoke API tells it, known here or not."""
        kind = next((kind for kind in _below(cls) if kind.code == code), InvokeError)
        error = kind(message, **fields)
        error.code, error.status = code, status
        return error


def _below(kind: type[InvokeError]) -> Iterator[type[InvokeError]]:
    for inner in kind.__subclasses__():
        yield inner
        yield from _below(inner)


class ResourceNotFound(InvokeError):
    """404: no function, version or alias of that name."""

    code = "ResourceNotFoundException"
    status = 404


class InvalidRequestContent(InvokeError):
    """400: the payload is not JSON."""

    code = "InvalidRequestContentException"
    status = 400
    message_key = "message"


class InvalidParameterValue(InvokeError):
    """400: a parameter is not what the API takes."""

    code = "InvalidParameterValueException"
    status = 400
    message_key = "message"


class ValidationFailed(InvokeError):
    """400: a parameter does not have the form that the API's model gives it."""

    code = "ValidationException"
    status = 400
    message_key = "message"


class RequestEntityTooLarge(InvokeError):
    """413: the payload is over the limit of its invocation type."""

    code = "RequestEntityTooLargeException"
    status = 413
    message_key = "message"


class RecursiveInvocation(InvokeError):
    """400: the function is in a recursive loop with other services, and Lambda stopped it."""

    code = "RecursiveInvocationException"
    status = 400


class TooManyRequests(InvokeError):
    """429: throttled; ``fields["Reason"]`` says by which limit."""

    code = "TooManyRequestsException"
    status = 429
    message_key = "message"


class AccessDenied(InvokeError):
    """403: no policy lets the caller invoke the function, or one forbids it."""

    code = "AccessDeniedException"
    status = 403
