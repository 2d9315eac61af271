"""A recording's lines: the header's and those of its records, both ways."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from eventsim.errors import RecordingError
from eventsim.recordings import Header, RecordedRecord
from eventsim.recordings._forms import (
    BYTES,
    KEY_CHARACTERS_MAX,
    as_recorded,
    bytes_of,
    change_of,
    check_key,
    dumped,
    form_of,
    message_of,
    shown,
    text,
    told_change,
    told_message,
)
from eventsim.recordings._lines import LINE_BYTES_MAX, TOO_LONG, Lines

SCHEMA = 1
DATA_BYTES_MAX = 10 * 1024 * 1024 - 4 * KEY_CHARACTERS_MAX
SHARDS_MAX = 100_000
GROUP = "MessageGroupId"

_ARRIVAL_MAX = 253402300800.0  # the year 10000; milliseconds taken for seconds are beyond it
_EXAMPLE_TIME = "2013-01-01T10:17:00.000Z"
_HEADER_EXAMPLE = '{"recording": "eventsim", "schema": 1, "source": "kinesis"}'
_PLACED = ("shard", "sequence_number")
_FIELDS = frozenset(("arrival", "key", *BYTES, *_PLACED, "explicit_hash_key"))

Decode = Callable[[Any], RecordedRecord]


class Order:
    """Holds records to what a recording keeps: arrivals that do not go back, and numbers that grow.

    Sequence numbers are compared within a shard, where they are whole numbers.
    """

    def __init__(self, start: float | None) -> None:
        self.start = self.previous = start or 0.0
        self.numbers: dict[str, int] = {}

    def check(self, record: RecordedRecord) -> None:
        """Take the next record. Raises ValueError for one that breaks the order, and forgets it."""
        if record.arrival < self.previous:
            raise ValueError(self._backwards(record.arrival))
        if record.sequence_number is not None and record.shard is not None:
            self._check_number(record.shard, record.sequence_number)
        self.previous = record.arrival

    def _check_number(self, shard: str, told: str) -> None:
        if not (told.isascii() and told.isdigit() and len(told) <= 128):
            return
        number, last = int(told), self.numbers.get(shard)
        if last is None:
            if len(self.numbers) == SHARDS_MAX:
                raise ValueError(f"more than {SHARDS_MAX:,} shards; is it one stream?")
        elif number <= last:
            again = "is there twice" if number == last else f"comes after {last}"
            raise ValueError(
                f"sequence number {told} of {shard} {again}; they grow within a shard of a stream"
            )
        self.numbers[shard] = number

    def _backwards(self, arrival: float) -> str:
        if self.previous == self.start:
            start = stamp(self.start)
            return f"arrival {stamp(arrival)} is before the start of the recording, {start}"
        return (
            f"the clock runs backwards: arrival {stamp(arrival)} comes after "
            f"{stamp(self.previous)}; a recording is in order of arrival"
        )


def header_of(lines: Lines) -> Header:
    """The header in the first of the lines. Raises RecordingError."""
    line = next(iter(lines), b"")
    try:
        fields = orjson.loads(line)
    except orjson.JSONDecodeError:
        fields = None
    if isinstance(fields, dict) and fields.get("kind") == "run_started":
        raise RecordingError(
            lines.path,
            1,
            "is a journal, and no recording; `eventsim convert --format journal` makes one of "
            "whole events of a journal with --detail payload",
        )
    if not isinstance(fields, dict) or fields.pop("recording", None) != "eventsim":
        raise RecordingError(
            lines.path, 1, f"no header; the first line of a recording is {_HEADER_EXAMPLE}"
        )
    schema = fields.pop("schema", None)
    if type(schema) is not int or schema < 1:
        raise RecordingError(lines.path, 1, f"schema is {shown(schema)}; it must be {SCHEMA}")
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
        began = None if start is None else moment(start)
    except ValueError as error:
        told = str(error).replace("arrival", "start", 1)
        raise RecordingError(lines.path, 1, told) from error
    return Header(source, origin, schema, began, fields)


def header_line(path: Path, header: Header) -> bytes:
    """The first line. Raises RecordingError without a source."""
    if not header.source:
        raise RecordingError(path, 1, "a recording needs a source, such as kinesis")
    fields: dict[str, Any] = {"recording": "eventsim", "schema": SCHEMA}
    fields |= {"source": header.source, "origin": header.origin}
    if header.start is not None:
        fields["start"] = stamp(header.start)
    notes = {name: note for name, note in header.notes.items() if name not in fields}
    return orjson.dumps({**fields, **notes}) + b"\n"


def decoder(source: str) -> Decode:
    """What makes a record of a line's JSON; ValueError says what is wrong with it."""
    return {"dynamodb": _change, "sqs": _message, "lambda": _event}.get(source, _record)


def check_record(record: RecordedRecord, source: str) -> None:
    """Raise ValueError for what no line can hold, sooner than ``encoded`` does."""
    if not isinstance(record.data, bytes):
        try:
            encoded(record, source, decoder(source))
        except TypeError as error:
            raise ValueError(str(error)) from error
        return
    moment(record.arrival)
    _held(record.data)
    if decoder(source) is _record:
        check_key(record.key)


def encoded(record: RecordedRecord, source: str, decode: Decode) -> bytes:
    """A line that reads back as this record; ValueError or TypeError if there is none.

    A message loses its receipt handle, which nobody can use.
    """
    moment(record.arrival)
    hash_key = record.explicit_hash_key
    fields: dict[str, Any] = {"arrival": stamp(record.arrival)}
    match source:
        case "dynamodb":
            own: dict[str, Any] = {"change": told_change(record.data)}
        case "sqs":
            record = record._replace(data=as_recorded(record.data))
            own = {"message": told_message(record.data)}
        case "lambda":
            own = form_of(record.data)
        case _:
            fields["key"] = record.key
            own = form_of(record.data)
    fields |= own
    if record.shard is not None:
        fields["shard"] = record.shard
    if record.sequence_number is not None:
        fields["sequence_number"] = record.sequence_number
    if hash_key is not None:
        fields["explicit_hash_key"] = str(hash_key)
    if decode(fields) != record:
        raise ValueError(f"{shown(record)} does not read back as itself")
    line = orjson.dumps(fields)
    if len(line) > LINE_BYTES_MAX:
        raise ValueError(TOO_LONG.partition(";")[0])
    return line + b"\n"


def line_of(record: RecordedRecord, source: str) -> bytes:
    """The line of a record, without its line feed. Raises ValueError or TypeError."""
    return encoded(record, source, decoder(source)).removesuffix(b"\n")


def moment(value: Any) -> float:
    """Seconds since the epoch of an arrival."""
    if type(value) is str:
        try:
            told = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError(f"arrival {value!r} is not a time such as {_EXAMPLE_TIME}") from None
        if told.tzinfo is None:
            raise ValueError(f"arrival {value!r} has no zone; write it like {_EXAMPLE_TIME}")
        seconds = told.timestamp()
    elif type(value) is float or type(value) is int:
        seconds = float(value)
    else:
        raise ValueError(f"arrival is {shown(value)}; it must be a time such as {_EXAMPLE_TIME}")
    if not 0.0 <= seconds < _ARRIVAL_MAX:
        raise ValueError(
            f"arrival {value} is not between 1970 and 9999; as a number it is in seconds"
        )
    return seconds


def stamp(arrival: float) -> str | float:
    """A date where it is exact, else the number."""
    told = datetime.fromtimestamp(arrival, UTC)
    if told.timestamp() != arrival:
        return arrival
    exactness = "milliseconds" if told.microsecond % 1000 == 0 else "microseconds"
    return told.replace(tzinfo=None).isoformat(timespec=exactness) + "Z"


def _record(fields: Any) -> RecordedRecord:
    if type(fields) is not dict:
        raise ValueError("a record is a JSON object")
    key = fields.get("key")
    if type(key) is not str:
        raise ValueError(f"key is {shown(key)}; it must be text")
    check_key(key)
    arrival = moment(fields.get("arrival"))
    if len(fields) == 3:
        if "json" in fields:
            return RecordedRecord(arrival, key, _held(dumped(fields["json"])))
        if "data" in fields:
            return RecordedRecord(arrival, key, _held(text(fields, "data").encode()))
    _check_fields(fields, _FIELDS)
    data = _held(bytes_of(fields))
    hash_key = text(fields, "explicit_hash_key") if "explicit_hash_key" in fields else None
    return RecordedRecord(
        arrival, key, data, *_place(fields), None if hash_key is None else _hash_key(hash_key)
    )


def _change(fields: Any) -> RecordedRecord:
    arrival = _arrival(fields, ("change",))
    change = change_of(fields.get("change"))
    return RecordedRecord(arrival, change.keys.decode(), change, *_place(fields))


def _message(fields: Any) -> RecordedRecord:
    arrival = _arrival(fields, ("message",))
    message = message_of(fields.get("message"))
    return RecordedRecord(arrival, message.attributes.get(GROUP, ""), message, *_place(fields))


def _event(fields: Any) -> RecordedRecord:
    arrival = _arrival(fields, BYTES)
    return RecordedRecord(arrival, "", _held(bytes_of(fields)), *_place(fields))


def _arrival(fields: Any, forms: tuple[str, ...]) -> float:
    if type(fields) is not dict:
        raise ValueError("a record is a JSON object")
    _check_fields(fields, frozenset(("arrival", *forms, *_PLACED)))
    return moment(fields.get("arrival"))


def _check_fields(fields: dict[str, Any], known: frozenset[str]) -> None:
    if unknown := fields.keys() - known:
        raise ValueError(f"unknown field {min(unknown)!r}; there are: {', '.join(sorted(known))}")


def _place(fields: dict[str, Any]) -> tuple[str | None, str | None]:
    shard = text(fields, "shard") if "shard" in fields else None
    return shard, text(fields, "sequence_number") if "sequence_number" in fields else None


def _held(data: bytes) -> bytes:
    if len(data) > DATA_BYTES_MAX:
        raise ValueError(f"data of more than {DATA_BYTES_MAX:,} bytes, which no stream takes")
    return data


def _hash_key(digits: str) -> int:
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 39 and int(digits) < 2**128):
        raise ValueError(f"explicit_hash_key {digits[:50]!r} is not a whole number below 2**128")
    return int(digits)
