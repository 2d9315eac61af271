"""
anyio cancels the tasks of a group in the order they were started, in virtual time.

anyio on asyncio keeps tasks and cancel scopes in sets, whose order is that of memory
addresses: two runs of one program cancel in two orders. While a virtual loop exists, the name
``set`` in anyio's backend module means an ordered set. A probe shows that it worked.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable
from importlib.metadata import version
from types import ModuleType
from typing import Any

import anyio

from eventsim.errors import UnsupportedVersion

_PROBES = 64

_lock = threading.Lock()
_users = 0
_probed = False


class OrderedSet(dict[Any, None]):
    """A set in the order of insertion, as far as anyio uses sets.

    ``add`` and ``remove`` are dict's own, since they are called for every task there is.
    """

    __slots__ = ()

    def __init__(self, members: Iterable[Any] = ()) -> None:
        for member in members:
            self[member] = None

    add = dict.setdefault
    remove = dict.__delitem__

    def discard(self, member: Any) -> None:
        self.pop(member, None)


def order_cancellation() -> Callable[[], None]:
    """Make anyio cancel in order until the function returned has been called as often as this.

    Raises UnsupportedVersion when the installed anyio still cancels in another order.
    """
    global _users, _probed
    with _lock:
        backend = _backend()
        vars(backend)["set"] = OrderedSet
        _users += 1
        try:
            if not _probed:
                _check_attributes(backend)
                _check_probe()
                _probed = True
        except BaseException:
            _release()
            raise
    return _Restore()


class _Restore:
    """Undoes one ``order_cancellation``, once."""

    def __init__(self) -> None:
        self._done = False

    def __call__(self) -> None:
        with _lock:
            if not self._done:
                self._done = True
                _release()


def _release() -> None:
    global _users
    _users -= 1
    if not _users:
        vars(_backend()).pop("set", None)


def _backend() -> ModuleType:
    from anyio._backends import _asyncio

    return _asyncio


def _check_attributes(backend: ModuleType) -> None:
    for kind, names in (("CancelScope", ("_tasks", "_child_scopes")), ("TaskGroup", ("_tasks",))):
        made = getattr(backend, kind, object)()
        for name in names:
            if not isinstance(getattr(made, name, None), OrderedSet):
                raise _unsupported(f"{kind}.{name} is not a set that can be replaced")


def _check_probe() -> None:
    """Cancel a group of tasks on a loop of its own and look at the order they end in."""
    ended: list[int] = []

    async def wait(number: int) -> None:
        try:
            await anyio.Event().wait()
        finally:
            ended.append(number)

    async def cancel_many() -> None:
        async with anyio.create_task_group() as group:
            for number in range(_PROBES):
                group.start_soon(wait, number)
            await anyio.lowlevel.checkpoint()
            group.cancel_scope.cancel()

    loop = asyncio.SelectorEventLoop()
    try:
        loop.run_until_complete(cancel_many())
    finally:
        loop.close()
    if ended != list(range(_PROBES)):
        raise _unsupported("a cancelled group does not end in the order it was started")


def _unsupported(why: str) -> UnsupportedVersion:
    return UnsupportedVersion(
        f"anyio {version('anyio')} cannot run in virtual time: {why}; install anyio 4.16, "
        "or run in real time"
    )
