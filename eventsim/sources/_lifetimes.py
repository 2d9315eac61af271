"""How what is made at a back end with an API begins, and how it ends with the back end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from eventsim.backends import Backend
from eventsim.errors import BackendError, ServiceError, Unreachable

STATUS_CHECKS_MAX = 120


async def until_active(
    what: str, status: str, describe: Callable[[], Awaitable[dict[str, Any]]], backend: Backend
) -> dict[str, Any]:
    """Return what *describe* tells of *what*, once its field *status* is ACTIVE.

    Raises BackendError when it is not after two minutes of looking once a second.
    """
    for _ in range(STATUS_CHECKS_MAX):
        told = await describe()
        if told[status] == "ACTIVE":
            return told
        await backend.clock.sleep(1.0)
    raise BackendError(f"{what} is still {told[status]}, not ACTIVE")


def undo_on_close(backend: Backend, undo: Callable[[], Awaitable[Any]]) -> None:
    """Await *undo* when the back end is closed, whether there is anything left to undo or not."""

    async def undone() -> None:
        with suppress(ServiceError, Unreachable):  # somebody else was faster, or it is all gone
            await undo()

    backend.on_close(undone)
