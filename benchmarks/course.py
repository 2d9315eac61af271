"""What the whole course costs, against reading its scenarios without running one."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.timing import Figure, compare
from eventsim import load, run
from eventsim.scenario.project import aboard, number

SECONDS_AT_MOST = 20


def read_all(lessons: list[Path]) -> None:
    """Read and check every lesson."""
    for path in lessons:
        load(path)


def run_all(lessons: list[Path]) -> None:
    """Run every lesson as it is, and once more with its own change."""
    for path in lessons:
        scenario = load(path)
        assert scenario.teaching is not None
        assert run(scenario).ok
        assert not run(load(path, [scenario.teaching.change])).ok


def figures(count: int, pairs: int = 5) -> Iterator[Figure]:
    """The first *count* lessons in virtual time, with their changes; the target is in seconds."""
    lessons = [path for path in aboard() if number(path)][:count]
    yield compare(
        f"lessons 1 to {len(lessons)} of the course, each as it is and with its change",
        partial(run_all, lessons),
        "reading and checking them",
        partial(read_all, lessons),
        reach=None,
        pairs=pairs,
        note=f"target: {SECONDS_AT_MOST} s on two cores",
    )
