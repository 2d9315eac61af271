"""
Where an event source mapping must agree with its function, its source and Lambda's rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any, NamedTuple

from pydantic import ValidationError

from eventsim.rules.arns import ACCOUNT, REGION, arn
from eventsim.rules.mapping import refusals, update_refusals
from eventsim.rules.mapping_errors import Refusal, already_exists
from eventsim.rules.mapping_settings import DESTINATION_SERVICES
from eventsim.scenario.function import FunctionBlock, not_simulated
from eventsim.scenario.lookup import (
    Target,
    items,
    read,
    resource_problems,
    resource_types,
    settings_of,
    source_of,
    target,
)
from eventsim.scenario.mapping import (
    kind_of,
    mapping_kinds,
    pattern_fault,
    properties_model,
    readable_settings,
    unknown_kind,
)
from eventsim.scenario.problem import Path, Problem, meant, problems_of
from eventsim.scenario.triggers import is_trigger, trigger_models
from eventsim.scenario.values import START, moment
from eventsim.types import EventSourceMapping, MappingKind


class _Mapping(NamedTuple):
    """An event of a function, as it stands in the document."""

    path: Path
    function: str
    name: str
    type: Any
    properties: dict[str, Any]
    timeout: float | None


class _Scene(NamedTuple):
    """What the mappings of a scenario stand in."""

    root: dict[str, Any]
    types: dict[str, str]
    kinds: dict[str, MappingKind]
    now: float


def mapping_problems(root: dict[str, Any]) -> Iterator[Problem]:
    """Everything that does not agree in the mappings of the scenario."""
    types = resource_types(root)
    start = read(moment, root.get("start")) or START
    scene = _Scene(root, types, mapping_kinds(types.values()), start.timestamp())
    first: dict[tuple[str, Target], str] = {}
    for mapping in _each_mapping(root):
        kind = _kind(mapping, scene)
        text = mapping.properties.get(kind.resource_key)
        source = target(text, types) if isinstance(text, str) and text else None
        if source and isinstance(text, str):
            path = (*mapping.path, "Properties", kind.resource_key)
            yield from resource_problems(path, text, root, "MAPPING")
            yield from _part(path, source, scene)
            name = f"{mapping.function}.{mapping.name}"
            existing = first.setdefault((mapping.function, source), name)
            if existing != name:
                refusal = already_exists(source.key, mapping.function, existing, kind)
                yield _refused((*mapping.path, "Properties"), refusal)
        yield from _type(mapping, source, scene)
        yield from _destination(mapping, kind, scene)
        yield from _settings(mapping, source, kind, scene)
    yield from _updates(scene)


def mapping_names(root: dict[str, Any]) -> list[str]:
    """The names of the scenario's mappings, ``function.Event``."""
    return [f"{mapping.function}.{mapping.name}" for mapping in _each_mapping(root)]


def _updates(scene: _Scene) -> Iterator[Problem]:
    """What a step ``update`` changes of a mapping is what its source takes, and may change."""
    mappings = {f"{each.function}.{each.name}": each for each in _each_mapping(scene.root)}
    steps = scene.root.get("timeline")
    for index, step in enumerate(steps if isinstance(steps, list | tuple) else ()):
        name = step.get("update") if isinstance(step, dict) else None
        mapping = mappings.get(name) if isinstance(name, str) else None
        changes = step.get("Properties") if isinstance(step, dict) else None
        if mapping is not None and isinstance(changes, dict):
            yield from _update(("timeline", index), mapping, changes, scene)


def _update(
    step: Path, mapping: _Mapping, changes: dict[str, Any], scene: _Scene
) -> Iterator[Problem]:
    kind = _kind(mapping, scene)
    merged = mapping.properties | changes
    try:
        properties_model(kind).model_validate(merged)
    except ValidationError as error:
        place = (*step, "Properties")
        for problem in problems_of(error, place):
            if problem.path[len(place) :][:1] and problem.path[len(place)] in changes:
                yield problem
    changed = mapping._replace(path=step, properties=merged)
    yield from _destination(changed, kind, scene) if "DestinationConfig" in changes else ()
    before = _value(mapping, None, kind, scene)
    after = _value(changed, None, kind, scene)
    text = mapping.properties.get(kind.resource_key)
    source = target(text, scene.types) if isinstance(text, str) else None
    fault = pattern_fault(_module(source, scene))
    for refusal in update_refusals(before, after, kind, pattern_fault=fault):
        if refusal.field in changes:
            yield _refused((*step, "Properties", refusal.field, *refusal.path), refusal)


def _each_mapping(root: dict[str, Any]) -> Iterator[_Mapping]:
    for function, block in items(root, "functions"):
        for name, event in items(block, "Events"):
            properties = event.get("Properties") if isinstance(event, dict) else None
            if isinstance(properties, dict) and not _no_mapping(event.get("Type")):
                path = ("functions", function, "Events", name)
                timeout = block.get("Timeout", FunctionBlock.model_fields["timeout"].default)
                number = timeout if isinstance(timeout, int) else None
                yield _Mapping(path, function, name, event.get("Type"), properties, number)


def _no_mapping(event_type: Any) -> bool:
    return isinstance(event_type, str) and (not_simulated(event_type) or is_trigger(event_type))


def _kind(mapping: _Mapping, scene: _Scene) -> MappingKind:
    """The kind that the event's type says, else that of the resource it reads."""
    kind = scene.kinds.get(mapping.type) if isinstance(mapping.type, str) else None
    if kind:
        return kind
    guess = unknown_kind(mapping.properties)
    text = mapping.properties.get(guess.resource_key)
    name = target(text, scene.types).resource if isinstance(text, str) else ""
    return kind_of(scene.types.get(name, "")) or guess


def _type(mapping: _Mapping, source: Target | None, scene: _Scene) -> Iterator[Problem]:
    """The event's type is one of a source, and of the source that it reads."""
    if not isinstance(mapping.type, str):
        return
    path = (*mapping.path, "Type")
    type_ = scene.types.get(source.resource, "") if source else ""
    wanted = kind_of(type_) if type_ else None
    if wanted and mapping.type != wanted.event:
        word = wanted.resource_key.lower()
        text = f" is '{mapping.type}', but its {word} is {type_}; write {wanted.event}"
        yield Problem(path, text)
    elif not wanted and mapping.type not in scene.kinds:
        hint = meant(mapping.type, [*scene.kinds, *trigger_models()])
        yield Problem(path, f" is '{mapping.type}', which no source answers to{hint}")


def _settings(
    mapping: _Mapping, source: Target | None, kind: MappingKind, scene: _Scene
) -> Iterator[Problem]:
    """What Lambda refuses; what cannot be read is told elsewhere and counts as not given."""
    value = _value(mapping, source, kind, scene)
    queue = settings_of(source.resource, scene.root) if source and kind.is_queue else None
    found = refusals(
        value,
        kind,
        scene.now,
        function_timeout=mapping.timeout,
        visibility_timeout=getattr(queue, "visibility_timeout", None),
        pattern_fault=pattern_fault(_module(source, scene)),
    )
    for refusal in found:
        field = kind.resource_key if refusal.field == "EventSourceArn" else refusal.field
        yield _refused((*mapping.path, "Properties", field, *refusal.path), refusal)


def _value(
    mapping: _Mapping, source: Target | None, kind: MappingKind, scene: _Scene
) -> EventSourceMapping:
    """The mapping as far as it can be read."""
    settings = readable_settings(kind, mapping.properties)
    since = settings.get("starting_position_timestamp")
    if "StartingPosition" in mapping.properties and "starting_position" not in settings:
        settings["starting_position"] = "TRIM_HORIZON" if since is None else "AT_TIMESTAMP"
    return EventSourceMapping(
        **{
            "name": mapping.name,
            "source": "",
            "event_source_arn": source.key if source else "?",
            "function_name": mapping.function,
            "starting_position": None,
            "batch_size": kind.batch_size,
            **settings,
            "on_failure": _destination_arn(settings.get("on_failure"), scene),
        }
    )


def _refused(path: Path, refusal: Refusal) -> Problem:
    return Problem(path, f": {refusal.text}")


def _part(path: Path, source: Target, scene: _Scene) -> Iterator[Problem]:
    """A consumer is one that the stream has."""
    settings = settings_of(source.resource, scene.root)
    if source.part and settings:
        known = getattr(settings, "consumers", ())
        if source.part not in known:
            wrong = f" is a consumer '{source.part}', which {source.resource} does not have"
            yield Problem(path, f"{wrong}{meant(source.part, known)}")


def _module(source: Target | None, scene: _Scene) -> ModuleType | None:
    return source_of(scene.types.get(source.resource)) if source else None


def _destination(mapping: _Mapping, kind: MappingKind, scene: _Scene) -> Iterator[Problem]:
    """The destination is a queue, topic or bucket of the scenario, of the type that SAM says."""
    on_failure = _inside(mapping.properties, "DestinationConfig", "OnFailure")
    text = on_failure.get("Destination")
    if "DestinationConfig" not in kind.settings or not (isinstance(text, str) and text):
        return
    path = (*mapping.path, "Properties", "DestinationConfig", "OnFailure")
    yield from resource_problems((*path, "Destination"), text, scene.root)
    name = target(text, scene.types).resource
    service, given = scene.types.get(name), on_failure.get("Type")
    if service is None:
        return
    if service not in DESTINATION_SERVICES:
        known = ", ".join(DESTINATION_SERVICES)
        wrong = f" is '{name}', which is {service}; a destination is one of {known}"
        yield Problem((*path, "Destination"), wrong)
    elif isinstance(given, str) and given != service.upper():
        right = f"; write {service.upper()}, or leave it out"
        yield Problem((*path, "Type"), f" is '{given}', but its destination is {service}{right}")


def _destination_arn(text: str | None, scene: _Scene) -> str | None:
    """The ARN of a destination that is one; others are told elsewhere."""
    name = target(text, scene.types).resource if text else ""
    service = scene.types.get(name)
    if service not in DESTINATION_SERVICES:
        return None
    region, account = scene.root.get("region"), scene.root.get("account")
    place = region if isinstance(region, str) else REGION
    return arn(service, place, account if isinstance(account, str) else ACCOUNT, name)


def _inside(block: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    for key in keys:
        inner = block.get(key)
        block = inner if isinstance(inner, dict) else {}
    return block
