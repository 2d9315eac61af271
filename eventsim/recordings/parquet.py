"""
Parquet: each row is a record, its data an object of names and values.

``--key`` and ``--time`` name the columns that hold a record's key and the time it arrived;
``--data`` the one whose value is the data, in place of the whole row. It needs the extra
``eventsim[parquet]``.

https://parquet.apache.org/docs/file-format/
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from eventsim.errors import RecordingError
from eventsim.recordings import Asked, RecordedRecord
from eventsim.recordings._fields import record_of
from eventsim.recordings._forms import dumped

TAKES = frozenset(("key", "time", "data"))
SUFFIXES = (".parquet",)
KEY = "parquet"
ROWS = 1_000


def read_foreign(path: Path, asked: Asked) -> Iterator[RecordedRecord]:
    """The records of a file, in its order; rows count from 1 in what is told of them.

    Raises RecordingError where pyarrow is not installed, and for a file that is no Parquet or
    has not the columns that are asked for.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        message = "Parquet is not installed; pip install 'eventsim[parquet]'"
        raise RecordingError(path, 0, message) from None
    try:
        file = parquet.ParquetFile(path)
    except OSError as error:
        raise RecordingError(path, 0, f"cannot be read: {error.strerror or error}") from error
    except pyarrow.ArrowException as error:
        raise RecordingError(path, 0, f"no Parquet, or damaged: {error}") from error
    with file:
        _check(path, file.schema_arrow.names, asked)
        number = 0
        try:
            for batch in file.iter_batches(batch_size=ROWS):
                for row in batch.to_pylist():
                    number += 1
                    content = dumped(row, _plain)
                    made = (partial(record_of, row, content, asked, KEY),)
                    yield from asked.taken(path, number, content, made)
        except (OSError, pyarrow.ArrowException) as error:
            raise RecordingError(path, number + 1, f"damaged: {error}") from error


def _check(path: Path, names: list[str], asked: Asked) -> None:
    for name in (asked.key, asked.time, asked.data):
        if name is not None and name not in names:
            listed = ", ".join(names)
            raise RecordingError(path, 0, f"no column {name}; there are: {listed:.200}")


def _plain(value: Any) -> Any:
    """A value that JSON has no type for."""
    if isinstance(value, bytes):
        return b2a_base64(value, newline=False).decode()
    return dict(value) if isinstance(value, Mapping) else str(value)
