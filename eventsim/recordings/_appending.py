"""A recording that is written bit by bit, by one process after another."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import Any, Self

import orjson

from eventsim.checkpoints.replacing import Lock, replace_file
from eventsim.errors import RecordingError
from eventsim.recordings import Header, RecordedRecord, _zstd
from eventsim.recordings._codec import Order, decoder, encoded, header_line, header_of
from eventsim.recordings._lines import CHUNK_BYTES, Lines, check_suffix, opened

_GZIP_LEVEL = 6
_PACKED = (".gz", ".zst")


class Appender:
    """Appends to a recording, which is made where there is none, for its owner alone to read.

    When ``append`` returns, the records are on the disk, whatever ends the process or the machine
    then; of records it did not return for, the first may be there. An end that was torn off is
    cut away when the file is opened again. It is for one process at a time, until ``close``.

    ``header`` is the file's; ``count`` is how many records it holds, ``ends`` the last sequence
    number of each shard, ``previous`` the last arrival, or the start of a file without any.
    """

    def __init__(
        self,
        path: Path | str,
        header: Header,
        on_found: Callable[[RecordedRecord], None] = lambda record: None,
    ) -> None:
        """Open the recording; *on_found* is told of each record that is there already.

        Raises RecordingError, and leaves the file as it is, when it is no recording, one of
        another source or origin, damaged before its end, in use, or out of reach.
        """
        self.path = path = Path(path)
        check_suffix(path)
        self.count = 0
        self.ends: dict[str, str] = {}
        self._lock: Lock | None = taken(path)
        self._file: FileIO | None = None
        try:
            with told(path):
                self.header = self._begin(header)
                self._order = Order(self.header.start)
                self._decode = decoder(self.header.source)
                self._file = path.open("r+b", buffering=0)
                self._end = _whole_bytes(path, self._file)
                self._find(on_found)
        except BaseException:
            self.close()
            raise

    @property
    def previous(self) -> float:
        return self._order.previous

    def append(self, records: Sequence[RecordedRecord]) -> None:
        """Write records and return when they are on the disk.

        Raises RecordingError for one that could not be read back or breaks the order, and when
        the disk does not take them; the file is then whole as it was before, and closed.
        """
        if self._file is None:
            raise RecordingError(self.path, 0, "is closed")
        try:
            content = _packed(self.path, b"".join(map(self._line, records)))
            with told(self.path):
                _write(self._file, content)
        except RecordingError:
            with suppress(OSError):  # the disk is full or gone: what was written stays a torn line
                self._file.truncate(self._end)
            self.close()
            raise
        self._end += len(content)
        for record in records:
            self._note(record)

    def close(self) -> None:
        """Let another process use the file."""
        if self._lock is not None:
            self._lock.release()
        if self._file is not None:
            self._file.close()
        self._lock = self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _begin(self, header: Header) -> Header:
        """The header of the file, which is there in any case when this returns."""
        if not self.path.exists() or not self.path.stat().st_size:
            replace_file(self.path.resolve(), _packed(self.path, header_line(self.path, header)))
        with opened(self.path) as file:
            found = header_of(Lines(self.path, file))
        if (found.source, found.origin) != (header.source, header.origin):
            raise RecordingError(
                self.path,
                0,
                f"is a recording of {found.source} {found.origin}, not of {header.source} "
                f"{header.origin}; write another name",
            )
        return found

    def _find(self, on_found: Callable[[RecordedRecord], None]) -> None:
        """Take note of what is there, and mend its end.

        Raises RecordingError for a damaged line.
        """
        packed = self.path.suffix in _PACKED
        if packed:  # before it is read: a part that is torn could give some of its lines
            self._cut()
        with opened(self.path) as file:
            lines = Lines(self.path, file)
            header_of(lines)
            whole = all(self._take(line, lines, on_found) for line in lines)
        if packed and lines.unended:
            raise RecordingError(self.path, lines.number, "has no line feed to go on behind")
        if lines.unended and whole:
            self._end = self.path.stat().st_size + 1
            self._at(self._end - 1, b"\n")
        else:
            self._cut()

    def _take(self, line: bytes, lines: Lines, on_found: Callable[[RecordedRecord], None]) -> bool:
        """Note the record of a line; False for one that was torn off."""
        try:
            record = self._decode(orjson.loads(line))
            self._order.check(record)
        except (ValueError, orjson.JSONEncodeError) as error:
            if not line.strip():
                return True
            if lines.unended and isinstance(error, orjson.JSONDecodeError):
                return False
            message = f"cannot be gone on from: {error}; write another name"
            raise RecordingError(self.path, lines.number, message) from error
        self._note(record)
        on_found(record)
        return True

    def _cut(self) -> None:
        if self._file is not None:
            self._file.truncate(self._end)
            self._at(self._end, b"")

    def _at(self, place: int, content: bytes) -> None:
        if self._file is not None:
            self._file.seek(place)
            _write(self._file, content)

    def _line(self, record: RecordedRecord) -> bytes:
        try:
            line = encoded(record, self.header.source, self._decode)
            self._order.check(record)
        except (TypeError, ValueError) as error:
            message = f"record {self.count + 1} cannot be written: {error}"
            raise RecordingError(self.path, 0, message) from error
        return line

    def _note(self, record: RecordedRecord) -> None:
        self.count += 1
        if record.shard is not None and record.sequence_number is not None:
            self.ends[record.shard] = record.sequence_number


def _write(file: FileIO, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[file.write(left) :]
    os.fsync(file.fileno())


def _packed(path: Path, lines: bytes) -> bytes:
    """Lines as a part of the file that can be read on its own: so a torn one costs no other."""
    if path.suffix == ".gz":
        return gzip.compress(lines, _GZIP_LEVEL, mtime=0)
    if path.suffix == ".zst":
        return _zstd.packed(path, lines)
    return lines


def _whole_bytes(path: Path, file: FileIO) -> int:
    """How much of the file there is without an end that was torn off."""
    if path.suffix in _PACKED:
        return _whole_parts(path, file)
    whole = size = 0
    for chunk in _chunks(file):
        line_feed = chunk.rfind(b"\n")
        whole = size + line_feed + 1 if line_feed >= 0 else whole
        size += len(chunk)
    return whole


def _whole_parts(path: Path, file: FileIO) -> int:
    """Where the last of the parts ends that a compressed file consists of."""
    whole = at = 0
    unpacker: Any = None
    for chunk in _chunks(file):
        at += len(chunk)
        rest = chunk
        while rest:
            unpacker = unpacker or _unpacker(path)
            _unpack(path, unpacker, rest)
            rest = unpacker.unused_data if unpacker.eof else b""
            if unpacker.eof:
                whole, unpacker = at - len(rest), None
    if not whole:
        raise RecordingError(path, 0, "cannot be gone on from: it is cut off in its first part")
    return whole


def _chunks(file: FileIO) -> Iterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        yield chunk


def _unpacker(path: Path) -> Any:
    if path.suffix == ".gz":
        return zlib.decompressobj(wbits=31)
    return _zstd.library(path).ZstdDecompressor()


def _unpack(path: Path, unpacker: Any, chunk: bytes) -> None:
    """Unpack and forget, never much of it at once. Raises RecordingError for damage."""
    try:
        unpacker.decompress(chunk, CHUNK_BYTES)
        while not unpacker.eof and (more := _unpackable(unpacker)) is not None:
            unpacker.decompress(more, CHUNK_BYTES)
    except _zstd.damages() as error:
        raise RecordingError(path, 0, f"cannot be gone on from: {error}") from error
    except zlib.error as error:
        raise RecordingError(path, 0, f"cannot be gone on from: {error}") from error


def _unpackable(unpacker: Any) -> bytes | None:
    """What to hand in for more of what was handed in already; None when that was all."""
    if hasattr(unpacker, "needs_input"):
        return None if unpacker.needs_input else b""
    return unpacker.unconsumed_tail or None


def taken(path: Path) -> Lock:
    """The lock of who writes the file, by whatever name. Raises RecordingError."""
    with told(path):
        if path.exists() and not path.is_file():
            raise RecordingError(path, 0, "is no file; write the name of one")
        try:
            return Lock(path.resolve())
        except BlockingIOError:
            raise RecordingError(
                path, 0, "is in use: another process writes there; give each its own file"
            ) from None


@contextmanager
def told(path: Path) -> Iterator[None]:
    """RecordingError for what the system refuses."""
    try:
        yield
    except OSError as error:
        raise RecordingError(path, 0, f"cannot be written: {error.strerror or error}") from error
