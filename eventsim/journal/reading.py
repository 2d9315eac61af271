"""
Reading a journal back: streamed, while it still grows, whole or cut off.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, cast

import orjson

from eventsim.errors import JournalError
from eventsim.journal import SCHEMA_VERSION, Entry
from eventsim.journal.kinds import SCHEMA_FIRST

LINE_BYTES_MAX = 64 * 1024 * 1024


def read(path: Path) -> Iterator[Entry]:
    """Yield the entries of a journal file, one at a time.

    A last line that was cut off (the writer was killed, or is still writing) ends the journal
    and is no error. Raises JournalError when the file cannot be read, is empty, is no journal
    of ours, is damaged before its end, or is of a newer schema.
    """
    try:
        with path.open("rb") as raw:
            yield from read_from(raw, path)
    except OSError as error:
        raise JournalError(f"cannot read the journal {path}: {error.strerror or error}") from error


def read_from(raw: BufferedReader, path: Path | str) -> Iterator[Entry]:
    """Yield the entries of an open journal, a pipe too; *path* is what errors call it."""
    zipped = raw.peek(2)[:2] == b"\x1f\x8b"
    source = cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if zipped else raw
    number = 0
    for number, line in enumerate(_lines(path, source), start=1):
        entry = _entry(path, number, line)
        if entry is None:
            break
        if number == 1:
            _check_start(path, entry)
        yield entry
    if number == 0:
        raise JournalError(f"{path} is empty: a journal begins with a run_started entry")


def _lines(path: Path | str, source: BinaryIO) -> Iterator[bytes]:
    while True:
        try:
            line = source.readline(LINE_BYTES_MAX)
        except EOFError:
            return  # the gzip stream has no end yet: the run was killed, or still writes
        except zlib.error as error:
            raise JournalError(f"{path} is damaged: {error}") from error
        if not line:
            return
        if len(line) == LINE_BYTES_MAX:
            raise JournalError(f"{path} is not a journal: a line has over {LINE_BYTES_MAX} bytes")
        yield line


def _entry(path: Path | str, number: int, line: bytes) -> Entry | None:
    whole = line.endswith(b"\n")
    try:
        return Entry.of(orjson.loads(line))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        if not whole and number > 1:
            return None
        raise JournalError(
            f"{path}:{number}: not an entry of a journal; a journal is JSON Lines as "
            "`eventsim run --journal FILE` writes them"
        ) from error


def _check_start(path: Path | str, entry: Entry) -> None:
    if entry.kind != "run_started":
        raise JournalError(f"{path}:1: a journal begins with run_started, this with {entry.kind}")
    schema = entry.fields.get("schema")
    if not isinstance(schema, int) or schema < SCHEMA_FIRST:
        raise JournalError(f"{path}:1: journal schema {schema}; the first one was {SCHEMA_FIRST}")
    if schema > SCHEMA_VERSION:
        raise JournalError(
            f"{path}:1: journal schema {schema}; this eventsim reads up to {SCHEMA_VERSION}, "
            "a newer one wrote it"
        )
