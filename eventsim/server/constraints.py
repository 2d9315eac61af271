"""
What the model of a service says of the members of a request: ranges, lengths, patterns, sets.

https://smithy.io/2.0/spec/constraint-traits.html
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any


def violations(shape: Any, given: Mapping[str, Any]) -> list[str]:
    """What the members of a structure violate, each as AWS's validation tells it."""
    return [*_structure(shape, given, "")]


def absences(shape: Any, given: Mapping[str, Any], inside: str = "") -> list[str]:
    """The members that a structure, and the structures in it, must have and have not."""
    found = []
    for name, member in shape.members.items():
        path = f"{inside}{name[0].lower()}{name[1:]}"
        if name not in given and name in shape.required_members:
            found.append(_absent(path))
        elif name in given and member.type_name == "structure":
            found += absences(member, given[name], f"{path}.")
    return found


def _absent(path: str) -> str:
    return f"Value null at '{path}' failed to satisfy constraint: Member must not be null"


def _structure(shape: Any, given: Mapping[str, Any], inside: str) -> Iterator[str]:
    required = set(shape.required_members)
    for name, member in shape.members.items():
        path = f"{inside}{name[0].lower()}{name[1:]}"
        if name in given:
            yield from _value(member, given[name], path)
        elif name in required:
            yield _absent(path)


def _value(shape: Any, value: Any, path: str) -> Iterator[str]:
    for constraint in _constraints(shape, value):
        yield f"Value{_told(value)} at '{path}' failed to satisfy constraint: {constraint}"
    match shape.type_name:
        case "structure":
            yield from _structure(shape, value, f"{path}.")
        case "list" if shape.member.type_name == "structure":
            for index, each in enumerate(value, 1):
                yield from _structure(shape.member, each, f"{path}.{index}.member.")
        case "list":
            yield from _elements(shape.member, value, path)
        case "map":
            yield from _keys_and_values(shape, value, path)


def _elements(shape: Any, values: list[Any], path: str) -> Iterator[str]:
    """A list is told as a whole, with everything that its elements have to be."""
    if any(_constraints(shape, each) for each in values):
        told = ", ".join([*_wanted(shape), "Member must not be null"])
        yield (
            f"Value '{_shown(values)}' at '{path}' failed to satisfy constraint: "
            f"Member must satisfy constraint: [{told}]"
        )


def _keys_and_values(shape: Any, value: Mapping[str, Any], path: str) -> Iterator[str]:
    if any(_constraints(shape.key, key) for key in value):
        told = ", ".join([*_wanted(shape.key), "Member must not be null"])
        yield (
            f"Value '{_shown(value)}' at '{path}' failed to satisfy constraint: "
            f"Map keys must satisfy constraint: [{told}]"
        )
    for key, each in value.items():
        yield from _value(shape.value, each, f"{path}.{key}.member")


def _constraints(shape: Any, value: Any) -> list[str]:
    """The constraints of a shape that a value does not satisfy."""
    traits, found = shape.metadata, list[str]()
    measured = "value" if isinstance(value, int | float) else "length"
    size = value if measured == "value" else len(value) if hasattr(value, "__len__") else None
    if size is not None and shape.type_name not in ("structure", "boolean"):
        if "min" in traits and size < traits["min"]:
            found.append(f"Member must have {measured} greater than or equal to {traits['min']}")
        if "max" in traits and size > traits["max"]:
            found.append(f"Member must have {measured} less than or equal to {traits['max']}")
    if isinstance(value, str):
        pattern = _compiled(traits.get("pattern"))
        if pattern is not None and not pattern.fullmatch(value):
            found.append(f"Member must satisfy regular expression pattern: {traits['pattern']}")
        if "enum" in traits and value not in traits["enum"]:
            found.append(f"Member must satisfy enum value set: [{', '.join(traits['enum'])}]")
    return found


def _wanted(shape: Any) -> Iterator[str]:
    traits = shape.metadata
    if "max" in traits:
        yield f"Member must have length less than or equal to {traits['max']}"
    if "min" in traits:
        yield f"Member must have length greater than or equal to {traits['min']}"
    if "pattern" in traits:
        yield f"Member must satisfy regular expression pattern: {traits['pattern']}"
    if "enum" in traits:
        yield f"Member must satisfy enum value set: [{', '.join(traits['enum'])}]"


@cache
def _compiled(pattern: str | None) -> re.Pattern[str] | None:
    """The pattern, which is Java's; None for one that only Java knows."""
    if pattern is None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of brackets that Java nests
        try:
            return re.compile(pattern, re.DOTALL)
        except re.error:
            return None


def _told(value: Any) -> str:
    """A value as its violation tells it: not where that would repeat data."""
    of_structures = isinstance(value, list) and any(isinstance(each, dict) for each in value[:1])
    if of_structures or isinstance(value, bytes):
        return ""
    return f" '{_shown(value)}'"


def _shown(value: Any) -> str:
    match value:
        case list():
            return f"[{', '.join(map(_shown, value))}]"
        case bool():
            return str(value).lower()
        case dict():
            return "{" + ", ".join(f"{key}={_shown(each)}" for key, each in value.items()) + "}"
    return str(value)
