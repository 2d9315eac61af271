"""
The one stage of a process: whose environment variables, folder, modules, logging and output
are those of the process right now.

An execution environment that was called stays on the stage; only when another is called, or
its runtime stops, is its state put away. The process's own stdout, stderr and log handlers are
back after each call.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
from asyncio.events import _get_running_loop, _set_running_loop
from collections.abc import Callable, Mapping
from contextvars import Context
from typing import Any, TypeVar

from eventsim.errors import HandlerStuck
from eventsim.runtimes._capture import Capture, Log, LogHandler
from eventsim.runtimes._logging import LoggingState
from eventsim.runtimes._loops import LoopPolicy
from eventsim.runtimes._modules import FolderModules
from eventsim.runtimes._trace_id import hide
from eventsim.runtimes._watchdog import Interrupted, Watchdog

T = TypeVar("T")
Variables = Callable[[Mapping[str, str]], dict[str, str]]  # from those of the process


class ProcessState:
    """Everything process-wide that belongs to one environment, or to the process itself."""

    __slots__ = ("_cwd", "_path", "_session", "_variables", "logging")

    def __init__(self) -> None:
        self._variables: dict[bytes, bytes] = {}
        self._cwd: str | None = None
        self._path: list[str] = []
        self._session: Any = None
        self.logging = LoggingState()

    def for_actor(self, variables: Variables, folder: str | None) -> ProcessState:
        """The state in which an environment begins, where this is that of the process."""
        state = ProcessState()
        state._variables = _encoded(variables(_decoded(self._variables)))
        state._cwd = folder or self._cwd
        state._path = _with_first(folder, self._path) if folder else list(self._path)
        state.logging = self.logging.for_function(LogHandler(CAPTURE))
        return state

    def record(self) -> None:
        """Remember the present state."""
        self._variables = _DATA.copy()
        self._cwd = _cwd()
        self._path = sys.path.copy()
        self._session = _default_session(None)
        self.logging.record()

    def restore(self, before: ProcessState) -> None:
        """Make the remembered state the present one, which *before* has just recorded."""
        if self._variables != _DATA:
            for name in _DATA.keys() - self._variables.keys():
                del os.environb[name]
            for name, value in self._variables.items() - _DATA.items():
                os.environb[name] = value
        sys.path[:] = self._path
        _default_session(self._session)
        self.logging.restore()
        if self._cwd is not None and self._cwd != before._cwd:
            os.chdir(self._cwd)


# What os.environ and os.environb both stand on: copied and compared without a call per variable.
_DATA: dict[bytes, bytes] = vars(os.environ)["_data"]


_CODING = sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()  # os.fsencode's, at hand


def _decoded(variables: Mapping[bytes, bytes]) -> dict[str, str]:
    return {name.decode(*_CODING): value.decode(*_CODING) for name, value in variables.items()}


def _encoded(variables: Mapping[str, str]) -> dict[bytes, bytes]:
    return {name.encode(*_CODING): value.encode(*_CODING) for name, value in variables.items()}


def _with_first(folder: str, path: list[str]) -> list[str]:
    return [folder, *(entry for entry in path if entry not in {folder, ""})]


def _cwd() -> str | None:
    try:
        return os.getcwd()  # noqa: PTH109  # a text, for chdir
    except FileNotFoundError:
        return None


def _default_session(session: Any) -> Any:
    """Give boto3 this default session and return the one it had: it remembers credentials."""
    boto3 = sys.modules.get("boto3")
    if boto3 is None:
        return None
    before = getattr(boto3, "DEFAULT_SESSION", None)
    boto3.DEFAULT_SESSION = session  # type: ignore[attr-defined]  # found at run time
    return before


class Actor:
    """An execution environment as the stage sees it.

    ``context`` holds the context variables that handlers set: they last as long as globals.
    """

    __slots__ = (
        "context",
        "folder",
        "function",
        "loops",
        "modules",
        "state",
        "variables",
        "watchdog_seconds",
    )

    def __init__(
        self,
        function: str,
        variables: Variables,
        folder: str | None,
        watchdog_seconds: float | None,
    ) -> None:
        self.function, self.folder, self.variables = function, folder, variables
        self.watchdog_seconds = watchdog_seconds
        self.context = Context()
        self.modules = FolderModules(folder) if folder else None
        self.loops = LoopPolicy()
        self.state: ProcessState | None = None


class Stage:
    """One call at a time, each with its actor's state around it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ending = threading.Lock()
        self._owner: int | None = None
        self._actor: Actor | None = None
        self._host = self._state = ProcessState()
        self._policy: asyncio.AbstractEventLoopPolicy | None = None
        self._turn = 0
        self._watchdog = Watchdog()

    def call(self, actor: Actor, log: Log, work: Callable[..., T], *arguments: Any) -> T:
        """Run *work* as *actor* and return what it returns.

        Raises HandlerStuck when the watchdog had to end it, CtrlC when that came meanwhile.
        """
        thread = threading.get_ident()
        if self._owner == thread:
            raise RuntimeError("a handler that runs inline cannot call an inline function itself")
        self._lock.acquire()
        turn = self._turn = self._turn + 1
        try:
            if self._actor is not actor:
                self._enter(actor)
            loop = _get_running_loop()
            self._begin(actor, log, thread)
            _set_running_loop(None)
            try:
                try:
                    self._watchdog.begin(actor.watchdog_seconds, thread)
                    return actor.context.run(work, *arguments)
                finally:
                    self._watchdog.end()
            finally:
                _set_running_loop(loop)
        except KeyboardInterrupt:
            self._watchdog.end()  # again: Ctrl-C may have come before it was through
            raise
        except Interrupted:
            raise HandlerStuck(actor.function, actor.watchdog_seconds or 0.0) from None
        finally:
            with self._ending:
                if self._turn == turn:
                    self._end(actor)

    def host_variables(self) -> dict[str, str]:
        """The environment variables of the process itself, whoever is on the stage."""
        return _decoded(_DATA.copy() if self._actor is None else self._host._variables)

    def dismiss(self, actor: Actor) -> None:
        """Take *actor* off the stage; if its call still runs in a thread, that call is over."""
        with self._ending:
            if self._actor is not actor:
                return
            if self._owner is not None:
                self._turn += 1
                self._end(actor)
        with self._lock:
            if self._actor is actor:
                self._leave()

    def _begin(self, actor: Actor, log: Log, thread: int) -> None:
        host, root = CAPTURE.host, logging.root
        host.stdout, host.stderr, host.handlers = sys.stdout, sys.stderr, root.handlers
        CAPTURE.log = log
        sys.stdout, sys.stderr = CAPTURE.stdout, CAPTURE.stderr
        root.handlers = self._state.logging.handlers
        self._policy = asyncio.get_event_loop_policy()
        asyncio.set_event_loop_policy(actor.loops)
        actor.loops.thread = thread
        self._owner = thread

    def _end(self, actor: Actor) -> None:
        if self._owner is not None:
            host, root = CAPTURE.host, logging.root
            self._state.logging.handlers, root.handlers = root.handlers, host.handlers
            sys.stdout, sys.stderr = host.stdout, host.stderr
            asyncio.set_event_loop_policy(self._policy)
            CAPTURE.log = None
            self._owner = None
        try:
            if actor.modules is not None and actor.modules.hidden and self._actor is actor:
                self._leave()  # the process may need, between calls, what is out of its sight
        finally:
            self._lock.release()

    def _enter(self, actor: Actor) -> None:
        if self._actor is None:
            self._host.record()
            self._host.logging.record_loggers()
            self._watchdog.start()
        else:
            self._put_away()
        try:
            if actor.state is None:
                actor.state = self._host.for_actor(actor.variables, actor.folder)
            actor.state.restore(self._state)
            if actor.modules is not None:
                actor.modules.enter()
        except BaseException:
            self._give_back()
            raise
        self._actor, self._state = actor, actor.state

    def _leave(self) -> None:
        try:
            self._put_away()
        finally:
            self._give_back()

    def _give_back(self) -> None:
        before, self._actor, self._state = self._state, None, self._host
        self._watchdog.stop()
        self._host.restore(before)

    def _put_away(self) -> None:
        hide()  # it is of the call, not of the environment
        if self._actor is not None and self._actor.modules is not None:
            self._actor.modules.leave()
        self._state.record()


CAPTURE = Capture()
STAGE = Stage()
