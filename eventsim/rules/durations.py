"""Durations as a scenario writes them: ``20ms``, ``5s``, ``1h30m``."""

from __future__ import annotations

import re
from decimal import Decimal

UNITS = {
    "d": Decimal(86_400),
    "h": Decimal(3_600),
    "m": Decimal(60),
    "s": Decimal(1),
    "ms": Decimal("0.001"),
}
_NUMBER = r"\d{1,12}(?:\.\d{1,9})?"
PATTERN = "^(?=.)" + "".join(f"({_NUMBER}{unit})?" for unit in UNITS) + "$"
_DURATION = re.compile(
    "(?=.)" + "".join(f"(?:(?P<{unit}>{_NUMBER}){unit})?" for unit in UNITS), re.ASCII
)


def seconds_of(text: str) -> Decimal | None:
    """Return the seconds of a duration, exactly, or None if *text* is none."""
    found = _DURATION.fullmatch(text)
    if not found:
        return None
    parts = found.groupdict().items()
    return sum((Decimal(number or 0) * UNITS[unit] for unit, number in parts), Decimal())
