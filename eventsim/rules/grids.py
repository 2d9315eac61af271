"""
A grid of settings: every value of one axis with every value of the others.

An axis is a place in a scenario and the values to try there. The points are in the order of a
counter whose last axis turns fastest.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple

from eventsim.rules.paths import Path, write

POINTS_MAX = 10_000

Point = tuple[Any, ...]  # a value of each axis, in the order of the axes


class Axis(NamedTuple):
    """The whole path of a setting, and the values that it takes in turn. Never empty."""

    path: Path
    values: tuple[Any, ...]

    @property
    def name(self) -> str:
        """The path as ``--set`` takes it."""
        return write(self.path)


def faults(axes: Sequence[Axis]) -> Iterator[str]:
    """What is wrong with the axes together: the same twice, one inside another, too many points."""
    for number, axis in enumerate(axes):
        for other in axes[:number]:
            if axis.path == other.path:
                yield f"{axis.name} is set twice; give all its values at once"
            elif _inside(axis.path, other.path) or _inside(other.path, axis.path):
                yield f"{axis.name} and {other.name} are set, and one holds the other; set one"
    size = math.prod(len(axis.values) for axis in axes)
    if size > POINTS_MAX:
        yield f"the grid has {size:,} points, and {POINTS_MAX:,} is the most; leave values out"


def points(axes: Iterable[Axis]) -> Iterator[Point]:
    """Every point of the grid; one without axes has a single point."""
    return product(*(axis.values for axis in axes))


def _inside(one: Path, other: Path) -> bool:
    return len(one) > len(other) and one[: len(other)] == other
