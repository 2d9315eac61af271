"""Times two ways of doing the same work, in turn, and gives the ratio of each pair."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the benchmark: the median ratio over the pairs, and the target it has."""

    name: str
    baseline: str
    ratio: float
    lowest: float
    highest: float
    seconds: float
    baseline_seconds: float
    reach: float | None
    note: str = ""

    @property
    def met(self) -> bool | None:
        return None if self.reach is None else self.ratio <= self.reach

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "met": self.met}


def compare(
    name: str,
    work: Callable[[], object],
    baseline_name: str,
    baseline: Callable[[], object],
    *,
    reach: float | None,
    pairs: int = 5,
    note: str = "",
    warm: bool = False,
) -> Figure:
    """Time baseline and work in turn, after one round that is not counted unless all is *warm*."""
    uncounted = 0 if warm else 1
    timed = [(_seconds(baseline), _seconds(work)) for _ in range(pairs + uncounted)][uncounted:]
    ratios = [ours / theirs for theirs, ours in timed]
    return Figure(
        name,
        baseline_name,
        round(statistics.median(ratios), 3),
        round(min(ratios), 3),
        round(max(ratios), 3),
        round(statistics.median(ours for _, ours in timed), 4),
        round(statistics.median(theirs for theirs, _ in timed), 4),
        reach,
        note,
    )


def _seconds(work: Callable[[], object]) -> float:
    gc.collect()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
