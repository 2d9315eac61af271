"""What becomes of lines that are no record."""

from __future__ import annotations

from collections.abc import Callable
from io import FileIO
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from eventsim.errors import RecordingError

Policy = Literal["stop", "skip", "save"]
POLICIES: tuple[Policy, ...] = get_args(Policy)
_TOLD_MAX = 5


class BadLine(NamedTuple):
    """A line, or a document, that is no record. A very long one comes in pieces, ``more`` to come.

    ``number`` is that of the line in the file, from 1; ``content`` has no line feed at its end.
    """

    path: Path
    number: int
    why: str
    content: bytes
    more: bool = False


OnBadLine = Callable[[BadLine], None]


class BadLines:
    """``stop`` raises RecordingError at the first, ``skip`` counts it, ``save`` also keeps it.

    Each is told by *tell* with its place and what is wrong, the first five of them; ``count`` has
    them all. What is saved is each line as it stood, with a line feed, in the file *saved*, which
    is there once there is a first one. ``close`` it at the end.
    """

    def __init__(self, policy: Policy, saved: Path, tell: Callable[[str], None]) -> None:
        self.count = 0
        self._policy, self._saved, self._tell = policy, saved, tell
        self._file: FileIO | None = None
        self._going_on = False

    def __call__(self, bad: BadLine) -> None:
        """Take one. Raises RecordingError to stop, and where it cannot be saved."""
        if self._policy == "stop":
            raise RecordingError(bad.path, bad.number, bad.why)
        if not self._going_on:
            self._count(bad)
        self._going_on = bad.more
        if self._policy == "save":
            self._save(bad.content if bad.more else bad.content + b"\n")

    def summary(self) -> str | None:
        """How many there were and where they are, in a sentence; None where there were none."""
        if not self.count:
            return None
        what = "1 bad line was" if self.count == 1 else f"{self.count:,} bad lines were"
        return f"{what} left out" + (f", saved in {self._saved}" if self._policy == "save" else "")

    def close(self) -> None:
        """Let go of the file."""
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _count(self, bad: BadLine) -> None:
        self.count += 1
        if self.count <= _TOLD_MAX:
            self._tell(str(RecordingError(bad.path, bad.number, bad.why)))
        elif self.count == _TOLD_MAX + 1:
            self._tell("more bad lines are counted, and not told one by one")

    def _save(self, content: bytes) -> None:
        try:
            if self._file is None:
                self._file = self._saved.open("wb", buffering=0)
            left = memoryview(content)
            while left:  # a disk that is nearly full takes a part
                left = left[self._file.write(left) :]
        except OSError as error:
            message = f"cannot be written: {error.strerror or error}"
            raise RecordingError(self._saved, 0, message) from error
