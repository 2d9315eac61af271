"""A scenario with nothing but one function, for the verbs that are given a handler."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eventsim.errors import EventsimError
from eventsim.scenario import Scenario


def code_folder(code_uri: str) -> Path:
    """The folder that ``--code-uri`` names. Raises EventsimError."""
    folder = Path(code_uri)
    if not folder.is_dir():
        raise EventsimError(f"--code-uri {folder} is no folder")
    return folder


def scenario_of(
    function: str,
    folder: Path,
    *,
    handler: str,
    timeout: int,
    memory_size: int,
    async_handler: bool,
    properties: Mapping[str, Any] | None = None,
    **values: Any,
) -> Scenario:
    """A scenario in real time whose only *function* has its code in *folder*.

    *properties* are the function's other keys, *values* the scenario's. Raises ScenarioError.
    """
    block = {
        "Handler": handler,
        "CodeUri": ".",
        "Timeout": timeout,
        "MemorySize": memory_size,
        "async_handler": async_handler,
        **(properties or {}),
    }
    return Scenario.of({"time": "real", "functions": {function: block}, **values}, folder)
