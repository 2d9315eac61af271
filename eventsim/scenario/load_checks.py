"""Where the load of a scenario must agree with its functions, its streams and its files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Any

from eventsim import registry
from eventsim.errors import RecordingError
from eventsim.rules.arrivals import counts
from eventsim.scenario.lookup import items, resource_problems
from eventsim.scenario.problem import Path, Problem, meant
from eventsim.scenario.project import inside
from eventsim.scenario.records import record_problems

_PATH: Path = ("load",)
_OF_A_PUSH = ("push", "event", "with", "set", "create")


def load_problems(root: dict[str, Any], folder: FilePath, project: FilePath) -> Iterator[Problem]:
    """What does not agree in the ``load`` of a document."""
    load = root.get("load")
    if not isinstance(load, dict):
        return
    functions = [name for name, _ in items(root, "functions")]
    name = load.get("function")
    if isinstance(name, str) and name.partition(":")[0] not in functions:
        text = f" is '{name}', which is no function of the scenario{meant(name, functions)}"
        yield Problem((*_PATH, "function"), text)
    if isinstance(load.get("put"), str) and load["put"]:
        yield from resource_problems((*_PATH, "put"), load["put"], root, "open_stream")
        put = registry.load("steps", "put", wants=["Step"]).Step
        yield from record_problems(_PATH, load, put, root)
    if isinstance(load.get("push"), str):
        push = registry.load("steps", "push", wants=["Step"]).Step
        yield from push.problems({key: load[key] for key in _OF_A_PUSH if key in load}, _PATH)
    yield from _files(load, folder, project)


def _files(load: dict[str, Any], folder: FilePath, project: FilePath) -> Iterator[Problem]:
    if isinstance(load.get("from"), str) and load["from"]:
        wanted = None if load.get("put") else "lambda"
        yield from _recording((*_PATH, "from"), load["from"], folder, project, wanted)
    for key, value in items(load, "arrivals"):
        path = (*_PATH, "arrivals", key)
        if key == "recording" and isinstance(value, str) and value:
            yield from _recording(path, value, folder, project, None)
        elif key == "trace" and isinstance(value, str) and value:
            yield from _trace(path, value, folder, project)


def _recording(
    path: Path, text: str, folder: FilePath, project: FilePath, source: str | None
) -> Iterator[Problem]:
    try:
        file = _file(text, folder, project)
        header = registry.load("recordings", "jsonl").check_header(file)
    except (ValueError, OSError) as error:
        yield _unreadable(path, text, error)
    except RecordingError as error:
        yield Problem(path, f" is '{text}': {str(error).removeprefix(str(error.path)).lstrip(':')}")
    else:
        if source is not None and header.source != source:
            told = f"which has records of {header.source}; a function gets whole events"
            yield Problem(path, f" is '{text}', {told} (`eventsim convert --format lambda-events`)")


def _trace(path: Path, text: str, folder: FilePath, project: FilePath) -> Iterator[Problem]:
    try:
        with _file(text, folder, project).open(encoding="utf-8") as lines:
            if not sum(counts(lines)):
                raise ValueError("has no requests at all")
    except (ValueError, OSError) as error:
        yield _unreadable(path, text, error)


def _unreadable(path: Path, text: str, error: Exception) -> Problem:
    if isinstance(error, OSError):
        return Problem(path, f" is '{text}', which cannot be read: {error.strerror}")
    if str(error).startswith("line "):
        return Problem(path, f" is '{text}': {error}")
    return Problem(path, f" is '{text}', which {error}")


def _file(text: str, folder: FilePath, project: FilePath) -> FilePath:
    """The file that *text* names. Raises ValueError for one that is not to be read."""
    file = inside(text, folder, project)
    if not file.is_file():
        raise ValueError("is not there" if not file.exists() else "is not a file")
    return file
