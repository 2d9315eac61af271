"""
How a load is written: a rate, or parts that follow each other, each with its rate and its time.

    200/s                                   evenly, for as long as is said elsewhere
    10/s to 200/s for 1m                    a ramp
    10/s to 200/s in 5 steps for 1m         10, 57.5, 105, 152.5 and 200 a second
    50/s with 500/s for 2s every 30s for 5m spikes at the end of each 30 s
    10/s to 200/s for 1m, 200/s for 5m      one after the other
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from eventsim.rules.durations import UNITS, seconds_of

RATE = r"^(\d{1,9}(?:\.\d{1,12})?)/([smhd])$"
PIECES_MAX = 10_000
_RATE = re.compile(RATE.strip("^$"), re.ASCII)
_SHAPE = "write a rate such as 200/s, or parts such as 10/s to 200/s for 1m, 200/s for 5m"
_PART = re.compile(
    r"(?P<first>\S+)"
    r"(?: to (?P<last>\S+)(?: in (?P<steps>\d{1,5}) steps)?)?"
    r"(?: with (?P<spike>\S+) for (?P<width>\S+) every (?P<every>\S+))?"
    r"(?: for (?P<time>\S+))?",
    re.ASCII,
)
_DIGITS = 9  # of a number of requests: 0.1/s for 30 s is 3 of them, not a little less


@dataclass(frozen=True, slots=True)
class Piece:
    """So many ``seconds`` in which the rate goes evenly from ``first`` to ``last`` a second."""

    seconds: float
    first: float
    last: float

    @property
    def amount(self) -> float:
        """How many requests that is."""
        return round((self.first + self.last) / 2 * self.seconds, _DIGITS)


def per_second(text: str) -> float | None:
    """How often a second ``0.9/s``, ``30/m`` or ``0/s`` is; None for what is no rate."""
    found = _RATE.fullmatch(text)
    return None if found is None else float(found[1]) / float(UNITS[found[2]])


def pieces_of(text: str, seconds: float | None = None) -> tuple[Piece, ...]:
    """The pieces of a load that lasts *seconds*, unless its parts say how long they last.

    Raises ValueError with what is wrong and what would be right, to follow the name of the value.
    """
    parts = [_part(" ".join(part.split())) for part in text.split(",")]
    timed = [part["time"] is not None for part in parts]
    if len(parts) > 1 and not all(timed):
        raise ValueError(f"is '{text}'; each of several parts says how long: 200/s for 5m")
    if all(timed) and seconds is not None:
        raise ValueError(f"is '{text}', which says how long it lasts; leave that out elsewhere")
    if not any(timed) and seconds is None:
        raise ValueError(f"is '{text}', and nothing says for how long; write {text} for 30s")
    pieces = tuple(piece for part in parts for piece in _pieces(part, seconds))
    if not sum(piece.amount for piece in pieces):
        raise ValueError(f"is '{text}', and nothing would be sent; it must be more than 0")
    return pieces


def _part(text: str) -> dict[str, str | None]:
    found = _PART.fullmatch(text)
    if found is None:
        raise ValueError(f"is '{text}'; {_SHAPE}")
    return found.groupdict()


def _pieces(part: dict[str, str | None], seconds: float | None) -> Iterator[Piece]:
    lasts = _seconds(part["time"]) if part["time"] is not None else seconds or 0.0
    first = _rate(part["first"])
    last = first if part["last"] is None else _rate(part["last"])
    if part["spike"] is not None:
        if part["last"] is not None:
            raise ValueError("has spikes on a ramp; write them on a rate that stays: 50/s with …")
        yield from _spikes(part, first, lasts)
    elif part["steps"] is not None:
        yield from _steps(first, last, int(part["steps"]), lasts)
    else:
        yield Piece(lasts, first, last)


def _steps(first: float, last: float, steps: int, seconds: float) -> Iterator[Piece]:
    if not 2 <= steps <= PIECES_MAX:
        raise ValueError(f"has {steps} steps; write 2 to {PIECES_MAX:,}")
    for step in range(steps):
        rate = first + (last - first) * step / (steps - 1)
        yield Piece(seconds / steps, rate, rate)


def _spikes(part: dict[str, str | None], base: float, seconds: float) -> Iterator[Piece]:
    high, width, every = _rate(part["spike"]), _seconds(part["width"]), _seconds(part["every"])
    if width >= every:
        raise ValueError(f"has spikes of {part['width']} every {part['every']}; write them shorter")
    whole = int(seconds / every + 1e-9)
    if whole > PIECES_MAX:
        raise ValueError(f"has {whole:,} spikes; write {PIECES_MAX:,} at most")
    for _ in range(whole):
        yield Piece(every - width, base, base)
        yield Piece(width, high, high)
    left = round(seconds - whole * every, _DIGITS)
    if left > 0:
        yield Piece(min(left, every - width), base, base)
    if left > every - width:
        yield Piece(left - (every - width), high, high)


def _rate(text: str | None) -> float:
    rate = per_second(text or "")
    if rate is None:
        raise ValueError(f"is '{text}'; {_SHAPE}")
    return rate


def _seconds(text: str | None) -> float:
    found = seconds_of(text or "")
    if not found:
        raise ValueError(f"has a time of '{text}'; write a duration such as 500ms, 30s or 5m")
    return float(found)
