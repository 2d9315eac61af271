"""
The kinds of value our own keys have: durations with units, dates with zones, names, paths.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field, PlainValidator, Strict, WithJsonSchema

from eventsim.rules.durations import PATTERN, seconds_of
from eventsim.rules.rates import RATE, per_second
from eventsim.scenario.problem import refuse, show

T = TypeVar("T")

START = datetime(2026, 1, 1, tzinfo=UTC)  # of a run, unless the scenario says otherwise
PERCENT = r"^(\d{1,3}(?:\.\d{1,9})?)%$"
SECONDS_MAX = 100 * 365 * 86_400

_COMPACT: dict[str, Any] = {
    "ensure_ascii": False,
    "allow_nan": False,
    "separators": (",", ":"),
}
_PERCENT = re.compile(PERCENT.strip("^$"), re.ASCII)
_ARN = re.compile(r"arn:[\w-]+:[\w-]+:[\w-]*:\d*:(?:.*[/:])?(?P<name>.+)")


def seconds(value: Any) -> float:
    """Seconds of a duration such as ``5s``, ``20ms`` or ``1h30m``; raises what is wrong."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise refuse(f"is {value}, without a unit; write {value}s (or ms, m, h, d)")
    total = seconds_of(value) if isinstance(value, str) else None
    if total is None:
        raise refuse(f"is {show(value)}; write a duration such as 20ms, 5s, 1m or 1h30m")
    if total > SECONDS_MAX:
        raise refuse(f"is {show(value)}; durations are at most {SECONDS_MAX // 86_400}d")
    return float(total)


def rate(value: Any) -> float:
    """How often a second ``0.9/s``, ``30/m`` or ``5/h`` is; raises what is wrong."""
    often = per_second(value) if isinstance(value, str) else None
    if often is None:
        raise refuse(f"is {show(value)}; write a rate such as 0.9/s, 30/m or 5/h")
    if not often:
        raise refuse(f"is {value}; it must be more than 0")
    return often


def percent(value: Any) -> float:
    """The part of 1 that a percentage such as ``1%`` is; raises what is wrong."""
    found = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise refuse(f"is {show(value)}; write a percentage such as 1% or 0.5%")
    part = float(found[1]) / 100
    if part > 1:
        raise refuse(f"is {value}; it must be at most 100%")
    return part


def moment(value: Any) -> datetime:
    """A date and time with its zone, in UTC; raises what is wrong."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise refuse(f"is {show(value)}; write a date such as 2026-01-01T00:00:00Z") from None
    if not isinstance(value, date):
        raise refuse(f"is {show(value)}; write a date such as 2026-01-01T00:00:00Z")
    if not isinstance(value, datetime) or value.tzinfo is None:
        bare = value.isoformat() if isinstance(value, datetime) else f"{value}T00:00:00"
        raise refuse(f"is {value.isoformat()}, without a time zone; write {bare}Z")
    if not 1970 <= value.year <= 9000:
        raise refuse(f"is {value.isoformat()}; the year must be between 1970 and 9000")
    return value.astimezone(UTC)


def timestamp(value: Any) -> float:
    """Epoch seconds, of a number of them (as in SAM) or of a date with its zone."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not 0 <= value < 2**38:
            raise refuse(f"is {value}; write seconds since 1970, or a date")
        return float(value)
    return moment(value).timestamp()


def encoded(value: Any) -> bytes:
    """The bytes of a record: text as UTF-8, anything else as compact JSON."""
    if isinstance(value, bytes):
        return value
    try:
        text = value if isinstance(value, str) else json.dumps(value, **_COMPACT)
        return text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise refuse(f"cannot be written as JSON: {error}") from None


def body_text(value: Any) -> str:
    """The text of a message: as it is, or as compact JSON."""
    try:
        return encoded(value).decode()
    except UnicodeDecodeError:
        raise refuse("is not text in UTF-8, and a body is") from None


def system_text(value: T) -> T:
    """*value*, if it is no text that paths and variables cannot hold; raises what is wrong."""
    if isinstance(value, str) and any(c == "\0" or "\ud800" <= c <= "\udfff" for c in value):
        raise refuse("holds a character that no path or variable can")
    return value


def resource_name(text: str) -> str:
    """The name of the resource that a name or an ARN means."""
    found = _ARN.fullmatch(text)
    return found["name"] if found else text


BodyText = Annotated[str, PlainValidator(body_text), WithJsonSchema({})]
Whole = Annotated[int, Strict()]
Flag = Annotated[bool, Strict()]
Text = Annotated[str, Field(min_length=1)]
SystemText = Annotated[str, BeforeValidator(system_text)]
FilePath = Annotated[Text, BeforeValidator(system_text)]
Seconds = Annotated[
    float,
    PlainValidator(seconds),
    WithJsonSchema({"type": "string", "pattern": PATTERN, "examples": ["20ms", "5s"]}),
]
Rate = Annotated[
    float,
    PlainValidator(rate),
    WithJsonSchema({"type": "string", "pattern": RATE, "examples": ["0.9/s"]}),
]
Percent = Annotated[
    float,
    PlainValidator(percent),
    WithJsonSchema({"type": "string", "pattern": PERCENT, "examples": ["1%"]}),
]
Moment = Annotated[
    datetime, PlainValidator(moment), WithJsonSchema({"type": "string", "format": "date-time"})
]
Timestamp = Annotated[
    float,
    PlainValidator(timestamp),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "format": "date-time"}]}),
]
Bytes = Annotated[bytes, PlainValidator(encoded), WithJsonSchema({})]
