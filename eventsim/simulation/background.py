"""Where work goes on that outlives its beginner."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import anyio
from anyio.abc import TaskGroup

from eventsim.errors import EventsimError


class Background:
    """The task group of a run, once it has one."""

    def __init__(self) -> None:
        self._tasks: TaskGroup | None = None
        self._ended = False

    def begin(self, tasks: TaskGroup) -> None:
        """From now on work goes on in *tasks*."""
        self._tasks = tasks

    def end(self) -> None:
        """The run is over, and nothing begins any more."""
        self._ended = True

    def start_soon(self, work: Callable[..., Coroutine[Any, Any, Any]], *given: Any) -> None:
        """Start *work* as a task. Raises EventsimError before the run and after it."""
        if self._ended:
            raise EventsimError("the run has ended; do this while run(meanwhile) lasts")
        if self._tasks is None:
            raise EventsimError("nothing runs in the background yet; call run() first")
        self._tasks.start_soon(work, *given)


class InFlight:
    """What services have on its way, so that a run ends after the last of it.

    What is begun before the run waits for it.
    """

    def __init__(self, background: Background) -> None:
        self._background = background
        self._waiting: list[tuple[Callable[..., Coroutine[Any, Any, Any]], tuple[Any, ...]]] = []
        self._running = False
        self._open = 0
        self._idle = anyio.Event()

    def __len__(self) -> int:
        """How much is on its way."""
        return self._open

    def begin(self) -> None:
        """The run has begun: start what waits for it."""
        self._running = True
        for work, given in self._waiting:
            self._background.start_soon(self._work, work, *given)
        self._waiting.clear()

    def start_soon(self, work: Callable[..., Coroutine[Any, Any, Any]], *given: Any) -> None:
        """Start *work* as a task, once there is a run. Raises EventsimError after it."""
        if self._running:
            self._background.start_soon(self._work, work, *given)
        else:
            self._waiting.append((work, given))
        self._open += 1

    async def idle(self) -> None:
        """Return when nothing is on its way."""
        while self._open:
            self._idle = anyio.Event()
            await self._idle.wait()

    async def _work(self, work: Callable[..., Coroutine[Any, Any, Any]], *given: Any) -> None:
        try:
            await work(*given)
        finally:
            self._open -= 1
            if not self._open:
                self._idle.set()
