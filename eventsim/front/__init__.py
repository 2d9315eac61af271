"""
The HTTP server: one ASGI application for everything that a run serves on one port.

A front is found by the name of the host (``shop.localhost``, or the one that it has on AWS), by
the path ``/_fronts/<name>/…``, or, where it is the only one, by any other request.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount

from eventsim.front.calling import PushCalling
from eventsim.front.finding import PREFIX, Finding
from eventsim.front.serving import FrontApp
from eventsim.types import Front

__all__ = ["PREFIX", "Finding", "PushCalling", "Served", "application", "finding", "urls"]


@dataclass(frozen=True, slots=True)
class Served:
    """A front, and how it invokes functions."""

    front: Front
    calling: PushCalling

    def app(self) -> FrontApp:
        """It as an application."""
        return FrontApp(self.front, self.calling)


def application(served: Sequence[Served], more: Iterable[BaseRoute] = ()) -> Starlette:
    """The application that serves these fronts, after *more* routes of others."""
    return Starlette(routes=[*more, Mount("/", app=finding(served))])


def finding(served: Sequence[Served]) -> Finding:
    """An application over these fronts, to which more can be added."""
    return Finding({each.front.name: each.app() for each in served})


def urls(served: Sequence[Served], base: str) -> Mapping[str, str]:
    """The address of each front by its name, below that of the server."""
    if len(served) == 1:
        front = served[0].front
        return {front.name: f"{base}{front.root}/"}
    return {
        each.front.name: f"{base}{PREFIX}{each.front.name}{each.front.root}/" for each in served
    }
