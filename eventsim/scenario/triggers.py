"""
Events of a function, and its URL, that are neither polled nor a step: a service pushes them.

A source's ``SAM_EVENTS`` are the models of the properties that such events have, by their type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, Any, Protocol

from pydantic import BaseModel, PlainValidator, WithJsonSchema

from eventsim import registry
from eventsim.scenario.block import validated


@cache
def trigger_models() -> Mapping[str, tuple[str, type[BaseModel]]]:
    """The source and the model of the properties, by the type of an event."""
    return {
        kind: (name, model)
        for name in registry.names("sources")
        for kind, model in getattr(registry.load("sources", name), "SAM_EVENTS", {}).items()
    }


def is_trigger(event_type: Any) -> bool:
    """Whether events of this type are pushed to their function."""
    return isinstance(event_type, str) and event_type in trigger_models()


def trigger_properties(event_type: str, value: Any) -> BaseModel:
    """The properties of such an event. Raises ValidationError in our words."""
    return validated(trigger_models()[event_type][1], value)


class Invited(Protocol):
    """A function that requests may come to."""

    @property
    def function_url_config(self) -> Any: ...

    def triggers(self) -> Mapping[str, Any]:
        """Its events that are pushed, by their names."""


def front_keys(types: Mapping[str, str], functions: Mapping[str, Invited]) -> Iterator[str]:
    """The keys of what requests can come to: resources of these *types*, and functions' own."""
    for name, kind in types.items():
        if hasattr(registry.load("sources", kind), "open_fronts"):
            yield f"resources.{name}"
    for name, function in functions.items():
        if function.function_url_config is not None:
            yield f"functions.{name}.FunctionUrlConfig"
        for event_name, event in function.triggers().items():
            if hasattr(registry.load("sources", trigger_models()[event.type][0]), "open_fronts"):
                yield f"functions.{name}.Events.{event_name}"


def _url(value: Any) -> BaseModel:
    return validated(registry.load("sources", "function_url").Config, value)


UrlConfig = Annotated[Any, PlainValidator(_url), WithJsonSchema({"type": "object"})]
