"""
Work that goes on behind the API: what fails in it ends nothing else, and is told.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from anyio.abc import TaskGroup, TaskStatus

from eventsim.errors import EventsimError
from eventsim.journal import Journal
from eventsim.simulation.failing import first_of_ours

Work = Callable[..., Coroutine[Any, Any, Any]]


class Working:
    """Starts work in a task group that is there as long as the server is."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._tasks: TaskGroup | None = None

    def begin(self, tasks: TaskGroup) -> None:
        """From now on work goes on in *tasks*."""
        self._tasks = tasks

    def start_soon(self, work: Work, *given: Any) -> None:
        """Start *work*; an EventsimError that it raises is told in the journal."""
        self._group.start_soon(self._guarded, work, given)

    async def start(
        self, on_error: Callable[[EventsimError], None], work: Work, *given: Any
    ) -> Any:
        """Start *work* and return once it has started; what it raises later is *on_error*'s.

        Raises what it raises before that.
        """
        return await self._group.start(self._watched, on_error, work, given)

    @property
    def _group(self) -> TaskGroup:
        if self._tasks is None:
            raise EventsimError("nothing runs in the background yet; the server is not up")
        return self._tasks

    async def _guarded(self, work: Work, given: tuple[Any, ...]) -> None:
        error = await _failure(work, *given)
        if error is not None:
            self.tell(error)

    def tell(self, error: EventsimError) -> None:
        """Tell what went wrong behind the API."""
        self._journal.write("work_failed", str(error), error_type=type(error).__name__)

    async def _watched(
        self,
        on_error: Callable[[EventsimError], None],
        work: Work,
        given: tuple[Any, ...],
        *,
        task_status: TaskStatus[Any],
    ) -> None:
        started = _Started(task_status)
        error = await _failure(work, *given, task_status=started)
        if error is None:
            return
        if not started.is_started:
            raise error
        on_error(error)


class _Started:
    """A task status that remembers whether the task has started."""

    def __init__(self, status: TaskStatus[Any]) -> None:
        self._status, self.is_started = status, False

    def started(self, value: Any = None) -> None:
        self.is_started = True
        self._status.started(value)


async def _failure(work: Work, *given: Any, **more: Any) -> EventsimError | None:
    """Do the work; the EventsimError that ended it, if one did. Raises anything else."""
    try:
        await work(*given, **more)
    except EventsimError as error:
        return error
    except BaseExceptionGroup as group:
        first = first_of_ours(group)
        if not isinstance(first, EventsimError):
            raise
        return first
    return None


class Starter:
    """What a mapping's poller is started in; *on_error* is told what ends it too early."""

    def __init__(self, working: Working, on_error: Callable[[EventsimError], None]) -> None:
        self._working, self._on_error = working, on_error

    async def start(self, work: Work, *given: Any, name: object = None) -> Any:
        """Start it, as a task group does."""
        return await self._working.start(self._on_error, work, *given)
