"""
The rest-json protocol, driven by botocore's model of a service: requests read, answers written.

What a request's members may be is checked as the model says it, with AWS's texts. An answer that
the model's output does not know is an error of ours and raises TypeError.

https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote

import orjson

from eventsim.errors import InvalidRequestContent, InvokeError
from eventsim.server.constraints import absences, violations

_LABEL = re.compile(r"\{(\w+)(\+?)\}")
_KINDS = {str: "STRING_VALUE", bool: "TRUE_VALUE", int: "NUMBER_VALUE", float: "NUMBER_VALUE"}


class Route(NamedTuple):
    """An operation, and the requests that are for it."""

    operation: str
    method: str
    path: re.Pattern[str]
    query: Mapping[str, str]
    literals: int


class RestJson:
    """The operations of a service; of *unchecked* ones, somebody else judges the members."""

    def __init__(self, service: str, unchecked: Iterable[str] = ()) -> None:
        from botocore.loaders import Loader
        from botocore.model import ServiceModel

        self._model = ServiceModel(Loader().load_service_model(service, "service-2"), service)
        self._unchecked = frozenset(unchecked)
        routes = [self._route(name) for name in self._model.operation_names]
        self._routes = sorted(routes, key=lambda route: (-len(route.query), -route.literals))

    @property
    def operations(self) -> list[str]:
        """The names of all operations that the model has."""
        return list(self._model.operation_names)

    def route(self, method: str, raw_path: str, query: str) -> tuple[str, dict[str, str]] | None:
        """The operation that a request is for, with what stands in its path; None for none."""
        given = parse_qs(query, keep_blank_values=True)
        for route in self._routes:
            if route.method != method:
                continue
            found = route.path.fullmatch(raw_path)
            if found and all(given.get(key) == [value] for key, value in route.query.items()):
                return route.operation, {k: unquote(v) for k, v in found.groupdict().items()}
        return None

    def parse(
        self,
        operation: str,
        labels: Mapping[str, str],
        query: str,
        headers: Mapping[str, str],
        body: bytes,
    ) -> dict[str, Any]:
        """The members of a request; *headers* have lower-case names.

        Raises InvokeError, with AWS's texts, for what the model does not take.
        """
        shape = self._model.operation_model(operation).input_shape
        if shape is None:
            return {}
        given = parse_qs(query, keep_blank_values=True)
        found: dict[str, Any] = {}
        for name, member in shape.members.items():
            value = _outside(member, labels, given, headers)
            if value is not None:
                found[name] = _from_text(member, value)
        found |= self._inside(shape, body)
        judged = absences if operation in self._unchecked else violations
        _refuse(judged(shape, found))
        return found

    def serialise(
        self, operation: str, answer: Mapping[str, Any]
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """The status, the headers and the body of an answer, whose None values are left out.

        Raises TypeError for an answer that the output shape does not know.
        """
        model = self._model.operation_model(operation)
        status: int = model.http.get("responseCode", 200)
        shape, headers = model.output_shape, list[tuple[str, str]]()
        inside: dict[str, Any] = {}
        payload = shape.serialization.get("payload") if shape is not None else None
        content: Any = None
        for key, value in answer.items():
            member = _member(operation, shape, key)
            if value is None:
                continue
            location = member.serialization.get("location")
            if location == "header":
                headers.append((member.serialization["name"], str(value)))
            elif location == "statusCode":
                status = value
            elif key == payload:
                content = value
            else:
                inside[member.serialization.get("name", key)] = plain(member, value, key)
        if payload is not None:
            return status, headers, content or b""
        if shape is None or status == 204:
            return status, headers, b""
        return status, headers, orjson.dumps(inside)

    def _route(self, name: str) -> Route:
        http = self._model.operation_model(name).http
        path, _, query = http["requestUri"].partition("?")
        constants = {key: values[0] for key, values in parse_qs(query, True).items()}
        pattern = "".join(
            f"(?P<{label[1]}>{'.+' if label[2] else '[^/]+'})" if label else re.escape(text)
            for text, label in _parts(path.rstrip("/"))
        )
        literals = sum("{" not in part for part in path.split("/"))
        return Route(name, http["method"], re.compile(f"{pattern}/?"), constants, literals)

    def _inside(self, shape: Any, body: bytes) -> dict[str, Any]:
        """The members that are in the body."""
        payload = shape.serialization.get("payload")
        if payload is not None and shape.members[payload].type_name in ("blob", "string"):
            return {payload: body}
        inside = shape.members[payload] if payload else shape
        document = _document(body)
        read = {
            name: _from_json(member, document[key])
            for name, member in inside.members.items()
            if "location" not in member.serialization
            and document.get(key := member.serialization.get("name", name)) is not None
        }
        return {payload: read} if payload else read


def _parts(path: str) -> Iterable[tuple[str, re.Match[str] | None]]:
    end = 0
    for label in _LABEL.finditer(path):
        yield path[end : label.start()], None
        yield "", label
        end = label.end()
    yield path[end:], None


def _outside(
    member: Any, labels: Mapping[str, str], query: Mapping[str, list[str]], headers: Any
) -> Any:
    """What stands in the path, the query or the headers for a member, as text."""
    location, name = member.serialization.get("location"), member.serialization.get("name")
    if location == "uri":
        return labels.get(name)
    if location == "header":
        return headers.get(name.lower())
    if location == "querystring" and name in query:
        return query[name] if member.type_name == "list" else query[name][-1]
    return None


def _from_text(shape: Any, value: Any) -> Any:
    match shape.type_name:
        case "list":
            return [_from_text(shape.member, each) for each in value]
        case "integer" | "long":
            if not re.fullmatch(r"-?\d{1,18}", value):
                raise _unconvertible("STRING_VALUE", shape)
            return int(value)
        case "boolean":
            return value.lower() == "true"
    return value


def _document(body: bytes) -> dict[str, Any]:
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


def _from_json(shape: Any, value: Any) -> Any:
    """A value of the body as the shape has it. Raises InvokeError, SerializationException."""
    match shape.type_name, value:
        case "structure", dict():
            return {
                name: _from_json(member, value[key])
                for name, member in shape.members.items()
                if value.get(key := member.serialization.get("name", name)) is not None
            }
        case "list", list():
            return [_from_json(shape.member, each) for each in value]
        case "map", dict():
            return {key: _from_json(shape.value, each) for key, each in value.items()}
        case "blob", str():
            return _decoded(value, shape)
        case "boolean", bool():
            return value
        case (("integer" | "long"), int()) if not isinstance(value, bool):
            return value
        case (("float" | "double"), (int() | float())) if not isinstance(value, bool):
            return float(value)
        case "timestamp", (int() | float()) if not isinstance(value, bool):
            return float(value)
        case "timestamp", str():
            return _moment(value, shape)
        case "string", str():
            return value
    raise _unconvertible(_KINDS.get(type(value), "START_OBJECT"), shape)


def _decoded(value: str, shape: Any) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise _unconvertible("STRING_VALUE", shape) from None


def _moment(value: str, shape: Any) -> float:
    try:
        return datetime.fromisoformat(value).timestamp()
    except ValueError:
        raise _unconvertible("STRING_VALUE", shape) from None


def _unconvertible(kind: str, shape: Any) -> InvokeError:
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


def _refuse(found: list[str]) -> None:
    if found:
        many = f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected: "
        raise refusal("ValidationException", many + "; ".join(found))


def _member(operation: str, shape: Any, key: str) -> Any:
    if shape is None or key not in shape.members:
        raise TypeError(f"{operation} answers {key}, which its output does not have")
    return shape.members[key]


def plain(shape: Any, value: Any, where: str) -> Any:
    """A value as JSON has it. Raises TypeError for one that the shape does not have."""
    match shape.type_name, value:
        case "structure", dict():
            members = {key: _member(where, shape, key) for key in value}
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
