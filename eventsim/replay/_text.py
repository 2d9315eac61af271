"""The lines of a text file, plain or gzip, none of them longer than anybody could mean."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from eventsim.errors import RecordingError

LINE_BYTES_MAX = 32 * 1024 * 1024


def numbered(path: Path) -> Iterator[tuple[int, bytes]]:
    """Each line that is not blank, with its line feed if it has one, and its number from 1.

    Raises RecordingError for a file that cannot be read on, and for a line over 32 MiB.
    """
    number = 0
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            while line := file.readline(LINE_BYTES_MAX + 1):
                number += 1
                if len(line) > LINE_BYTES_MAX:
                    raise RecordingError(path, number, "line of more than 32 MiB; is this text?")
                if line.strip():
                    yield number, line
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise RecordingError(path, number, f"cannot be read: {reason}") from None


def first_line(path: Path) -> bytes:
    """The first of them, or nothing."""
    return next(numbered(path), (0, b""))[1]
