"""What to run for a function, and what its language calls things."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from eventsim.errors import EventsimError
from eventsim.rules import function_errors
from eventsim.runtimes import Init
from eventsim.runtimes._stage import STAGE
from eventsim.types import Function


def unchanged(text: bytes) -> bytes:
    return text


@dataclass(frozen=True, slots=True)
class Program:
    """A command line that speaks the Runtime API.

    ``runtime`` is what AWS_EXECUTION_ENV names, None for a runtime of one's own. ``named`` gives
    the files in an error the names that they have on Lambda; ``logged`` mends what was written.
    ``entrypoint`` is what the command is called on Lambda, where the function brings it.
    """

    command: tuple[str, ...]
    folder: str
    runtime: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    named: Callable[[bytes], bytes] = unchanged
    logged: Callable[[bytes], bytes] = unchanged
    out_of_memory: str = function_errors.EXITED
    entrypoint: str | None = None


def program_at(function: Function, name: str, folder: str) -> str:
    """The path of a program: in the code folder if it has a slash, else on PATH.

    Raises EventsimError when there is none.
    """
    path = os.path.join(folder, name) if "/" in name else name  # noqa: PTH118  # ./a stays a text
    found = shutil.which(path, path=STAGE.host_variables().get("PATH"))
    if found is None:
        where = "in the code folder" if "/" in name else "on PATH"
        raise EventsimError(
            f"function '{function.name}': there is no program '{name}' {where} to run it"
        )
    return found


Choose = Callable[[Init], Program]
