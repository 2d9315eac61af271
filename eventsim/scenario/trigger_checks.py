"""
Where the events that services push must agree with the scenario.

A model in a source's ``SAM_EVENTS`` may say: ``references``, its keys that name a resource, with
the opener that its source must have; ``endless``, that it goes on for as long as the run does, as
a resource's settings may too. A source's ``SENDS_TO`` are the keys of its resources that name a
resource or a function.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError

from eventsim.scenario.lookup import (
    items,
    read,
    resource_problems,
    resource_types,
    settings_of,
    source_of,
    target,
    values_at,
)
from eventsim.scenario.problem import Path, Problem, meant
from eventsim.scenario.triggers import is_trigger, trigger_models
from eventsim.scenario.values import seconds

ALWAYS_THERE = "default"  # the bus that every account has


def trigger_problems(root: dict[str, Any]) -> Iterator[Problem]:
    """What does not agree in the events that services push, and in what resources send to."""
    for function, block in items(root, "functions"):
        for name, event in items(block, "Events"):
            if isinstance(event, dict) and is_trigger(event.get("Type")):
                model = trigger_models()[event["Type"]][1]
                path: Path = ("functions", function, "Events", name, "Properties")
                yield from _properties(path, event.get("Properties", {}), model, root)
    for name, block in items(root, "resources"):
        module = source_of(block.get("type")) if isinstance(block, dict) else None
        for keys in getattr(module, "SENDS_TO", ()):
            for path, text in values_at(block, keys):
                yield from _receiver(("resources", name, *path), text, root)
        if module is not None:
            yield from _endless(("resources", name), settings_of(name, root), root)


def _properties(
    path: Path, properties: Any, model: type[BaseModel], root: dict[str, Any]
) -> Iterator[Problem]:
    for keys, opener in getattr(model, "references", {}).items():
        for place, text in values_at(properties, keys):
            if text != ALWAYS_THERE or opener != "open_bus":
                yield from resource_problems((*path, *place), text, root, opener)
    try:
        yield from _endless(path, model.model_validate(properties), root)
    except ValidationError:
        return  # told where the scenario is read


def _endless(path: Path, settings: BaseModel | None, root: dict[str, Any]) -> Iterator[Problem]:
    if getattr(settings, "endless", False) and read(seconds, root.get("run_for")) is None:
        text = " goes on for ever; say how long the run is, such as run_for: 1h"
        yield Problem(path, text)


def _receiver(path: Path, text: str, root: dict[str, Any]) -> Iterator[Problem]:
    """A name is that of a resource, or of a function, with its alias if need be."""
    types, functions = resource_types(root), dict(items(root, "functions"))
    parts = text.split(":")
    if parts[0] == "arn" and parts[2:3] == ["lambda"]:
        name = parts[6] if len(parts) > 6 else ""
    else:
        name = parts[0] if parts[0] in functions else target(text, types).resource
    if name not in functions and name not in types and name != ALWAYS_THERE:
        hint = meant(name, [*types, *functions])
        yield Problem(path, f" is '{text}', which is no resource and no function{hint}")
