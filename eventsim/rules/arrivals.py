"""
When the requests of a load arrive, in seconds since it began, whoever keeps up with them.

A rate that changes is a stretched clock: ``evenly`` and ``at_random`` give marks, one request at
1, 2, 3 and so on or on average, and ``instants`` says when the load has come to each mark. A part
of a load takes its ``Share`` of the marks: the even marks of all parts together are those of the
whole, and those at random are drawn from each part's own stream of chance.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count, islice
from math import sqrt
from typing import NamedTuple

from eventsim.ids import Stream
from eventsim.rules.distributions import exponential
from eventsim.rules.rates import Piece

MINUTE = 60.0
COUNT_DIGITS_MAX = 9


class Share(NamedTuple):
    """Which ``part`` of a load this is, from 0 on, of ``parts`` of the same size."""

    part: int = 0
    parts: int = 1


WHOLE = Share()


def constant(rate: float, seconds: float) -> Iterator[float]:
    """*rate* a second, evenly, the first at once; none at *seconds* or after."""
    return instants([Piece(seconds, rate, rate)], evenly())


def poisson(rate: float, seconds: float, stream: Stream) -> Iterator[float]:
    """*rate* a second on average, each independent of the others; none at *seconds* or after."""
    return instants([Piece(seconds, rate, rate)], at_random(stream))


def evenly(share: Share = WHOLE) -> Iterator[float]:
    """Marks of one request each, the first at once."""
    return map(float, count(share.part, share.parts))


def at_random(stream: Stream, share: Share = WHOLE) -> Iterator[float]:
    """Marks of one request on average, each independent of the others: a Poisson process."""
    gap = exponential(float(share.parts), stream)
    mark = 0.0
    while True:
        mark += gap()
        yield mark


def instants(pieces: Iterable[Piece], marks: Iterator[float]) -> Iterator[float]:
    """When the load has come to each of the *marks*; none at its end or after."""
    begun = passed = 0.0
    mark = next(marks)
    for piece in pieces:
        amount = piece.amount
        while (within := mark - passed) < amount:
            yield begun + _reached(piece, within)
            mark = next(marks)
        passed += amount
        begun += piece.seconds


def recorded(times: Iterable[float], speed: float = 1.0, share: Share = WHOLE) -> Iterator[float]:
    """The arrivals of a recording, so many times as fast, counted from its first one."""
    iterator = iter(times)
    first = next(iterator, None)
    if first is None:
        return
    every = ((time - first) / speed for time in _with(first, iterator))
    yield from islice(every, share.part, None, share.parts)


def counted(counts: Iterable[int], speed: float = 1.0) -> Iterator[Piece]:
    """The pieces of a trace: so many requests in each minute, evenly, so many times as fast."""
    seconds = MINUTE / speed
    for number in counts:
        yield Piece(seconds, number / seconds, number / seconds)


def counts(lines: Iterable[str]) -> Iterator[int]:
    """The requests of each minute, one number a line; a line that begins with ``#`` says nothing.

    Raises ValueError at a line that is no whole number.
    """
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if not (text.isascii() and text.isdecimal() and len(text) <= COUNT_DIGITS_MAX):
            shown = text if len(text) <= 60 else f"{text[:57]}…"
            raise ValueError(f"line {number} is '{shown}'; write the requests of one minute: 120")
        yield int(text)


def _reached(piece: Piece, amount: float) -> float:
    """How long after its beginning so many requests of a piece have come."""
    slope = (piece.last - piece.first) / piece.seconds
    if not slope:
        return amount / piece.first
    root = sqrt(max(0.0, piece.first * piece.first + 2 * slope * amount))
    return min(2 * amount / (piece.first + root), piece.seconds) if amount else 0.0


def _with(first: float, rest: Iterator[float]) -> Iterator[float]:
    yield first
    yield from rest
