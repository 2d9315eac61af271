"""
The events of a source by name, and what can be said of each: read from the builders themselves.

A source that pushes has ``EVENTS``: functions that take a ``Scene`` and keyword-only parameters,
and return the event. The parameters' types, defaults and ``Annotated`` texts are the flags of
``eventsim generate``, the keys below ``with`` in a scenario, and the JSON Schema.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import ModuleType
from typing import Any, get_args, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic.json_schema import GenerateJsonSchema

from eventsim import registry
from eventsim.errors import EventsimError, UnknownPlugin
from eventsim.types import Scene

Build = Callable[..., Any]
_PUSHES = re.compile(r"^EVENTS\b", re.MULTILINE)


@dataclass(frozen=True)
class Builder:
    """One event of a source."""

    source: str
    name: str
    build: Build

    @property
    def sentence(self) -> str:
        """The first sentence of what it says of itself."""
        words = " ".join((inspect.getdoc(self.build) or "").split())
        return words.partition(". ")[0].removesuffix(".")

    @cached_property
    def model(self) -> type[BaseModel]:
        """The parameters as a model: types, defaults, texts, and nothing else allowed."""
        hints = get_type_hints(self.build, include_extras=True)
        fields: dict[str, Any] = {}
        for name, parameter in inspect.signature(self.build).parameters.items():
            if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
                required = parameter.default is inspect.Parameter.empty
                text = next((text for text in get_args(hints[name])[1:] if type(text) is str), None)
                default = ... if required else parameter.default
                fields[name] = (hints[name], Field(default, description=text))
        config = ConfigDict(extra="forbid", title=f"{self.source} {self.name}")
        return create_model("Parameters", __config__=config, **fields)

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of the parameters."""
        described = {"$schema": GenerateJsonSchema.schema_dialect, "description": self.sentence}
        return {**described, **self.model.model_json_schema()}

    def event(self, scene: Scene, given: Mapping[str, Any] | None = None) -> Any:
        """The event, with what is *given* for its parameters.

        Raises EventsimError for a parameter that is unknown, missing or of the wrong type.
        """
        try:
            values = self.model.model_validate(dict(given or {}))
        except ValidationError as error:
            raise EventsimError(self._fault(error)) from None
        given = {name: getattr(values, name) for name in values.model_fields_set}
        return self.build(replace(scene, actor=f"{self.source} {self.name}"), **given)

    def _fault(self, error: ValidationError) -> str:
        first = error.errors(include_url=False)[0]
        name, known = str(first["loc"][0]), self.model.model_fields
        what = f"{self.source} {self.name}"
        if first["type"] == "extra_forbidden":
            close = registry.near(name, known)
            hint = f"; did you mean '{close}'?" if close else f"; there are: {', '.join(known)}"
            return f"{what} has no parameter '{name}'{hint}"
        if first["type"] == "missing":
            return f"{what} needs '{name}'"
        message = first["msg"]
        return f"{what}: {name} is {first['input']!r}; {message[:1].lower()}{message[1:]}"


def sources() -> list[str]:
    """The sources that push, found without importing one."""
    folder = registry.ROOT / "sources"
    return [
        name
        for name in registry.names("sources")
        if _PUSHES.search((folder / f"{name}.py").read_text("utf-8"))
    ]


def module_of(source: str) -> ModuleType:
    """The module of a source that pushes. Raises UnknownPlugin, the near ones named."""
    if "." in source:
        return registry.load("sources", source, wants=["EVENTS"])
    known = sources()
    if source not in known:
        close = registry.near(source, known)
        hint = f"; did you mean '{close}'?" if close else ""
        text = f"no source called '{source}' pushes events; there are: {', '.join(known)}{hint}"
        raise UnknownPlugin("sources", source, known, text)
    return registry.load("sources", source, wants=["EVENTS"])


def builders(source: str) -> dict[str, Builder]:
    """The events of a source by name; the first is the one that is meant without a name."""
    return {builder.name: builder for builder in _builders(source, module_of(source))}


def builder(source: str, event: str | None = None) -> Builder:
    """One event of a source. Raises UnknownPlugin, the near ones named."""
    found = builders(source)
    if event is None:
        return next(iter(found.values()))
    if event not in found:
        close = registry.near(event, found)
        hint = f"; did you mean '{close}'?" if close else ""
        text = f"{source} has no event '{event}'; there are: {', '.join(found)}{hint}"
        raise UnknownPlugin("events", event, found, text)
    return found[event]


def _builders(source: str, module: ModuleType) -> Iterator[Builder]:
    for build in module.EVENTS:
        yield Builder(source, build.__name__.replace("_", "-"), build)
