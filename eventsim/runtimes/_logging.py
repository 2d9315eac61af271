"""
The state of Python's logging, which a function may set up as it likes.

The root's level and the loggers that a function makes belong to its environment. What it
changes on the loggers of the process is put back when the process has the stage again.
"""

from __future__ import annotations

import logging
from typing import Any

_ATTRIBUTES = ("level", "propagate", "disabled")


class LoggingState:
    """Level, loggers and handlers of one environment, or of the process itself."""

    __slots__ = ("_disable", "_level", "_loggers", "_settings", "handlers")

    def __init__(self) -> None:
        self.handlers: list[logging.Handler] = []
        self._disable = 0
        self._level = logging.WARNING
        self._loggers: dict[str, Any] = {}
        self._settings: list[tuple[logging.Logger, dict[str, Any]]] = []

    def for_function(self, handler: logging.Handler) -> LoggingState:
        """The state in which a function begins, where this is that of the process."""
        state = LoggingState()
        state.handlers = [handler]
        state._loggers = dict(self._loggers)
        return state

    def record(self) -> None:
        """Remember the present state; the root's handlers are swapped around each call."""
        manager = logging.root.manager
        self._disable, self._level = manager.disable, logging.root.level
        self._loggers = manager.loggerDict

    def record_loggers(self) -> None:
        """Remember the settings of every logger too."""
        self._settings = [
            (logger, _settings(logger))
            for logger in logging.root.manager.loggerDict.values()
            if isinstance(logger, logging.Logger)
        ]

    def restore(self) -> None:
        """Make the remembered state the present one."""
        manager = logging.root.manager
        manager.loggerDict = self._loggers
        manager.disable = self._disable
        for logger, settings in self._settings:
            for name, value in settings.items():
                setattr(logger, name, value)
        self._settings = []
        logging.root.setLevel(self._level)  # forgets what the loggers remember of levels


def _settings(logger: logging.Logger) -> dict[str, Any]:
    settings: dict[str, Any] = {name: getattr(logger, name) for name in _ATTRIBUTES}
    return settings | {"handlers": list(logger.handlers), "filters": list(logger.filters)}
