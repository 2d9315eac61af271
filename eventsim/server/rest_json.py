"""
The rest-json protocol, driven by botocore's model of a service: requests read, answers written.

What a request's members may be is checked as the model says it, with AWS's texts. An answer that
the model's output does not know is an error of ours and raises TypeError.

https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote

import orjson

from eventsim.server.constraints import absences, violations
from eventsim.server.json_members import (
    document_of,
    from_json,
    member_of,
    plain,
    refusal,
    refuse,
    unconvertible,
)

__all__ = ["RestJson", "refusal"]

_LABEL = re.compile(r"\{(\w+)(\+?)\}")


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
        refuse(judged(shape, found))
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
            member = member_of(operation, shape, key)
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
        document = document_of(body)
        read = {
            name: from_json(member, document[key])
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
                raise unconvertible("STRING_VALUE", shape)
            return int(value)
        case "boolean":
            return value.lower() == "true"
    return value
