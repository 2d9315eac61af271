"""What to run for a function, and what its language calls things."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from eventsim.rules import function_errors
from eventsim.runtimes import Init


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


Choose = Callable[[Init], Program]
