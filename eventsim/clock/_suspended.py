"""Where every task of a loop is suspended, for the person who has to find out why."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import PurePath
from types import FrameType
from typing import Any

_LIBRARIES = {"asyncio", "anyio", "concurrent", "contextlib", "eventsim.clock"}
_TASKS_MAX = 20


def where_tasks_wait(loop: asyncio.AbstractEventLoop) -> str:
    """Name the tasks that wait and the line of the program that each waits in, sorted."""
    lines = sorted(
        f"task '{task.get_name()}' waits at {_place(task)}"
        for task in asyncio.all_tasks(loop)
        if not task.done()
    )
    more = len(lines) - _TASKS_MAX
    rest = [f"and {more} more tasks"] if more > 0 else []
    return "\n  ".join(
        [
            "virtual time cannot go on: nothing is ready, nothing is due, no real work is held "
            "(real work belongs inside 'async with clock.hold()')",
            *lines[:_TASKS_MAX],
            *rest,
        ]
    )


def _place(task: asyncio.Task[Any]) -> str:
    frames = list(_frames(task.get_coro()))
    own = [frame for frame in frames if not _is_library(frame)]
    for frame in (own or frames)[-1:]:
        return f"{_path(frame)}:{frame.f_lineno} in {frame.f_code.co_qualname}"
    return "an unknown place"


def _frames(awaited: Any) -> Iterator[FrameType]:
    """The frames of a suspended coroutine, outermost first."""
    while awaited is not None:
        for kind in ("cr", "gi", "ag"):
            frame = getattr(awaited, f"{kind}_frame", None)
            if frame is not None:
                yield frame
                break
        else:
            return
        awaited = getattr(awaited, "gi_yieldfrom" if kind == "gi" else f"{kind}_await", None)


def _is_library(frame: FrameType) -> bool:
    name = str(frame.f_globals.get("__name__", ""))
    return any(name == library or name.startswith(f"{library}.") for library in _LIBRARIES)


def _path(frame: FrameType) -> str:
    """The file, from the package down: no message of ours names a folder of this machine."""
    path = PurePath(frame.f_code.co_filename)
    depth = str(frame.f_globals.get("__name__", "")).count(".") + 1
    return "/".join(path.parts[-depth - (path.name == "__init__.py") :])
