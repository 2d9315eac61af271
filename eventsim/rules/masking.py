"""
What a record says, without what must not be seen, and another partition key out of what it says.

Pure. A path is the whole way to a value or the end of it. What is masked keeps its kind, so that
a handler still finds text where it expects text; nothing of its content is left.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from eventsim.rules.paths import Path, places, write

TEXT, NUMBER = "***", 0


class NotMasked(ValueError):
    """The data is not JSON, so nobody can say what is in it."""


def decoded(data: bytes) -> Any:
    """The JSON value of *data*, whole numbers of any length. Raises NotMasked."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise NotMasked("is not JSON") from None


def encoded(value: Any) -> bytes:
    """*value* as compact JSON in UTF-8. Raises NotMasked for a number that JSON cannot hold."""
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError:
        raise NotMasked("has a number that cannot be written again") from None
    return text.encode("utf-8", "replace")


def masked(
    document: Any, paths: Sequence[Path], blanked: Callable[[Any], Any] | None = None
) -> tuple[Any, frozenset[Path]]:
    """*document*, changed in place, its values masked to which *paths* lead, and those that did.

    *blanked* is ``blank`` unless given.
    """
    found = set()
    for path in paths:
        for place in sorted(places(document, path), key=len, reverse=True):  # inner ones first
            found.add(path)
            _put(document, place, blanked or blank)
    return document, frozenset(found)


def key_in(document: Any, path: Path) -> str:
    """The partition key at the one place that *path* names.

    Raises ValueError where there is none, where there are several, or what is there is no text
    and no number.
    """
    found = places(document, path)
    if path in found:
        found = [path]
    if len(found) != 1:
        several = f"is in {len(found)} places" if found else "is not there"
        raise ValueError(f"'{write(path)}' {several}")
    value = document
    for part in found[0]:
        value = value[part]
    if isinstance(value, str) and value:
        return value
    if isinstance(value, int | float):
        return json.dumps(value)
    raise ValueError(f"'{write(path)}' is {json.dumps(value)[:40]}, which is no key")


def _put(document: Any, place: Path, blanked: Callable[[Any], Any]) -> None:
    inside = document
    for part in place[:-1]:
        inside = inside[part]
    inside[place[-1]] = blanked(inside[place[-1]])


def blank_attribute(value: Any) -> Any:
    """A DynamoDB attribute value of the same type without its content; else as ``blank``."""
    match value:
        case {"N": str()}:
            return {"N": str(NUMBER)}
        case {"NS": list()}:
            return {"NS": [str(NUMBER)]}
        case {"SS": list()}:
            return {"SS": [TEXT]}
        case {"B": str()}:
            return {"B": "AA=="}
        case {"BS": list()}:
            return {"BS": ["AA=="]}
        case {"S": _} | {"M": _} | {"L": _} | {"BOOL": _} | {"NULL": _} if len(value) == 1:
            return {kind: True if kind == "NULL" else blank(held) for kind, held in value.items()}
    return blank(value)


def blank(value: Any) -> Any:
    """A value of the same kind without its content."""
    match value:
        case bool():
            return False
        case str():
            return TEXT
        case int() | float():
            return NUMBER
        case list():
            return []
        case dict():
            return {}
    return None
