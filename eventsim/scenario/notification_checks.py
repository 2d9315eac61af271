"""
Where what functions want of a resource must agree: S3 takes a bucket's notifications together.

A source's ``disagreement`` says what is wrong with the events below functions and the settings of
a resource that they are all of, in the service's words.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from eventsim.scenario.lookup import items, resource_types, settings_of, source_of
from eventsim.scenario.problem import Problem
from eventsim.scenario.triggers import is_trigger, trigger_models, trigger_properties
from eventsim.scenario.values import resource_name
from eventsim.types import Trigger


def notification_problems(root: dict[str, Any]) -> Iterator[Problem]:
    """Everything that does not agree."""
    triggers = [*_triggers(root)]
    for name, kind in resource_types(root).items():
        disagreement = getattr(source_of(kind), "disagreement", None)
        settings = settings_of(name, root)
        if disagreement is None or settings is None:
            continue  # told where the resource is
        own = [each for source, each in triggers if source == kind and _is_of(name, each)]
        text = disagreement(name, settings, own)
        if text is not None:
            yield Problem(("resources", name), f": {text}")


def _triggers(root: dict[str, Any]) -> Iterator[tuple[str, Trigger]]:
    for function, block in items(root, "functions"):
        for name, event in items(block, "Events"):
            if isinstance(event, dict) and is_trigger(event.get("Type")):
                kind = event["Type"]
                try:
                    properties = trigger_properties(kind, event.get("Properties", {}))
                except ValidationError:
                    continue  # told where the scenario is read
                trigger = Trigger(f"{function}.{name}", function, properties)
                yield trigger_models()[kind][0], trigger


def _is_of(name: str, trigger: Trigger) -> bool:
    return resource_name(getattr(trigger.properties, "resource", "")) == name
