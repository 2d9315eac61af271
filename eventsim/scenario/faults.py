"""
Problems with their places: line and column in the file, or a path where there is no file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path as FilePath

from eventsim.errors import Fault
from eventsim.scenario.document import Place
from eventsim.scenario.problem import Mark, Path, Problem, where


def faults(
    problems: Iterable[Problem], places: Mapping[Path, Place], file: FilePath | None
) -> list[Fault]:
    """The faults to tell. Of several at one value the first counts: the others follow from it."""
    first: dict[tuple[Path, Mark | None], Problem] = {}
    for problem in problems:
        first.setdefault((problem.path, problem.mark), problem)
    return [_fault(problem, places, file) for problem in first.values()]


def _fault(problem: Problem, places: Mapping[Path, Place], file: FilePath | None) -> Fault:
    named = where(problem.path)
    predicate = problem.text.startswith((" ", ":"))
    if file is None:
        return Fault(named, 0, 0, problem.text.lstrip(": "))
    line, column = problem.mark or _mark(problem, places)
    return Fault(str(file), line, column, f"{named}{problem.text}" if predicate else problem.text)


def _mark(problem: Problem, places: Mapping[Path, Place]) -> Mark:
    """Where a problem stands, or what it is in, if that is not in the file."""
    for length in range(len(problem.path), -1, -1):
        place = places.get(problem.path[:length])
        if place:
            whole = length == len(problem.path)
            return place.key or place.value if problem.at_key or not whole else place.value
    return (1, 1)
