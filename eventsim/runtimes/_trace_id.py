"""
``_X_AMZN_TRACE_ID`` as a handler reads it: worked out when it is read, which most never do.

It is in ``os.environ`` and ``os.environb``, and not in what child processes inherit: glibc's
setenv(3) keeps every value that it was ever given, and here each call has another.
"""

from __future__ import annotations

import os
from typing import Any

from eventsim.rules import traces
from eventsim.runtimes import Call

NAME = b"_X_AMZN_TRACE_ID"
_DATA: dict[bytes, Any] = vars(os.environ)["_data"]  # what both of them stand on


class TraceId:
    """The value for one call, made at *now*, epoch time; read as the bytes of any variable are."""

    __slots__ = ("_call", "_now")

    def __init__(self, call: Call, now: float) -> None:
        self._call, self._now = call, now

    def decode(self, encoding: str, errors: str) -> str:
        """For os.environ."""
        call = self._call
        return traces.onward(call.trace_header, call.arn, call.request_id, self._now)

    def __bytes__(self) -> bytes:
        """For os.environb."""
        return os.fsencode(self.decode("", ""))


def show(call: Call, now: float) -> None:
    """Have the process's environment variables say which trace *call* is of."""
    _DATA[NAME] = TraceId(call, now)


def hide() -> None:
    """Have them say nothing of it again; what a handler has put in its place stays."""
    if isinstance(_DATA.get(NAME), TraceId):
        del _DATA[NAME]
