"""The numbered lines of a file, plain or gzip, in bounded memory and with its damage told."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eventsim.errors import RecordingError

LINE_BYTES_MAX = 32 * 1024 * 1024

_SUFFIXES = (".jsonl", ".jsonl.gz")
_CHUNK_BYTES = 256 * 1024
_GZIP_MAGIC = b"\x1f\x8b"

_Bytes = gzip.GzipFile | io.BufferedReader


class Lines:
    """The lines of a file without their line feeds, numbered from 1.

    ``unended`` says of the line just yielded that the file ended before its line feed;
    ``cut_off`` that a gzip stream ended early, and ``number`` is then the line it broke.
    Raises RecordingError for a line over LINE_BYTES_MAX and for what cannot be read, after
    every whole line before it.
    """

    def __init__(self, path: Path, file: _Bytes) -> None:
        self.path, self.number = path, 0
        self.unended = self.cut_off = False
        self._file = file
        self._lines = self._read()

    def __iter__(self) -> Iterator[bytes]:
        return self._lines

    def _read(self) -> Iterator[bytes]:
        started: list[bytes] = []  # the pieces of a line whose line feed has not come yet
        size = 0
        while chunk := self._chunk():
            *ended, rest = chunk.split(b"\n")
            if ended:
                ended[0] = b"".join((*started, ended[0]))
                for line in ended:
                    self.number += 1
                    self._check_length(len(line), self.number)
                    yield line
                started, size = [], 0
            started.append(rest)
            size += len(rest)
            self._check_length(size, self.number + 1)
        if self.cut_off or size:
            self.number += 1
        if size and not self.cut_off:
            self.unended = True
            yield b"".join(started)

    def _chunk(self) -> bytes:
        """The next bytes, as many as one read brings: what comes before damage is not lost."""
        try:
            return self._file.read1(_CHUNK_BYTES)
        except EOFError:
            self.cut_off = True
            return b""
        except (gzip.BadGzipFile, zlib.error) as error:
            message = f"not gzip, or damaged: {error}"
            raise RecordingError(self.path, self.number + 1, message) from error
        except OSError as error:
            raise _unreadable(self.path, error) from error

    def _check_length(self, size: int, number: int) -> None:
        if size > LINE_BYTES_MAX:
            raise RecordingError(self.path, number, "line of more than 32 MiB; is it a recording?")


@contextmanager
def opened(path: Path) -> Iterator[_Bytes]:
    """The file's bytes, decompressed; RecordingError if its suffix and first bytes disagree."""
    check_suffix(path)
    try:
        raw = path.open("rb")
    except OSError as error:
        raise _unreadable(path, error) from error
    with raw:
        if path.suffix == ".gz":
            yield gzip.GzipFile(fileobj=raw, mode="rb")
        elif raw.peek(2)[:2] == _GZIP_MAGIC:
            raise RecordingError(path, 0, "is gzip, so its name must end in .jsonl.gz")
        else:
            yield raw


def check_suffix(path: Path) -> None:
    """RecordingError unless the name ends like a recording's."""
    if path.name.endswith((".zst", ".zstd")):
        raise RecordingError(path, 0, "zstd recordings are not read yet; use .jsonl or .jsonl.gz")
    if not path.name.endswith(_SUFFIXES):
        raise RecordingError(path, 0, "a recording's name ends in .jsonl or .jsonl.gz")


def _unreadable(path: Path, error: OSError) -> RecordingError:
    return RecordingError(path, 0, f"cannot be read: {error.strerror or error}")
