"""
The process of a worker: a part comes in as a line of JSON, its answer goes out as one.

What the parts write to stdout goes nowhere, and what they read is empty. When the lines end, so
does the process: in the middle of a part as by Ctrl-C, and with what it has started. A line that
begins with ``MESSAGE`` is said to the part that is being done, or told by it.
"""

from __future__ import annotations

import importlib
import os
import signal
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, BinaryIO

import orjson

GRACE_SECONDS = 3.0
MESSAGE = b"+"
MESSAGES_KEPT_MAX = 100

Heard = Callable[[Any], None]


def main() -> None:
    """Answer until there is nothing more to come."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # who started it may ignore that
    asked, answers = _streams()
    parts = _Parts(asked)
    threading.Thread(target=parts.hear, daemon=True).start()
    try:
        while (part := parts.next()) is not None:
            answers.write(done(part, Talk(answers, parts)))
            answers.flush()
    except (KeyboardInterrupt, BrokenPipeError):
        pass  # nobody waits for the answer any more
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def done(line: bytes, talk: Talk | None = None) -> bytes:
    """The answer to a part, a line as well. Raises what its function raises."""
    part = orjson.loads(line)
    module, _, name = part["function"].partition(":")
    given = {**part["given"], "talk": talk} if part.get("talks") else part["given"]
    value = getattr(importlib.import_module(module), name)(**given)
    return orjson.dumps(value) + b"\n"


def _streams() -> tuple[BinaryIO, BinaryIO]:
    """stdin and stdout for the parts and answers alone: nothing else may read or write there."""
    asked, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)
    return asked, answers


class Talk:
    """What a part and who asked for it say to each other while it is being done."""

    def __init__(self, answers: BinaryIO, parts: _Parts) -> None:
        self._answers, self._parts = answers, parts

    def tell(self, value: Any) -> None:
        """Tell who asked."""
        with suppress(BrokenPipeError):  # nobody asks any more, and the process is about to end
            self._answers.write(MESSAGE + orjson.dumps(value) + b"\n")
            self._answers.flush()

    def listen(self, heard: Heard | None) -> None:
        """Call *heard*, in a thread of its own, with what is said, from the first on."""
        self._parts.listen(heard)


class _Parts:
    """The parts that come in; what is being done ends with them."""

    def __init__(self, asked: BinaryIO) -> None:
        self._asked = asked
        self._heard: SimpleQueue[bytes | None] = SimpleQueue()
        self._busy = False
        self._lock = threading.Lock()
        self._said: deque[Any] = deque(maxlen=MESSAGES_KEPT_MAX)
        self._listener: Heard | None = None

    def next(self) -> bytes | None:
        """Wait for the next one; None when there will be none."""
        if self._busy:
            self.listen(None)
        self._busy = False
        part = self._heard.get()
        self._busy = True
        return part

    def hear(self) -> None:
        for line in self._asked:
            if line.startswith(MESSAGE):
                self._say(orjson.loads(line.removeprefix(MESSAGE)))
            else:
                self._heard.put(line)
        self._heard.put(None)
        if self._busy:
            os.kill(os.getpid(), signal.SIGINT)
            threading.Event().wait(GRACE_SECONDS)
            os._exit(1)  # what is being done does not let itself be interrupted

    def listen(self, heard: Heard | None) -> None:
        """Let *heard* have what is said to the part; what nobody had ends with the part."""
        with self._lock:
            self._listener = heard
            while heard is not None and self._said:
                heard(self._said.popleft())
            self._said.clear()

    def _say(self, message: Any) -> None:
        with self._lock:
            if self._listener is None:
                self._said.append(message)
            else:
                self._listener(message)
