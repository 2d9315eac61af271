"""Ctrl-C for verbs that work until somebody stops them: asked once they finish, twice they end."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable

import anyio
import anyio.abc

from eventsim.errors import EventsimError, HandlerStuck

SIGNALS = (signal.SIGINT, signal.SIGTERM)
ENDINGS = (EventsimError, HandlerStuck, KeyboardInterrupt, BrokenPipeError)

Stop = Callable[[signal.Signals], None]


async def until_signal(work: Callable[[], Awaitable[object]], stop: Stop) -> bool:
    """Do *work* to its end; whether a signal was it.

    *stop* is told of the first signal, and what is in flight is finished; a second one ends the
    work at once. Raises KeyboardInterrupt for the second, and what the work raises.
    """
    pressed: list[signal.Signals] = []
    failure: BaseException | None = None
    async with anyio.create_task_group() as tasks:
        await tasks.start(_hear, stop, pressed, tasks.cancel_scope)
        try:
            await work()
        except ENDINGS as error:
            failure = error  # a task group would wrap it
        tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure
    if len(pressed) > 1:
        raise KeyboardInterrupt
    return bool(pressed)


async def _hear(
    stop: Stop,
    pressed: list[signal.Signals],
    scope: anyio.CancelScope,
    *,
    task_status: anyio.abc.TaskStatus[None],
) -> None:
    with anyio.open_signal_receiver(*SIGNALS) as signals:
        task_status.started()
        async for number in signals:
            pressed.append(number)
            if len(pressed) > 1:
                scope.cancel()
                return
            stop(number)
