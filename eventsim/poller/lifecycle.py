"""
An event source mapping from its creation to its deletion, and the poller that works while it is
enabled.

https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html

Where AWS is silent: a change takes effect as soon as what is in flight is finished, so a state on
the way (Creating, Updating, Disabling …) lasts no longer than that. A batch that was waiting to
be sent again is read anew from the checkpoint, with all its retries.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any, Protocol

import anyio
from anyio.abc import TaskStatus

from eventsim.errors import MappingRefused
from eventsim.journal import Journal
from eventsim.rules.mapping_errors import Refusal, mapping_missing
from eventsim.rules.mapping_states import State, created, deleted, transition_reason, updated
from eventsim.types import EventSourceMapping, MappingKind


class MappingPoller(Protocol):
    """A poller of a stream or of a queue, made for one mapping as it is set at the moment."""

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Return when there is nothing left to poll, or when stopped."""

    def stop(self) -> None:
        """Read and send nothing more; ``run`` returns when what is in flight is finished."""


class Starts(Protocol):
    """Where a poller works; a task group is one."""

    async def start(
        self, func: Callable[..., Coroutine[Any, Any, Any]], /, *args: Any, name: object = None
    ) -> Any:
        """Start *func* and return once it says that it has started."""


class MappingLifecycle:
    """One mapping of a run: its settings, its state, and its poller if it is enabled.

    *check* raises MappingRefused for a change, from one mapping to the other, that Lambda does
    not take; *on_delete* is told when the mapping is gone.
    """

    def __init__(
        self,
        mapping: EventSourceMapping,
        kind: MappingKind,
        make_poller: Callable[[EventSourceMapping], MappingPoller],
        journal: Journal,
        check: Callable[[EventSourceMapping, EventSourceMapping], None],
        on_delete: Callable[[], None],
    ) -> None:
        self.mapping = mapping
        self.state: State | None = None
        self.kind = kind
        self.on_stream = not kind.is_queue
        self._make_poller, self._journal = make_poller, journal
        self._check, self._on_delete = check, on_delete
        self._tasks: Starts | None = None
        self._poller: MappingPoller | None = None
        self._scope = anyio.CancelScope()
        self._idle = anyio.Event()
        self._restarting = anyio.Lock(fast_acquire=True)  # no transition that AWS knows of

    async def create(self, tasks: Starts) -> None:
        """Create the mapping; its poller works in *tasks*. It has started when this returns."""
        self._tasks = tasks
        await self._enter(created(self.kind, self.mapping.enabled), "the scenario says so")

    async def update(self, **changes: Any) -> None:
        """Change settings, by the names of EventSourceMapping's fields.

        Returns when they are in effect. Raises MappingRefused for what Lambda does not take,
        while the mapping is in transition, and when it is gone.
        """
        async with self._restarting:
            states = self._allowed(updated(self._now(), changes.get("enabled")))
            self._check(self.mapping, replace(self.mapping, **changes))
            self._tell(states[0], transition_reason(self.kind))
        await self._stop()
        self.mapping = replace(self.mapping, **changes)
        await self._enter(states[1:], transition_reason(self.kind))

    async def restart(self) -> None:
        """Break the poller off as a crash would, and start another behind the checkpoint."""
        async with self._restarting:
            if self.state != "Enabled" or self._poller is None:
                return
            self._scope.cancel()
            await self._idle.wait()
            self._tell("Enabled", "the poller crashed, and another goes on behind the checkpoint")
            await self._start()

    async def delete(self) -> None:
        """Delete the mapping. Raises MappingRefused in transition, or when it is gone already."""
        async with self._restarting:
            states = self._allowed(deleted(self._now()))
            self._tell(states[0], transition_reason(self.kind))
        await self._stop()
        self.state = None
        self._on_delete()

    async def stop(self) -> None:
        """End the polling; what is in flight is finished. The mapping itself stays as it is."""
        async with self._restarting:
            await self._stop()

    def _now(self) -> State:
        if self.state is None:
            raise _refused(mapping_missing())
        return self.state

    def _allowed(self, states: Sequence[State] | Refusal) -> Sequence[State]:
        if isinstance(states, Refusal):
            raise _refused(states)
        return states

    async def _enter(self, states: Sequence[State], because: str) -> None:
        for state in states:
            if state == "Enabled":
                await self._start()
            self._tell(state, because)

    async def _start(self) -> None:
        if self._tasks is None:
            raise RuntimeError("a mapping is created before it polls")
        self._poller = self._make_poller(self.mapping)
        self._scope, self._idle = anyio.CancelScope(), anyio.Event()
        await self._tasks.start(self._poll, self._poller, name=self.mapping.name)

    async def _poll(
        self, poller: MappingPoller, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        idle = self._idle
        try:
            with self._scope:
                await poller.run(task_status=task_status)
        finally:
            idle.set()

    async def _stop(self) -> None:
        if self._poller is not None:
            self._poller.stop()
            await self._idle.wait()
            self._poller = None

    def _tell(self, state: State, because: str) -> None:
        self.state = state
        self._journal.write(
            "mapping_changed",
            because,
            mapping=self.mapping.name,
            state=state,
            function=self.mapping.function_name,
            source=self.mapping.source,
        )


def _refused(refusal: Refusal) -> MappingRefused:
    return MappingRefused(refusal.code, refusal.message, refusal.field, refusal.reason)
