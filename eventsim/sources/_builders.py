"""Builders that several events share: all of a source's that differ in little."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from inspect import signature
from typing import Any, Concatenate, ParamSpec, TypeVar

P = ParamSpec("P")
F = TypeVar("F")
Event = dict[str, Any]


def named(name: str, says: str) -> Callable[[Callable[P, Event]], Callable[P, Event]]:
    """Call a builder by the name of its event, and let it say what that is."""

    def call(build: Callable[P, Event]) -> Callable[P, Event]:
        build.__name__, build.__doc__ = name, says
        return build

    return call


def variant(
    build: Callable[Concatenate[F, P], Event], first: F, name: str, says: str
) -> Callable[P, Event]:
    """The builder of one event: *build* with its first argument, which says how it differs."""

    @named(name, says)
    @wraps(build)
    def made(*scene: P.args, **parameters: P.kwargs) -> Event:
        return build(first, *scene, **parameters)

    made.__signature__ = signature(  # type: ignore[attr-defined]  # which inspect looks for
        partial(build, first)
    )
    return made
