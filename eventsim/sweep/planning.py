"""The grid of a sweep: which settings are tried, and that each of them can be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from eventsim.errors import EventsimError, Fault, ScenarioError
from eventsim.rules import grids
from eventsim.rules.grids import Axis, Point
from eventsim.rules.paths import parse_axis
from eventsim.scenario import Scenario, Setting, Source

TRIES_MAX = 100  # points of one value that are looked at before it is called wrong


@dataclass(frozen=True, slots=True)
class Plan:
    """What is run: a scenario, the axes, and whether its functions have code.

    ``name`` and ``notes`` are the scenario's.
    """

    source: Source
    axes: tuple[Axis, ...]
    name: str
    has_code: bool
    notes: tuple[str, ...] = ()

    @property
    def points(self) -> tuple[Point, ...]:
        """Every point, in the order in which they are told."""
        return tuple(grids.points(self.axes))

    def settings(self, point: Point) -> list[Setting]:
        """What *point* puts where in the scenario."""
        return [(axis.path, value) for axis, value in zip(self.axes, point, strict=True)]

    def named(self, point: Point) -> dict[str, Any]:
        """The same as ``--set`` has it: values by path."""
        return {axis.name: value for axis, value in zip(self.axes, point, strict=True)}


def plan(source: Source, assignments: Sequence[str]) -> Plan:
    """The grid of these ``PATH=VALUE,VALUE``. Raises ScenarioError with every fault in it.

    A value is wrong if no point that has it makes a scenario. What holds in some points only is
    no fault: the others are told as refused when their turn comes.
    """
    scenario = source.scenario()
    axes, faults = _axes(source, assignments)
    if not assignments:
        faults.append(_fault("--set", "a sweep has one axis or more; write --set PATH=VALUE,VALUE"))
    faults += [_fault("--set", text) for text in grids.faults(axes)]
    apart = list({axis.path: axis for axis in reversed(axes)}.values())
    faults += _wrong_values(source, apart[::-1])
    if scenario.backend == "endpoint":
        faults.append(_fault(source.path, "backend: endpoint is in real time; a sweep is not"))
    if faults:
        raise ScenarioError(dict.fromkeys(faults))
    has_code = any(not block.is_model for block in scenario.functions.values())
    return Plan(source, tuple(axes), scenario.name, has_code, tuple(_notes(scenario)))


def _notes(scenario: Scenario) -> Iterator[str]:
    yield from scenario.notes()
    if not scenario.time.virtual:
        yield "the scenario says time: real, and a sweep is in virtual time"


def _axes(source: Source, assignments: Iterable[str]) -> tuple[list[Axis], list[Fault]]:
    axes, faults = [], []
    for assignment in assignments:
        try:
            path, values = parse_axis(assignment)
            axes.append(Axis(source.place(path), values))
        except EventsimError as error:
            faults.append(_fault(f"--set {assignment}", str(error)))
    return axes, faults


def _wrong_values(source: Source, axes: Sequence[Axis]) -> Iterator[Fault]:
    """The faults of every value that no point can have."""
    for number, axis in enumerate(axes):
        for value in axis.values:
            narrowed = [*axes[:number], axis._replace(values=(value,)), *axes[number + 1 :]]
            for message in _always_wrong(source, narrowed):
                yield _fault("--set", message)


def _always_wrong(source: Source, axes: Sequence[Axis]) -> Sequence[str]:
    """What is wrong with every point: the faults of the one with the fewest; none if one holds."""
    fewest: Sequence[str] | None = None
    for point in islice(grids.points(axes), TRIES_MAX):
        try:
            source.scenario([(axis.path, value) for axis, value in zip(axes, point, strict=True)])
        except ScenarioError as error:
            if fewest is None or len(error.faults) < len(fewest):
                fewest = [fault.message for fault in error.faults]
        except EventsimError as error:  # one axis took away what another one sets
            fewest = fewest or [str(error)]
        else:
            return ()
    return fewest or ()


def _fault(place: str, message: str) -> Fault:
    return Fault(place, 0, 0, message)
