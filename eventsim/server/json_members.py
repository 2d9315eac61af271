"""
The members of requests and answers as JSON has them, whichever protocol they are in.

https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Any

import orjson

from eventsim.errors import InvalidRequestContent, InvokeError

_KINDS = {str: "STRING_VALUE", bool: "TRUE_VALUE", int: "NUMBER_VALUE", float: "NUMBER_VALUE"}
_SECONDS_MAX = 253_402_300_799  # the end of the year 9999


def document_of(body: bytes) -> dict[str, Any]:
    """The object that a body is; an empty body is an empty one. Raises InvalidRequestContent."""
    if not body:
        return {}
    try:
        document = orjson.loads(body)
    except ValueError as error:
        text = f"Could not parse request body into json: {error}"
        raise InvalidRequestContent(text, Type="User") from None
    if not isinstance(document, dict):
        text = "Could not parse request body into json: the body must be a JSON object"
        raise InvalidRequestContent(text, Type="User")
    return document


def from_json(shape: Any, value: Any) -> Any:
    """A value of the body as the shape has it. Raises InvokeError, SerializationException."""
    match shape.type_name, value:
        case "structure", dict():
            return {
                name: from_json(member, value[key])
                for name, member in shape.members.items()
                if value.get(key := member.serialization.get("name", name)) is not None
            }
        case "list", list():
            return [from_json(shape.member, each) for each in value]
        case "map", dict():
            return {key: from_json(shape.value, each) for key, each in value.items()}
        case "blob", str():
            return _decoded(value, shape)
        case "boolean", bool():
            return value
        case (("integer" | "long"), int()) if not isinstance(value, bool):
            return value
        case (("float" | "double"), (int() | float())) if not isinstance(value, bool):
            return float(value)
        case "timestamp", (int() | float()) if not isinstance(value, bool):
            if abs(value) > _SECONDS_MAX:
                raise unconvertible("NUMBER_VALUE", shape)
            return float(value)
        case "timestamp", str():
            return _moment(value, shape)
        case "string", str():
            return value
    raise unconvertible(_KINDS.get(type(value), "START_OBJECT"), shape)


def _decoded(value: str, shape: Any) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise unconvertible("STRING_VALUE", shape) from None


def _moment(value: str, shape: Any) -> float:
    try:
        return datetime.fromisoformat(value).timestamp()
    except ValueError:
        raise unconvertible("STRING_VALUE", shape) from None


def unconvertible(kind: str, shape: Any) -> InvokeError:
    """The error of a value that is not of the shape's type."""
    text = f"{kind} can not be converted to {_called(shape.type_name)}"
    return refusal("SerializationException", text)


def _called(type_name: str) -> str:
    return f"an {type_name}" if type_name[0] in "aeiou" else f"a {type_name.capitalize()}"


def refusal(code: str, message: str, status: int = 400, **fields: str) -> InvokeError:
    """An error of a service that has no class of its own here."""
    error = InvokeError.of(code, status, message, fields)
    if type(error) is InvokeError:
        error.message_key = "message"
    return error


def refuse(found: list[str]) -> None:
    """Raise ValidationException for what the members violate, if anything."""
    if found:
        many = f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected: "
        raise refusal("ValidationException", many + "; ".join(found))


def member_of(operation: str, shape: Any, key: str) -> Any:
    """The shape of a member of an answer. Raises TypeError where there is none."""
    if shape is None or key not in shape.members:
        raise TypeError(f"{operation} answers {key}, which its output does not have")
    return shape.members[key]


def plain(shape: Any, value: Any, where: str) -> Any:
    """A value as JSON has it. Raises TypeError for one that the shape does not have."""
    match shape.type_name, value:
        case "structure", dict():
            members = {key: member_of(where, shape, key) for key in value}
            return {
                member.serialization.get("name", key): plain(member, value[key], f"{where}.{key}")
                for key, member in members.items()
                if value[key] is not None
            }
        case "list", (list() | tuple()):
            return [plain(shape.member, each, where) for each in value]
        case "map", dict():
            return {key: plain(shape.value, each, where) for key, each in value.items()}
        case "blob", bytes():
            return base64.b64encode(value).decode()
        case "string", str():
            return value
        case "boolean", bool():
            return value
        case (("integer" | "long"), int()) if not isinstance(value, bool):
            return value
        case (("float" | "double" | "timestamp"), (int() | float())):
            return value
    raise TypeError(f"{where} is {value!r}, and should be a {shape.type_name}")
