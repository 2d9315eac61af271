"""Where the entries of a run go, besides its journal."""

from __future__ import annotations

from typing import Any, BinaryIO

from eventsim.journal import FRAME, Entry
from eventsim.journal.encoding import encode


class FrameSink:
    """Keeps the few entries that a journal has at any detail, however long the run."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def write(self, flat: dict[str, Any]) -> None:
        if flat["kind"] in FRAME:
            self.entries.append(Entry.of(flat))

    def close(self) -> None:
        """Nothing to let go of."""


class StdoutSink:
    """Writes one JSON object a line to a pipe; ``eager`` hands each over at once.

    Raises BrokenPipeError when nobody reads any more.
    """

    def __init__(self, out: BinaryIO, *, eager: bool) -> None:
        self._out, self._eager = out, eager

    def write(self, flat: dict[str, Any]) -> None:
        self._out.write(encode(flat) + b"\n")
        if self._eager:
            self._out.flush()

    def close(self) -> None:
        self._out.flush()
