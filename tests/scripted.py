"""An API that answers from a script, and notes when it was asked for what.

It stands behind a Backend as moto's clients and AWS's do, so that each answer comes at its time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from eventsim.backends import Backend
from eventsim.clock import Clock


class ScriptedApi:
    """Gives the next answer of each operation's script; the last one again and again."""

    def __init__(self, **scripts: list[Any]) -> None:
        self.scripts = scripts
        self.asked: list[tuple[float, str, dict[str, Any]]] = []
        self.time: Callable[[], float] = float

    async def call(self, service: str, operation: str, parameters: dict[str, Any]) -> Any:
        self.asked.append((self.time(), f"{service}.{operation}", parameters))
        script = self.scripts[operation]
        answer = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def client(self, service: str) -> Any:
        raise NotImplementedError

    def backend(self, clock: Clock) -> Backend:
        """A back end that asks this API, at the times of *clock*."""
        self.time = clock.time
        return Backend("endpoint", clock, "123456789012", "us-east-1", self)

    def times(self, operation: str) -> list[float]:
        return [time for time, asked, _ in self.asked if asked.endswith(f".{operation}")]

    def parameters(self, operation: str) -> list[dict[str, Any]]:
        return [given for _, asked, given in self.asked if asked.endswith(f".{operation}")]
