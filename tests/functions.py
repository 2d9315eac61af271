"""Functions for tests: an invoker with everything behind it, and what it wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from anyio.abc import TaskGroup

from eventsim.clock import Clock
from eventsim.environments import Environments
from eventsim.event_queue import EventQueue
from eventsim.ids import Chance
from eventsim.invokers.local import LocalInvoker
from eventsim.journal import Detail, Journal
from eventsim.journal.sinks import MemorySink
from eventsim.runtimes.inline import InlineRuntimes
from eventsim.types import Function, InvokeRequest, InvokeResult, Payload

HANDLERS = str(Path(__file__).parent / "handlers")
ARN = "arn:aws:lambda:us-east-1:123456789012:function:"


def function(handler: Any, name: str = "f", **configuration: Any) -> Function:
    """A function of ``tests/handlers``, or around a callable."""
    configuration.setdefault("code_uri", HANDLERS if isinstance(handler, str) else None)
    return Function(name, handler, **configuration)


def request(event: Any = None, name: str = "f", **parameters: Any) -> InvokeRequest:
    """A request with this event, under request id ``r``."""
    asked = InvokeRequest(name, Payload(lambda: json.loads(json.dumps(event))), "r")
    return asked._replace(**parameters)


@dataclass
class Local:
    """An invoker and what is behind it. ``logged`` has function and line of all that was shown."""

    invoker: LocalInvoker
    environments: Environments
    sink: MemorySink
    logged: list[tuple[str, str]] = field(default_factory=list)

    async def answer(self, event: Any = None, **parameters: Any) -> Any:
        """What the function answered, decoded."""
        return json.loads((await self.invoke(event, **parameters)).payload)

    async def invoke(self, event: Any = None, **parameters: Any) -> InvokeResult:
        return await self.invoker.invoke(request(event, **parameters))

    def entries(self, *kinds: str) -> list[dict[str, Any]]:
        """The fields of the entries of these kinds, with their time."""
        return [
            {"time": entry.time, **entry.fields}
            for entry in self.sink.entries
            if entry.kind in kinds
        ]

    def kinds(self) -> list[str]:
        return [entry.kind for entry in self.sink.entries]


@contextmanager
def local(
    clock: Clock,
    *functions: Function,
    tasks: TaskGroup | None = None,
    detail: Detail = "batch",
    settings: dict[str, Any] | None = None,
    **options: Any,
) -> Iterator[Local]:
    """Set it all up; *settings* are those of the environments, *options* of the runtimes."""
    sink, logged = MemorySink(), list[tuple[str, str]]()
    journal = Journal(clock, detail=detail, sinks=[sink])
    runtimes = InlineRuntimes(clock, **options)
    environments = Environments(
        functions,
        runtimes,
        clock=clock,
        journal=journal,
        chance=Chance(0),
        on_log=lambda name, line: logged.append((name, line)),
        **(settings or {}),
    )
    try:
        accept = None
        if tasks:
            queue = EventQueue(environments, journal, tasks.start_soon, clock, Chance(0))
            accept = queue.accept
        yield Local(LocalInvoker(environments, journal, accept), environments, sink, logged)
    finally:
        environments.close()
        runtimes.close()
