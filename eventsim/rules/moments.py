"""
A moment as people and services write it down, read as seconds since the epoch.

A number is in seconds, or in the smaller unit that puts it before the year 5138: milliseconds
from 1e11 on, microseconds from 1e14, nanoseconds from 1e17. A date is ISO 8601 (RFC 3339, with a
space or a ``T``), and in *zone* where it names none: the first of two that it has in the hour that
clocks are put back; one in an hour that is left out is no time.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from math import isfinite
from typing import Any

_MINUTE = timedelta(minutes=1)
EXAMPLE = "2013-01-01T10:17:00.000Z"
_UNITS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))
_LATEST = 253402300800.0  # the year 10000


def epoch_of(value: Any, zone: tzinfo = UTC) -> float:
    """Seconds since the epoch. Raises ValueError, which says what would be right."""
    number = _number(value)
    if number is not None:
        seconds = next((number / unit for least, unit in _UNITS if number >= least), number)
    elif isinstance(value, datetime):
        seconds = (value if value.tzinfo else value.replace(tzinfo=zone)).timestamp()
    elif isinstance(value, str):
        seconds = _date(value.strip(), zone)
    else:
        raise ValueError(f"{value!r:.60} is not a time such as {EXAMPLE}")
    if not 0.0 <= seconds < _LATEST:
        raise ValueError(f"{value!r:.60} is not between 1970 and 9999")
    return seconds


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value) if isinstance(value, int | float) or _is_number(value) else None
    except OverflowError:
        return None
    return number if number is not None and isfinite(number) else None


def _is_number(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    text = value.strip()
    whole = text.isascii() and text.isdigit() and len(text) != len("20130101")  # that is a date
    return whole or (text.count(".") == 1 and text.isascii() and text.replace(".", "").isdigit())


def _date(text: str, zone: tzinfo) -> float:
    try:
        moment = datetime.fromisoformat(text)
        zoned = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        seconds = zoned.timestamp()
        there = datetime.fromtimestamp(seconds, zoned.tzinfo)
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"{text!r:.60} is not a time such as {EXAMPLE}") from None
    if abs(there.replace(tzinfo=None) - zoned.replace(tzinfo=None)) >= _MINUTE:
        raise ValueError(f"{text!r:.60} is no time in {zone}, whose clocks were put forward")
    return seconds
