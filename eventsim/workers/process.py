"""
The process of a worker: a part comes in as a line of JSON, its answer goes out as one.

What the parts write to stdout goes nowhere, and what they read is empty. When the lines end, so
does the process: in the middle of a part as by Ctrl-C, and with what it has started.
"""

from __future__ import annotations

import importlib
import os
import signal
import threading
from queue import SimpleQueue
from typing import BinaryIO

import orjson

GRACE_SECONDS = 3.0


def main() -> None:
    """Answer until there is nothing more to come."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # who started it may ignore that
    asked, answers = _streams()
    parts = _Parts(asked)
    threading.Thread(target=parts.hear, daemon=True).start()
    try:
        while (part := parts.next()) is not None:
            answers.write(done(part))
            answers.flush()
    except (KeyboardInterrupt, BrokenPipeError):
        pass  # nobody waits for the answer any more
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def done(line: bytes) -> bytes:
    """The answer to a part, a line as well. Raises what its function raises."""
    part = orjson.loads(line)
    module, _, name = part["function"].partition(":")
    value = getattr(importlib.import_module(module), name)(**part["given"])
    return orjson.dumps(value) + b"\n"


def _streams() -> tuple[BinaryIO, BinaryIO]:
    """stdin and stdout for the parts and answers alone: nothing else may read or write there."""
    asked, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)
    return asked, answers


class _Parts:
    """The parts that come in; what is being done ends with them."""

    def __init__(self, asked: BinaryIO) -> None:
        self._asked = asked
        self._heard: SimpleQueue[bytes | None] = SimpleQueue()
        self._busy = False

    def next(self) -> bytes | None:
        """Wait for the next one; None when there will be none."""
        self._busy = False
        part = self._heard.get()
        self._busy = True
        return part

    def hear(self) -> None:
        for line in self._asked:
            self._heard.put(line)
        self._heard.put(None)
        if self._busy:
            os.kill(os.getpid(), signal.SIGINT)
            threading.Event().wait(GRACE_SECONDS)
            os._exit(1)  # what is being done does not let itself be interrupted
