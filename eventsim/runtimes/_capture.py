"""What a function writes: to stdout, to stderr, and through Python's logging."""

from __future__ import annotations

import io
import logging
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TextIO

from eventsim.rules import log_lines

LOG_BYTES_MAX = 4 * 1024 * 1024  # of one invocation; a flood is cut off there


class Log:
    """The log of one call. ``host_thread`` is the thread that must not write to it, if any;
    what is written shows on *echo* at once, for whoever debugs the call.
    """

    __slots__ = ("_echo", "_left", "_written", "host_thread", "now", "request_id")

    def __init__(
        self,
        request_id: str,
        now: Callable[[], datetime],
        host_thread: int | None = None,
        echo: TextIO | None = None,
    ) -> None:
        self.request_id, self.now, self.host_thread = request_id, now, host_thread
        self._echo = echo
        self._written: bytearray | None = None
        self._left = LOG_BYTES_MAX

    def write(self, written: bytes) -> None:
        if self._written is None:
            self._written = bytearray()
        if self._left > 0:
            self._written += written[: self._left]
        self._left -= len(written)
        if self._echo is not None:
            self._echo.write(written.decode("utf-8", "replace"))
            self._echo.flush()

    def text(self) -> str:
        """All of it, ending in a line break if there is anything."""
        if self._written is None:
            return ""
        text = self._written.decode("utf-8", "replace")
        if self._left < 0:
            break_ = "" if text.endswith("\n") else "\n"
            text += f"{break_}[eventsim] {-self._left} more bytes are not kept"
        return text if not text or text.endswith("\n") else f"{text}\n"


class Host:
    """Where the process itself writes to: what a call on stage stands in front of."""

    __slots__ = ("handlers", "stderr", "stdout")

    def __init__(self) -> None:
        self.handlers: list[logging.Handler] = []
        self.stdout: TextIO = sys.stdout
        self.stderr: TextIO = sys.stderr


class Capture:
    """Stands in for stdout, stderr and the root logger's handlers while a call is on stage."""

    def __init__(self) -> None:
        self.log: Log | None = None
        self.host = Host()
        self.stdout = _stream(self, "stdout")
        self.stderr = _stream(self, "stderr")

    def takes(self) -> Log | None:
        """The log that what is written now belongs to, or None when it is the process's own."""
        log = self.log
        return None if log is None or log.host_thread == threading.get_ident() else log


def _stream(capture: Capture, name: str) -> TextIO:
    raw: Any = _Raw(capture, name)
    return _Text(raw, encoding="utf-8", errors="backslashreplace", write_through=True)


class _Text(io.TextIOWrapper):
    """Every function of the process writes to it, so none of them can close or detach it."""

    def close(self) -> None:
        self.flush()

    def detach(self) -> Any:
        self.flush()
        return self.buffer


class _Raw(io.RawIOBase):
    """Bytes go to the running call's log, or to the process's own stream outside of one."""

    def __init__(self, capture: Capture, name: str) -> None:
        self._capture, self._name = capture, name

    def write(self, written: Any) -> int:
        content = bytes(written)
        if log := self._capture.takes():
            log.write(content)
        else:
            stream: TextIO = getattr(self._capture.host, self._name)
            with suppress(ValueError):  # it may be closed by now
                stream.write(content.decode("utf-8", "replace"))
        return len(content)

    def close(self) -> None:
        """Stay open, as the text on top of it does."""

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        """Children write to the process's stderr: stdout is for eventsim's own data."""
        return 2


class LogHandler(logging.Handler):
    """The root logger's handler inside a function; a function may give it another formatter.

    Records are stamped with simulated time, and with the request id as ``aws_request_id``.
    """

    def __init__(self, capture: Capture) -> None:
        super().__init__()
        self._capture = capture
        self.setFormatter(LineFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        if log := self._capture.takes():
            now = log.now()
            record.created, record.msecs = now.timestamp(), now.microsecond // 1000
            record.aws_request_id, record.tenant_id = log.request_id, None
            line = self.format(record)
            end = "" if line.endswith("\n") else "\n"
            log.write(f"{line}{end}".encode("utf-8", "backslashreplace"))
            return
        for handler in self._capture.host.handlers:
            if record.levelno >= handler.level:
                handler.handle(record)


class LineFormatter(logging.Formatter):
    """Lambda's text format."""

    def __init__(self) -> None:
        super().__init__("[%(levelname)s]\t%(asctime)s\t%(aws_request_id)s\t%(message)s\n")

    def formatTime(  # noqa: N802  # logging's own name
        self, record: logging.LogRecord, datefmt: str | None = None
    ) -> str:
        return log_lines.iso(datetime.fromtimestamp(record.created, UTC))
