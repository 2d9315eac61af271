"""Message attributes as somebody writes them down, made what the services take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from eventsim.errors import EventsimError
from eventsim.sources._base64 import decoded

ATTRIBUTES_TEXT = (
    'JSON: {"name": "text", "n": 1, "list": ["a"], "raw": {"Type": "Binary", "Value": "aGk="}}'
)
_TYPES = ("String", "String.Array", "Number", "Binary")


def attributes_of(given: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Attributes in the fields of Publish and SendMessage.

    A text is a String, a number a Number, an array a String.Array; ``{"Type": ..., "Value": ...}``
    says it all, the value of a Binary as base64. Raises EventsimError for anything else.
    """
    return {name: _attribute(name, value) for name, value in given.items()}


def _attribute(name: str, value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        return {"DataType": "String", "StringValue": value}
    if isinstance(value, list):
        return {"DataType": "String.Array", "StringValue": orjson.dumps(value).decode()}
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {"DataType": "Number", "StringValue": str(value)}
    if isinstance(value, dict) and value.keys() == {"Type", "Value"}:
        return _typed(name, value["Type"], value["Value"])
    raise EventsimError(
        f"attribute '{name}' is {value!r}; write a text, a number, an array or "
        '{"Type": ..., "Value": ...}'
    )


def _typed(name: str, kind: Any, value: Any) -> dict[str, Any]:
    if kind not in _TYPES and str(kind).partition(".")[0] not in ("String", "Number", "Binary"):
        raise EventsimError(f"attribute '{name}' is of type {kind!r}; write {', '.join(_TYPES)}")
    if not isinstance(value, str) or not value:
        raise EventsimError(f"attribute '{name}' has the value {value!r}; write a text")
    if not str(kind).startswith("Binary"):
        return {"DataType": kind, "StringValue": value}
    return {"DataType": kind, "BinaryValue": decoded(value)}
