"""
``--set PATH=VALUE`` on a scenario: the grammar of ``rules.paths``, and where a setting belongs.

A path may leave parts out: ``consumer.BatchSize`` is
``functions.consumer.Events.Orders.Properties.BatchSize`` where that is the one place it can mean.
What does not stand in the scenario yet is put where the format has that key. ``null`` takes away.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from eventsim import registry
from eventsim.errors import EventsimError, UnknownPlugin
from eventsim.registry import near
from eventsim.rules.paths import Path, every_place, parse, put, write
from eventsim.scenario.block import keys
from eventsim.scenario.document import Document
from eventsim.scenario.function import FunctionBlock
from eventsim.scenario.lookup import items, source_of
from eventsim.scenario.mapping import mapping_kinds, properties_model
from eventsim.scenario.triggers import trigger_models

Setting = tuple[Path, Any]

LISTED_MAX = 5
LESSON = "lesson"  # says what to change, and is not what is changed


def changed(root: Any, assignment: str, known: Collection[str]) -> Any:
    """A copy of the plain values *root* as ``PATH=VALUE`` says; *known* are a scenario's own keys.

    Raises EventsimError for a path that is nowhere, or in several places.
    """
    path, value = parse(assignment)
    return _with(root, place_of(root, path, known, made=value is not None), value)


def change(document: Document, assignment: str, known: Collection[str]) -> None:
    """The same to a document that was read from a file."""
    path, value = parse(assignment)
    set_at(document, place_of(document.value, path, known, made=value is not None), value)


def set_at(document: Document, place: Path, value: Any) -> None:
    """Put *value* at a whole path; what was wrong with what stood there counts no more.

    Raises EventsimError where nothing can stand.
    """
    document.value = _with(document.value, place, value)
    below = len(place)
    document.references = [each for each in document.references if each.path[:below] != place]
    document.problems = [each for each in document.problems if each.path[:below] != place]
    for inner in [each for each in document.places if each[:below] == place]:
        del document.places[inner]


def _with(root: Any, place: Path, value: Any) -> Any:
    document = copy.deepcopy(root)
    if value is not None:
        return put(document, place, value, create=True)
    return _without(document, place) if place in every_place(document) else document


def place_of(root: Any, path: Path, known: Collection[str], *, made: bool) -> Path:
    """The one place that *path* means: one that is there, or that may be *made*.

    *known* are a scenario's own keys. Raises EventsimError for none, and for several.
    """
    there = [place for place in every_place(root) if place[0] != LESSON]
    if path in there:
        return path
    every_home = [(*home, key) for home, own in _homes(root, known) for key in own]
    homes = [place for place in every_home if place[-1] == path[-1]]
    for found in (
        [place for place in there if place[-len(path) :] == path],
        [place for place in there if _leads_to(path, place)],
        [place for place in homes if made and _leads_to(path, place)],
    ):
        if len(found) == 1:
            return found[0]
        if found:
            raise _several(path, found)
    raise _nowhere(path, [*there, *every_home])


def _leads_to(path: Path, place: Path) -> bool:
    """Whether *path* is *place* with parts left out, but not the last one."""
    parts = iter(place)
    return path[-1] == place[-1] and all(part in parts for part in path)


def _homes(root: Any, known: Collection[str]) -> Iterator[tuple[Path, Collection[str]]]:
    """Where settings may be put, and which: the scenario, its functions, events and resources."""
    yield (), known
    pushed = {type_: model for type_, (_, model) in trigger_models().items()}
    kinds = mapping_kinds()
    for name, block in items(root, "functions"):
        yield ("functions", name), keys(FunctionBlock)
        for event, event_block in items(block, "Events"):
            kind = event_block.get("Type") if isinstance(event_block, dict) else None
            model = properties_model(kinds[kind]) if kind in kinds else pushed.get(str(kind))
            if model is not None:
                yield ("functions", name, "Events", event, "Properties"), keys(model)
    for name, block in items(root, "resources"):
        module = source_of(block.get("type")) if isinstance(block, dict) else None
        if module is not None:
            yield ("resources", name), keys(module.Resource)
    yield from _steps(root.get("timeline") if isinstance(root, dict) else None)


def _steps(timeline: Any) -> Iterator[tuple[Path, Collection[str]]]:
    verbs = registry.names("steps")
    for index, step in enumerate(timeline if isinstance(timeline, list) else ()):
        verb = next((key for key in step if key in verbs), "") if isinstance(step, dict) else ""
        try:
            yield ("timeline", index), keys(registry.load("steps", verb, ["Step"]).Step)
        except UnknownPlugin:  # which is told at the step
            continue


def _without(document: Any, place: Path) -> Any:
    inner = document
    for part in place[:-1]:
        inner = inner[part]
    del inner[place[-1]]
    return document


def _several(path: Path, found: list[Path]) -> EventsimError:
    listed = ", ".join(write(place) for place in found[:LISTED_MAX])
    return EventsimError(f"'{write(path)}' is in {len(found)} places; write one of: {listed}")


def _nowhere(path: Path, found: Iterable[Path]) -> EventsimError:
    ends = {write(place[-len(path) :]) for place in found}
    close = near(write(path), ends) or near(str(path[-1]), {str(place[-1]) for place in found})
    hint = f"; did you mean '{close}'?" if close else ""
    return EventsimError(f"there is no '{write(path)}' in the scenario{hint}")
