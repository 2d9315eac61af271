"""A scatter of points as lines of text, for a terminal or a pipe."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

HEIGHT = 14
LOGARITHMIC_FROM = 20.0  # how many times the least the most is, for small ones to be told apart

Name = Callable[[float], str]


def plot(
    places: Sequence[tuple[float, float]],
    marks: Sequence[bool],
    labels: Sequence[str],
    width: int,
    *,
    across: Name,
    up: Name,
) -> list[str]:
    """Points at (across, up): ``o``, or ``*`` and its label where it is marked.

    What is marked is drawn over what is not. An axis is logarithmic where that is needed to tell
    the points apart, and says so.
    """
    xs, ys = [x for x, _ in places], [y for _, y in places]
    top, bottom = up(max(ys)), up(min(ys))
    margin = max(len(top), len(bottom)) + 1
    columns = width - margin - 1
    grid = [[" "] * columns for _ in range(HEIGHT)]
    x_of, y_of = _scale(xs, columns - 1), _scale(ys, HEIGHT - 1)
    order = sorted(range(len(places)), key=lambda at: (marks[at], -at))
    for at in order:
        row, column = grid[HEIGHT - 1 - y_of(ys[at])], x_of(xs[at])
        row[column] = "*" if marks[at] else "o"
    for at in order:
        if marks[at]:
            _label(grid[HEIGHT - 1 - y_of(ys[at])], x_of(xs[at]), labels[at])
    ends = {0: top, HEIGHT - 1: bottom}
    lines = [f"{ends.get(at, ''):>{margin}}|{''.join(row)}" for at, row in enumerate(grid)]
    left, right = across(min(xs)), across(max(xs))
    lines.append(" " * margin + "+" + "-" * columns)
    lines.append(" " * (margin + 1) + left + right.rjust(columns - len(left)))
    scales = [name for name, values in (("across", xs), ("up", ys)) if _is_logarithmic(values)]
    if scales:
        lines.append(" " * (margin + 1) + f"logarithmic {' and '.join(scales)}")
    return [line.rstrip() for line in lines]


def _label(row: list[str], column: int, label: str) -> None:
    """Write *label* beside a mark, where there is room on either side."""
    after, before = column + 1, column - len(label)
    for start in (after, before):
        room = row[start : start + len(label)] if start >= 0 else []
        if len(room) == len(label) and set(room) <= {" "}:
            row[start : start + len(label)] = label
            return


def _is_logarithmic(values: Sequence[float]) -> bool:
    return min(values) > 0 and max(values) / min(values) >= LOGARITHMIC_FROM


def _scale(values: Sequence[float], most: int) -> Callable[[float], int]:
    """Where a value is, from 0 to *most*; all the same are in the middle."""
    turn: Name | Callable[[float], float] = math.log if _is_logarithmic(values) else float
    low, high = float(turn(min(values))), float(turn(max(values)))
    if low == high:
        return lambda _: most // 2
    return lambda value: round((float(turn(value)) - low) / (high - low) * most)
