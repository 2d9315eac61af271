"""Holds a scenario's expectations against the entries of a run, as they are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from eventsim.journal import Journal
from eventsim.scenario.expectation import Expectation


class Verdict(NamedTuple):
    """What became of one expectation."""

    name: str
    passed: bool
    wanted: str
    found: float


class Expecting:
    """Counts what each expectation asks for; nothing of the run is kept but the counts."""

    def __init__(self, expectations: Sequence[Expectation], journal: Journal) -> None:
        self._expectations = expectations
        self._found = [0.0] * len(expectations)
        for index, expectation in enumerate(expectations):
            self._watch(index, expectation, journal)

    def _watch(self, index: int, expectation: Expectation, journal: Journal) -> None:
        def count(_: str, fields: dict[str, Any]) -> None:
            if _matches(expectation, fields):
                self._found[index] += _weight(expectation, fields)

        journal.watch([expectation.entry], count)

    def verdicts(self) -> list[Verdict]:
        """The verdict on each expectation, in the order of the scenario."""
        return [
            Verdict(expectation.name, expectation.holds(found), expectation.wanted, round(found, 6))
            for expectation, found in zip(self._expectations, self._found, strict=True)
        ]


def _matches(expectation: Expectation, fields: Mapping[str, Any]) -> bool:
    return all(fields.get(name) == value for name, value in expectation.where.items())


def _weight(expectation: Expectation, fields: Mapping[str, Any]) -> float:
    return 1 if expectation.sum is None else fields.get(expectation.sum) or 0
