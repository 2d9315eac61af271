"""
What is said on stderr, while stdout carries data only.
"""

from __future__ import annotations

import os
import re
import sys
from typing import TextIO

# Control characters but the tab, and those that turn the direction of a line around.
_UNSEEN = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Talk:
    """Lines for a person: on a terminal without any control character, in a pipe as they are.

    Nobody reading stderr any more is no reason to end: talk goes silent. ``quiet`` leaves only
    what is said about a failure.
    """

    def __init__(self, out: TextIO | None = None, *, quiet: bool = False) -> None:
        self._out = sys.stderr if out is None else out  # a handler's own stderr may come later
        self._terminal = self._out.isatty()
        self._open = True
        self.quiet = quiet

    @property
    def out(self) -> TextIO:
        return self._out

    @property
    def terminal(self) -> bool:
        """Whether a person is watching, where lines can be shown in place."""
        return self._terminal and os.environ.get("TERM") != "dumb"

    def say(self, text: str) -> None:
        """Say *text* in any case, each of its lines on one of its own."""
        for line in text.split("\n"):
            self._line(line)

    def note(self, text: str) -> None:
        """Say *text* unless asked to be quiet."""
        if not self.quiet:
            self.say(text)

    def log(self, function: str, text: str) -> None:
        """Show what a function wrote, each line after its name."""
        if self.quiet:
            return
        for line in text.removesuffix("\n").split("\n"):
            self._line(f"{function} | {line}")

    def _line(self, line: str) -> None:
        if self._open:
            try:
                self._show(visible(line) if self._terminal else line)
            except BrokenPipeError:
                self._open = False
                hush(self._out)

    def _show(self, line: str) -> None:
        self._out.write(line + "\n")
        self._out.flush()


def hush(stream: TextIO) -> None:
    """Nobody reads *stream* any more: what is still in its buffer must not raise at the end."""
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):  # not a file of the process: nothing is flushed at its end
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def visible(text: str) -> str:
    """The text in one line that no terminal takes for an order: ``\\x1b`` for an escape."""
    return _UNSEEN.sub(lambda found: ascii(found[0])[1:-1], text)
