"""
Scenarios: a YAML file, or plain values from Python, as a model whose every part agrees.

``load(find("04"))`` reads a scenario and raises ScenarioError with all of its faults at once,
each with line, column and what would be right. ``schema()`` is the format as JSON Schema.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from eventsim.errors import Fault, ScenarioError
from eventsim.scenario.block import Block, Step, keys
from eventsim.scenario.changing import changed
from eventsim.scenario.document import BYTES_MAX, lesson, parse
from eventsim.scenario.expectation import Expectation
from eventsim.scenario.model import Origin, Resource, Scenario
from eventsim.scenario.project import find, project_folder
from eventsim.scenario.schema import schema
from eventsim.scenario.teaching import Lesson
from eventsim.scenario.times import Time

__all__ = [
    "Block",
    "Expectation",
    "Lesson",
    "Origin",
    "Resource",
    "Scenario",
    "Step",
    "Time",
    "find",
    "load",
    "schema",
]


def load(path: Path | str, changes: Sequence[str] = ()) -> Scenario:
    """Read the scenario in a file, changed as ``PATH=VALUE`` says.

    Raises ScenarioError with every fault in it, EventsimError for a change that cannot be made.
    """
    path = Path(path)
    text = _text(path)
    document = parse(text)
    if document.syntax:
        (line, column), message = document.syntax
        raise ScenarioError([Fault(str(path), line, column, message)])
    for change in changes:
        document.value = changed(document.value, change, keys(Scenario))
    folder = path.resolve().parent
    origin = Origin(folder, project_folder(folder), path, lesson(text), tuple(changes))
    return Scenario.of_document(document, origin)


def _text(path: Path) -> str:
    """The text of the file; ScenarioError when there is none that can be read."""
    try:
        if path.is_dir():
            raise _unreadable(path, "a folder; write the path of a YAML file")
        with path.open("rb") as file:
            encoded = file.read(BYTES_MAX + 1)
    except FileNotFoundError:
        raise _unreadable(path, "no such file") from None
    except OSError as error:
        raise _unreadable(path, f"cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise _unreadable(path, f"cannot be read: {error}") from None
    if len(encoded) > BYTES_MAX:
        raise _unreadable(path, "longer than 1 MiB; put its records into a recording")
    try:
        return encoded.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = encoded.count(b"\n", 0, error.start) + 1
        column = error.start - encoded.rfind(b"\n", 0, error.start)
        raise _unreadable(path, "not UTF-8; save the file as UTF-8", line, column) from None


def _unreadable(path: Path, message: str, line: int = 0, column: int = 0) -> ScenarioError:
    return ScenarioError([Fault(str(path), line, column, message)])
