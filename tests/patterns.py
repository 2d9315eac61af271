"""A slow matcher of event patterns, to hold the fast one against: as the words say it, no more."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

Path = tuple[str, ...]
Place = dict[int, int]  # which element of which array, by the array's identity
Leaf = tuple[Path, list[Any]]

NOT_THERE = [{"exists": False}]
COMPARISONS = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Found:
    """A value in a document that is no object or array."""

    path: Path
    value: Any
    place: Place


def slowly_matches(pattern: dict[str, Any], document: dict[str, Any]) -> bool:
    """Whether some choice of array elements has every value asked for, and nothing unwanted.

    Knows no values beside ``exists: false`` and no ``exists: false`` under ``$or``.
    """
    found = list(flat(json.loads(json.dumps(document)), (), {}))  # so that no array is there twice
    return any(
        not any(each.path in unwanted(leaves) and agree(each.place, place) for each in found)
        for leaves in conjunctions(pattern, ())
        for place in places([leaf for leaf in leaves if leaf[1] != NOT_THERE], found, {})
    )


def conjunctions(pattern: dict[str, Any], path: Path) -> Iterator[list[Leaf]]:
    """The pattern with ``$or`` multiplied out: alternatives that are nothing but leaves."""
    parts: list[list[list[Leaf]]] = []
    for name, value in pattern.items():
        if name == "$or":
            parts.append([leaves for each in value for leaves in conjunctions(each, path)])
        elif isinstance(value, dict):
            parts.append(list(conjunctions(value, (*path, name))))
        else:
            parts.append([[((*path, name), value)]])
    for chosen in product(*parts):
        yield [leaf for leaves in chosen for leaf in leaves]


def flat(value: Any, path: Path, place: Place) -> Iterator[Found]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from flat(each, (*path, name), place)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            inside = {**place, id(value): index} if isinstance(each, dict | list) else place
            yield from flat(each, path, inside)
    else:
        yield Found(path, value, place)


def places(leaves: list[Leaf], found: list[Found], place: Place) -> Iterator[Place]:
    """The choices of array elements in which every leaf has a value that is asked for."""
    if not leaves:
        yield place
        return
    (path, values), *rest = leaves
    for each in found:
        if each.path == path and agree(each.place, place) and asked_for(values, each.value):
            yield from places(rest, found, {**place, **each.place})


def agree(one: Place, other: Place) -> bool:
    return all(other.get(array, index) == index for array, index in one.items())


def unwanted(leaves: list[Leaf]) -> set[Path]:
    return {path for path, values in leaves if values == NOT_THERE}


def asked_for(values: list[Any], value: Any) -> bool:
    return any(
        holds(*next(iter(asked.items())), value) if isinstance(asked, dict) else same(asked, value)
        for asked in values
    )


def holds(name: str, argument: Any, value: Any) -> bool:
    if name in ("exists", "anything-but"):
        return name == "exists" or not excluded(argument, value)
    if name == "numeric":
        comparisons = zip(argument[::2], argument[1::2], strict=True)
        is_number = isinstance(value, int) and not isinstance(value, bool)
        return is_number and all(COMPARISONS[sign](value, limit) for sign, limit in comparisons)
    if not isinstance(value, str):
        return False
    if isinstance(argument, dict):
        argument, value = argument["equals-ignore-case"].lower(), value.lower()
    text = re.escape(argument)
    expressions = {
        "equals-ignore-case": re.escape(argument.lower()),
        "prefix": f"{text}.*",
        "suffix": f".*{text}",
        "wildcard": text.replace(r"\*", ".*"),
    }
    value = value.lower() if name == "equals-ignore-case" else value
    return re.fullmatch(expressions[name], value, re.DOTALL) is not None


def excluded(argument: Any, value: Any) -> bool:
    if isinstance(argument, dict):
        ((name, inner),) = argument.items()
        return any(holds(name, text, value) for text in as_list(inner))
    return any(same(each, value) for each in as_list(argument))


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)
