"""The events below functions that are neither polled nor sent by a step, by their source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from eventsim.scenario import Scenario
from eventsim.scenario.triggers import trigger_models
from eventsim.types import Trigger


def triggers_of(scenario: Scenario, source: str) -> Iterator[Trigger]:
    """Those of one source: SAM lets each invoke the alias of its function, where it has one."""
    for name, block in scenario.functions.items():
        for event_name, event in block.triggers().items():
            if trigger_models()[event.type][0] == source:
                properties: Any = event.properties
                yield Trigger(f"{name}.{event_name}", block.published(name), properties)
