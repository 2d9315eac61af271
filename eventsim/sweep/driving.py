"""Has the points of a sweep run that are not done yet, and tells what became of all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from eventsim.rules.dominance import not_dominated
from eventsim.rules.grids import Point
from eventsim.sweep import point
from eventsim.sweep.keeping import Kept, Outcome
from eventsim.sweep.planning import Plan
from eventsim.workers import Answer, Part, Pool

KEPT = frozenset({"ok", "failed", "refused"})  # the others may end otherwise another time
NOT_RUN: Outcome = {"outcome": "not_run", "because": None, "figures": None}


class Row(NamedTuple):
    """A point and what became of it; whether another one is better by cost, latency and loss.

    ``outcome`` is that of ``point.run``, or ``lost`` when its workers were, or ``not_run``.
    """

    point: Point
    outcome: str
    because: str | None
    figures: dict[str, Any] | None
    not_dominated: bool = False


class Sweep:
    """A plan, and what is done of it. *each* hears of every point as it ends."""

    def __init__(self, plan: Plan, kept: Kept, each: Callable[[Row], None] | None = None) -> None:
        self._plan, self._kept, self._each = plan, kept, each
        self._points = plan.points
        self._names = [plan.named(point) for point in self._points]
        self._outcomes = [kept.get(name) or NOT_RUN for name in self._names]

    @property
    def open(self) -> int:
        """How many points are not done yet."""
        return sum(outcome is NOT_RUN for outcome in self._outcomes)

    async def run(self, pool: Pool) -> None:
        """Have *pool* run what is open. Raises EventsimError when it cannot, or nothing be kept."""
        numbers = [at for at, outcome in enumerate(self._outcomes) if outcome is NOT_RUN]

        def answered(answer: Answer) -> None:
            self._answered(numbers[answer.number], answer)

        await pool.share(_Parts(self._plan, [self._points[at] for at in numbers]), answered)
        self._kept.finish(self._names)

    def rows(self) -> list[Row]:
        """Every point of the grid in its order, whatever became of it."""
        rows = [self._row(at) for at in range(len(self._points))]
        marks = not_dominated([_costs(row) for row in rows])
        return [row._replace(not_dominated=mark) for row, mark in zip(rows, marks, strict=True)]

    def _answered(self, at: int, answer: Answer) -> None:
        outcome: Outcome = answer.value
        if answer.lost is not None:
            outcome = {"outcome": "lost", "because": answer.lost, "figures": None}
        self._outcomes[at] = outcome
        if outcome["outcome"] in KEPT:
            self._kept.add(self._names[at], outcome)
        if self._each is not None:
            self._each(self._row(at))

    def _row(self, at: int) -> Row:
        return Row(self._points[at], **self._outcomes[at])


class _Parts(Sequence[Part]):
    """The parts of the points: each is made when its turn comes, for each has the whole text."""

    def __init__(self, plan: Plan, points: Sequence[Point]) -> None:
        self._plan, self._points = plan, points

    def __len__(self) -> int:
        return len(self._points)

    def __getitem__(self, number: Any) -> Any:
        settings = self._plan.settings(self._points[number])
        return Part(point.FUNCTION, point.given(self._plan.source, settings))


def costs(rows: Sequence[Row]) -> Iterator[tuple[float, float] | None]:
    """Latency and cost of each row, as a plot has them; None where one is not known."""
    for row in rows:
        found = _costs(row)
        yield None if found is None else (found[1], found[0])


def _costs(row: Row) -> tuple[float, float, float] | None:
    """Cost per million, p99 of latency, and the share of what was lost."""
    figures = row.figures
    if figures is None or figures["latency"] is None or figures["cost_per_million"] is None:
        return None
    lost = figures["lost"] / (figures["lost"] + figures["served"])
    return figures["cost_per_million"], figures["latency"]["p99"], lost
