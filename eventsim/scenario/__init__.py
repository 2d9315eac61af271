"""
Scenarios: a YAML file, or plain values from Python, as a model whose every part agrees.

``load(find("04"))`` reads a scenario and raises ScenarioError with all of its faults at once,
each with line, column and what would be right. ``schema()`` is the format as JSON Schema.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from eventsim.errors import Fault, ScenarioError
from eventsim.rules import paths
from eventsim.scenario import changing
from eventsim.scenario.block import Block, Step, keys
from eventsim.scenario.changing import Setting
from eventsim.scenario.document import BYTES_MAX, Document, lesson, parse
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
    "Setting",
    "Source",
    "Step",
    "Time",
    "find",
    "load",
    "schema",
]


def load(
    path: Path | str, changes: Sequence[str] = (), change: Callable[[Any], Any] | None = None
) -> Scenario:
    """Read the scenario in a file, changed as ``PATH=VALUE`` says.

    *change* makes of the plain values that are then there those that are meant. Raises
    ScenarioError with every fault in it, EventsimError for a change that cannot be made.
    """
    return Source.of(path).changed(changes, change)


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a scenario and where it comes from, to be read again and again."""

    text: str
    path: str
    folder: str

    @classmethod
    def of(cls, path: Path | str) -> Self:
        """The text in a file. Raises ScenarioError when there is none that can be read."""
        path = Path(path)
        return cls(_text(path), str(path), str(path.resolve().parent))

    def scenario(self, settings: Iterable[Setting] = ()) -> Scenario:
        """The scenario with each value at its whole path. Raises ScenarioError, EventsimError."""
        document = self.document()
        for place, value in settings:
            changing.set_at(document, place, value)
        return Scenario.of_document(document, self.origin())

    def changed(
        self, changes: Sequence[str] = (), change: Callable[[Any], Any] | None = None
    ) -> Scenario:
        """The scenario, changed as for ``load``, which raises the same."""
        document = self.document()
        for each in changes:
            changing.change(document, each, keys(Scenario))
        if change is not None:
            document.value = change(document.value)
        return Scenario.of_document(document, self.origin(changes))

    def place(self, path: paths.Path) -> paths.Path:
        """The whole path of the one setting that *path* names. Raises EventsimError."""
        return changing.place_of(self.document().value, path, keys(Scenario), made=True)

    def document(self) -> Document:
        """The values in it. Raises ScenarioError when it is not YAML."""
        document = parse(self.text)
        if document.syntax:
            (line, column), message = document.syntax
            raise ScenarioError([Fault(self.path, line, column, message)])
        return document

    def origin(self, changes: Iterable[str] = ()) -> Origin:
        """Where it comes from, and what was changed of it."""
        folder = Path(self.folder)
        return Origin(
            folder, project_folder(folder), Path(self.path), lesson(self.text), tuple(changes)
        )


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
