"""
How a function without code answers: as one that returns nothing, raises, or ends its process.
"""

from __future__ import annotations

from typing import Literal

import orjson

from eventsim.ids import Stream
from eventsim.rules import function_errors
from eventsim.types import Function, FunctionError

Fate = Literal["error", "crash"]

CRASH_STATUS = 1


class Fates:
    """Draws what becomes of a function's invocations, in the order in which they arrive.

    One draw an invocation, none at all for a function that never fails.
    """

    __slots__ = ("_crashes", "_fails", "_random")

    def __init__(self, function: Function, stream: Stream) -> None:
        self._crashes = function.crash_rate
        self._fails = function.crash_rate + function.error_rate
        self._random = stream.random

    def __bool__(self) -> bool:
        """Whether any invocation can fail."""
        return self._fails > 0

    def draw(self) -> Fate | None:
        """What becomes of the next invocation; None when it succeeds."""
        if not self._fails:
            return None
        drawn = self._random()
        if drawn < self._crashes:
            return "crash"
        return "error" if drawn < self._fails else None


def answer(fate: Fate | None, request_id: str) -> tuple[bytes, FunctionError | None]:
    """What the function answers, and the error if it failed."""
    match fate:
        case None:
            return b"null", None
        case "crash":
            return function_errors.exited(request_id, CRASH_STATUS)
        case "error":
            error = FunctionError("ModelError", "this invocation was drawn to fail")
            said = {
                "errorMessage": error.message,
                "errorType": error.type,
                "requestId": request_id,
                "stackTrace": [],
            }
            return orjson.dumps(said), error
