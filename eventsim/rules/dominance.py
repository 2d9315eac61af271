"""
Which of several choices are worth a look: those that no other one beats.

https://en.wikipedia.org/wiki/Pareto_front
"""

from __future__ import annotations

from collections.abc import Sequence

Costs = tuple[float, ...]  # of one choice, by each measure; less is better


def dominates(one: Costs, other: Costs) -> bool:
    """Whether *one* is no worse than *other* by any measure, and better by at least one."""
    return one != other and all(mine <= theirs for mine, theirs in zip(one, other, strict=True))


def not_dominated(choices: Sequence[Costs | None]) -> list[bool]:
    """Of each choice whether none dominates it; never one without costs. Equals stand together."""
    front: list[Costs] = []
    for costs in sorted({each for each in choices if each is not None}):
        # Sorted, whatever dominates this one came before it.
        if not any(dominates(other, costs) for other in front):
            front.append(costs)
    kept = set(front)
    return [costs in kept for costs in choices]
