"""
Which route of an API a request takes.

A REST API finds the resource of the path first and then its method; an HTTP API looks at routes
of the request's method alone. A segment as it stands goes before ``{name}``, and that before
``{name+}``, which takes the rest of the path.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-settings-method-request.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
DEFAULT = "$default"
_VARIABLE = re.compile(r"\{([a-zA-Z0-9._:-]+)(\+?)\}")


@dataclass(frozen=True)
class Route:
    """A method, or ANY, and a path such as ``/pets/{id}``; ``$default`` is a route of its own."""

    method: str
    path: str

    @property
    def key(self) -> str:
        """The route as AWS writes it: ``GET /pets/{id}``."""
        return DEFAULT if self.path == DEFAULT else f"{self.method} {self.path}"

    @cached_property
    def _segments(self) -> tuple[str, ...]:
        return tuple(self.path.strip("/").split("/")) if self.path.strip("/") else ()

    @cached_property
    def specificity(self) -> tuple[int, ...]:
        """Sorts the route that is to be preferred first."""
        return tuple(_rank(segment) for segment in self._segments)

    def parameters(self, segments: tuple[str, ...]) -> dict[str, str] | None:
        """The values of its variables, as they stand in the path; None if it is another path."""
        found: dict[str, str] = {}
        for index, wanted in enumerate(self._segments):
            variable = _VARIABLE.fullmatch(wanted)
            if variable and variable[2]:
                rest = segments[index:]
                if not any(rest):
                    return None
                return {**found, variable[1]: "/".join(rest)}
            if index >= len(segments):
                return None
            if variable and segments[index]:
                found[variable[1]] = segments[index]
            elif unquote(segments[index]) != wanted:
                return None
        return found if len(segments) == len(self._segments) else None


@dataclass(frozen=True, slots=True)
class Taken:
    """The route that a request takes, and the path's parameters, percent-encoded as they came."""

    route: Route
    parameters: Mapping[str, str]


def parse_route(key: str) -> Route:
    """The route of a key such as ``GET /pets/{id}``. Raises ValueError for what is none."""
    if key == DEFAULT:
        return Route("ANY", DEFAULT)
    method, _, path = key.partition(" ")
    if method.upper() not in (*METHODS, "ANY"):
        known = ", ".join((*METHODS, "ANY"))
        raise ValueError(f"'{key}' begins with no method; write one of {known} and a path")
    return Route(method.upper(), checked_path(path))


def checked_path(path: str) -> str:
    """A path of a route. Raises ValueError for one that is none."""
    if not path.startswith("/"):
        raise ValueError(f"'{path}' is no path; it begins with /, as in /pets/{{id}}")
    segments = path.strip("/").split("/")
    names = []
    for index, segment in enumerate(segments):
        variable = _VARIABLE.fullmatch(segment)
        if variable:
            names.append(variable[1])
        elif "{" in segment or "}" in segment:
            raise ValueError(f"'{segment}' in {path} is half a variable; write {{name}} alone")
        if variable and variable[2] and index < len(segments) - 1:
            raise ValueError(f"{segment} in {path} takes the rest of it and must be its end")
    if len({*names}) < len(names):
        raise ValueError(f"{path} has a variable twice; each has a name of its own")
    return path


def take_rest(routes: Iterable[Route], method: str, path: str) -> Taken | None:
    """The method that a REST API finds; a slash at the end of the path means nothing."""
    segments = tuple(path.strip("/").split("/")) if path.strip("/") else ()
    fit = [(route, found) for route in routes if (found := route.parameters(segments)) is not None]
    best = min((route.specificity for route, _ in fit), default=None)
    of_resource = [each for each in fit if each[0].specificity == best]
    return _of_method(of_resource, method)


def take_http(routes: Iterable[Route], method: str, path: str) -> Taken | None:
    """The route that an HTTP API finds, ``$default`` for all others."""
    listed = list(routes)
    segments = tuple(path[1:].split("/")) if path != "/" else ()
    fit = [
        (route, found)
        for route in listed
        if route.path != DEFAULT
        and route.method in (method, "ANY")
        and (found := route.parameters(segments)) is not None
    ]
    fit.sort(key=lambda each: (each[0].specificity, each[0].method == "ANY"))
    if fit:
        return Taken(*fit[0])
    return next((Taken(route, {}) for route in listed if route.path == DEFAULT), None)


def _of_method(fit: list[tuple[Route, dict[str, str]]], method: str) -> Taken | None:
    for wanted in (method, "ANY"):
        for route, found in fit:
            if route.method == wanted:
                return Taken(route, found)
    return None


def _rank(segment: str) -> int:
    variable = _VARIABLE.fullmatch(segment)
    if variable is None:
        return 0
    return 2 if variable[2] else 1


def takes_pattern(pattern: str, text: str) -> bool:
    """Whether a path fits a load balancer's pattern: ``*`` is any text, ``?`` one character."""
    parts = (".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None
