"""Builders that several events share: all of a source's that differ in little."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Build = Callable[..., dict[str, Any]]


def named(name: str, says: str) -> Callable[[Build], Build]:
    """Call a builder by the name of its event, and let it say what that is."""

    def call(build: Build) -> Build:
        build.__name__, build.__doc__ = name, says
        return build

    return call
