"""Where work goes on that outlives its beginner."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from anyio.abc import TaskGroup

from eventsim.errors import EventsimError


class Background:
    """The task group of a run, once it has one."""

    def __init__(self) -> None:
        self._tasks: TaskGroup | None = None

    def begin(self, tasks: TaskGroup) -> None:
        """From now on work goes on in *tasks*."""
        self._tasks = tasks

    def start_soon(self, work: Callable[..., Coroutine[Any, Any, Any]], *given: Any) -> None:
        """Start *work* as a task. Raises EventsimError before the run."""
        if self._tasks is None:
            raise EventsimError("nothing runs in the background yet; call run() first")
        self._tasks.start_soon(work, *given)
