"""
The scenario format as JSON Schema (draft 2020-12), for editors: every source's resource and
every step of the timeline included.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from eventsim import registry
from eventsim.scenario.expectation import EXPECTABLE
from eventsim.scenario.mapping import mapping_kinds, properties_model
from eventsim.scenario.model import Scenario
from eventsim.scenario.triggers import trigger_models

DIALECT = "https://json-schema.org/draft/2020-12/schema"

# The shape of what is found by a dotted name is known only to who wrote it.
_FOREIGN_RESOURCE = {
    "type": "object",
    "properties": {"type": {"type": "string", "pattern": r"\."}},
    "required": ["type"],
}


def schema() -> dict[str, Any]:
    """The JSON Schema of a scenario file. It says shapes and ranges, not what must agree."""
    sources = {name: registry.load("sources", name) for name in registry.names("sources")}
    resources = {n: module.Resource for n, module in sources.items() if hasattr(module, "Resource")}
    steps = [registry.load("steps", name).Step for name in registry.names("steps")]
    mappings = {type_: properties_model(kind) for type_, kind in mapping_kinds().items()}
    pushed = {type_: model for type_, (_, model) in trigger_models().items()}
    own = [m.RecordBlock for m in sources.values() if hasattr(m, "RecordBlock")]
    blocks = [step.record_block for step in steps if step.record_keys] + own
    models: list[type[BaseModel]] = [
        Scenario,
        *resources.values(),
        *steps,
        *mappings.values(),
        *pushed.values(),
        *blocks,
    ]
    references, whole = models_json_schema([(model, "validation") for model in models])
    definitions: dict[str, Any] = whole["$defs"]
    for name, model in resources.items():
        _with_type(definitions[_name(references[model, "validation"])], name)

    root = definitions.pop(_name(references[Scenario, "validation"]))
    kinds = [references[model, "validation"] for model in resources.values()]
    _set_values(root["properties"]["resources"], {"anyOf": [*kinds, _FOREIGN_RESOURCE]})
    verbs = [references[step, "validation"] for step in steps]
    root["properties"]["timeline"]["items"] = {"anyOf": verbs}
    for step in steps:
        shapes = [
            references[block, "validation"]
            for block in (step.record_block, *own)
            if step.record_keys
        ]
        fields = definitions[_name(references[step, "validation"])]["properties"]
        for key in step.record_keys:
            fields[key]["anyOf"][0]["items"] = {"anyOf": shapes}
    definitions["Expectation"]["properties"]["entry"]["enum"] = sorted(EXPECTABLE)
    events: dict[str, type[BaseModel]] = {**mappings, **pushed}
    properties = {type_: references[model, "validation"] for type_, model in events.items()}
    for type_, model in mappings.items():
        if model.kind.starting_positions:
            definitions[_name(properties[type_])]["required"].append("StartingPosition")
    definitions["Event"] = _events(properties)
    _close(root)
    _close(definitions)
    return {
        "$schema": DIALECT,
        **root,
        "title": "eventsim scenario",
        "$defs": _used(root, definitions),
    }


def _name(reference: dict[str, Any]) -> str:
    return str(reference["$ref"]).removeprefix("#/$defs/")


def _events(properties: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """An event of a known type with its properties, or one of somebody else's source."""
    foreign = f"^(?!({'|'.join(sorted(properties))})$)"
    kinds = [({"const": type_}, found) for type_, found in sorted(properties.items())]
    kinds.append(({"type": "string", "pattern": foreign}, {"type": "object"}))
    return {
        "anyOf": [
            {
                "type": "object",
                "properties": {"Type": type_, "Properties": found},
                "required": ["Type", "Properties"],
                "additionalProperties": False,
            }
            for type_, found in kinds
        ]
    }


def _with_type(definition: dict[str, Any], name: str) -> None:
    """A resource says what it is; its source's model need not."""
    definition["properties"] = {"type": {"const": name}, **definition.get("properties", {})}
    definition["required"] = ["type", *definition.get("required", [])]


def _set_values(names: dict[str, Any], value: dict[str, Any]) -> None:
    names["patternProperties"] = dict.fromkeys(names["patternProperties"], value)


def _close(part: Any) -> None:
    """Names that match no pattern are refused."""
    for inner in part.values() if isinstance(part, dict) else ():
        _close(inner)
    if isinstance(part, dict) and isinstance(part.get("patternProperties"), dict):
        part.setdefault("additionalProperties", False)


def _used(root: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """The definitions that something refers to, however far from the root."""
    used: dict[str, Any] = {}
    waiting = list(_references(root))
    while waiting:
        name = waiting.pop()
        if name not in used:
            used[name] = definitions[name]
            waiting += _references(used[name])
    return dict(sorted(used.items()))


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield _name(part)
        for inner in part.values():
            yield from _references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _references(inner)
