"""The numbered lines of a file, plain or compressed, in bounded memory and with its damage told."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from eventsim.errors import RecordingError
from eventsim.recordings import _zstd
from eventsim.recordings._bad_lines import BadLine, OnBadLine

LINE_BYTES_MAX = 32 * 1024 * 1024
TOO_LONG = "line of more than 32 MiB; is it a recording?"
CHUNK_BYTES = 256 * 1024

_SUFFIXES = (".jsonl", ".jsonl.gz", ".jsonl.zst")
_GZIP_MAGIC = b"\x1f\x8b"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")

OnLong = Callable[[bytes, bool], None]


class Readable(Protocol):
    """A file to read bytes from; EOFError where a compressed stream ends early."""

    def read1(self, size: int, /) -> bytes: ...


class Chunks:
    """The bytes of a file as it gives them; ``cut_off`` once a compressed stream ended early.

    A byte order mark, which some editors put first, is left out.
    """

    def __init__(self, path: Path, file: Readable) -> None:
        self.cut_off = False
        self._begun = False
        self._path, self._file = path, file

    def next(self, line: int = 0) -> bytes:
        """The next bytes, as many as one read brings: what comes before damage is not lost.

        None are the end. Raises RecordingError, at that *line*, for what cannot be read.
        """
        try:
            return self._text(self._file.read1(CHUNK_BYTES))
        except EOFError:
            self.cut_off = True
            return b""
        except _zstd.damages() as error:
            message = f"not zstd, or damaged: {error}"
            raise RecordingError(self._path, line, message) from error
        except (gzip.BadGzipFile, zlib.error) as error:
            message = f"not gzip, or damaged: {error}"
            raise RecordingError(self._path, line, message) from error
        except OSError as error:
            raise unreadable(self._path, error) from error

    def _text(self, chunk: bytes) -> bytes:
        if self._begun:
            return chunk
        self._begun = True
        if chunk.startswith(_UTF_16):
            raise RecordingError(
                self._path, 1, "is UTF-16; write it in UTF-8, such as by iconv -f utf-16 -t utf-8"
            )
        if chunk == _BYTE_ORDER_MARK:  # nothing would mean the end
            chunk += self._file.read1(CHUNK_BYTES)
        return chunk.removeprefix(_BYTE_ORDER_MARK)


class Lines:
    """The lines of a file without their line feeds, numbered from 1.

    ``unended`` says of the line just yielded that the file ended before its line feed;
    ``cut_off`` that a compressed stream ended early: ``number`` is then the line it broke, and
    ``rest`` what there is of it. A line over LINE_BYTES_MAX is handed to ``on_long`` in
    pieces (with whether more of it follows); without that it is a RecordingError, as is what
    cannot be read, after every whole line before it.
    """

    def __init__(self, path: Path, file: Readable) -> None:
        self.path, self.number = path, 0
        self.unended = self.cut_off = False
        self.rest = b""
        self.on_long: OnLong | None = None
        self._chunks = Chunks(path, file)
        self._lines = self._read()

    def __iter__(self) -> Iterator[bytes]:
        return self._lines

    def _read(self) -> Iterator[bytes]:
        started: list[bytes] = []  # the pieces of a line whose line feed has not come yet
        size, long = 0, False
        while chunk := self._next():
            *ended, rest = chunk.split(b"\n")
            if ended:
                if long:
                    self._long(ended.pop(0), more=False)
                else:
                    ended[0] = b"".join((*started, ended[0]))
                started, size, long = [], 0, False
            for line in ended:
                self.number += 1
                if len(line) <= LINE_BYTES_MAX:
                    yield line
                else:
                    self._long(line, more=False)
            started.append(rest)
            size += len(rest)
            if long or size > LINE_BYTES_MAX:
                self.number += not long
                self._long(b"".join(started), more=True)
                started, long = [], True
        if long:
            self._long(b"", more=False)
            return
        if self.cut_off or size:
            self.number += 1
        self.rest = b"".join(started)
        if size and not self.cut_off:
            self.unended = True
            yield self.rest

    def _next(self) -> bytes:
        chunk = self._chunks.next(self.number + 1)
        self.cut_off = self._chunks.cut_off
        return chunk

    def _long(self, piece: bytes, *, more: bool) -> None:
        if self.on_long is None:
            raise RecordingError(self.path, self.number, TOO_LONG)
        self.on_long(piece, more)


@contextmanager
def opened(path: Path) -> Iterator[Readable]:
    """The file's bytes, decompressed; RecordingError if its suffix and first bytes disagree."""
    check_suffix(path)
    try:
        raw = path.open("rb")
    except OSError as error:
        raise unreadable(path, error) from error
    with raw:
        if path.suffix == ".gz":
            yield gzip.GzipFile(fileobj=raw, mode="rb")
        elif path.suffix == ".zst":
            yield _zstd.reading(path, raw)
        elif raw.peek(2)[:2] == _GZIP_MAGIC:
            raise RecordingError(path, 0, "is gzip, so its name must end in .jsonl.gz")
        elif raw.peek(4)[:4] == _zstd.MAGIC:
            raise RecordingError(path, 0, "is zstd, so its name must end in .jsonl.zst")
        else:
            yield raw


@contextmanager
def foreign(path: Path) -> Iterator[Readable]:
    """The bytes of somebody else's file, decompressed by what they begin with."""
    try:
        raw = path.open("rb")
    except OSError as error:
        raise unreadable(path, error) from error
    with raw:
        if raw.peek(2)[:2] == _GZIP_MAGIC:
            yield gzip.GzipFile(fileobj=raw, mode="rb")
        elif raw.peek(4)[:4] == _zstd.MAGIC:
            yield _zstd.reading(path, raw)
        else:
            yield raw


@contextmanager
def lines_of(path: Path, on_bad_line: OnBadLine | None = None) -> Iterator[Lines]:
    """The lines of somebody else's file; *on_bad_line* is told of those that are too long."""
    with foreign(path) as file:
        lines = Lines(path, file)
        lines.on_long = on_long(lines, on_bad_line)
        yield lines


def on_long(lines: Lines, on_bad_line: OnBadLine | None) -> OnLong | None:
    """What tells *on_bad_line* of a line that is too long; None where nobody is told."""
    if on_bad_line is None:
        return None
    return lambda piece, more: on_bad_line(BadLine(lines.path, lines.number, TOO_LONG, piece, more))


def check_suffix(path: Path) -> None:
    """RecordingError unless the name ends like a recording's."""
    if not path.name.endswith(_SUFFIXES):
        raise RecordingError(path, 0, "a recording's name ends in .jsonl, .jsonl.gz or .jsonl.zst")


def unreadable(path: Path, error: OSError) -> RecordingError:
    """What to raise for a file that the system does not give."""
    return RecordingError(path, 0, f"cannot be read: {error.strerror or error}")
