"""
What runs a function: ``run_in``, and which of Lambda's runtimes each can stand for.

Without ``run_in`` the Runtime decides, so that a block of a template can be pasted.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Any, NamedTuple

from pydantic import Field, ValidationError

from eventsim import registry
from eventsim.errors import UnknownPlugin
from eventsim.scenario.block import Block
from eventsim.scenario.problem import Path, Problem, meant, refuse, refuse_below, show
from eventsim.scenario.project import inside
from eventsim.scenario.values import SystemText

INLINE, COMMAND = "inline", "command"
BOOTSTRAP = "bootstrap"
MODEL = "model"
FAMILIES = {
    INLINE: ("python3.",),
    "python": ("python3.",),
    "node": ("nodejs",),
    BOOTSTRAP: ("provided",),
}
INLINE_ENDINGS = {INLINE: ".py", "python": ".py", "node": ".js"}
KINDS = (*FAMILIES, MODEL, COMMAND)
OTHERS = ("java", "dotnet", "ruby", "go1.x", "python2.7")  # by a command of the user's own
_BY_FAMILY = {"python3.": INLINE, "nodejs": "node", "provided": BOOTSTRAP}
_COMMAND = "[java, Handler.java]"
_WRITE = "write inline, python, node, bootstrap, model or {command: [...]}"


class RunIn(NamedTuple):
    """A kind of runtime, and the command line of one's own."""

    kind: str
    command: tuple[str, ...] = ()


class Command(Block):
    """A command line that speaks the Runtime API, started in the code folder."""

    command: list[SystemText] = Field(examples=[_COMMAND], json_schema_extra={"minItems": 1})


RUN_IN_SCHEMA = {"anyOf": [{"enum": [*FAMILIES, MODEL]}, Command.model_json_schema()]}


def parse(value: Any) -> RunIn:
    """The value of the key. Raises what a validator raises."""
    if isinstance(value, dict):
        return RunIn(COMMAND, _command(value))
    if isinstance(value, str):
        if value in FAMILIES or value == MODEL:
            return RunIn(value)
        if "." in value:
            return _from_outside(value)
        if value != COMMAND:
            raise refuse(f"is {show(value)}{meant(value, KINDS)}")
    raise refuse(f"is {show(value)}; {_WRITE}")


def known_runtime(value: str) -> str:
    """A Runtime that some ``run_in`` can stand for."""
    families = (*_BY_FAMILY, *OTHERS)
    if not value.startswith(families):
        raise refuse(f"is '{value}'; write python3.x, nodejs22.x, provided.al2023, java21, …")
    return value


def resolved(asked: RunIn | None, runtime_name: str | None) -> RunIn:
    """What runs a function that asks for this; the Runtime decides when it asks for nothing."""
    if asked is not None:
        return asked
    for family, kind in _BY_FAMILY.items():
        if runtime_name is not None and runtime_name.startswith(family):
            return RunIn(kind)
    return RunIn(INLINE)


def problems(
    path: Path, block: dict[str, Any], folder: FilePath, project: FilePath
) -> Iterator[Problem]:
    """Where a function's Runtime, Handler and files do not go with what runs it."""
    try:
        kind = _kind(block)
    except (ValidationError, ValueError):
        return  # told where the value is read
    if isinstance(name := block.get("Runtime"), str):
        yield from _misfit((*path, "Runtime"), name, kind)
    if kind not in {INLINE, MODEL}:
        if callable(block.get("Handler")):
            text = f" is a callable, which only run_in: inline runs, and not {kind}"
            yield Problem((*path, "Handler"), text)
        if block.get("async_handler") is True:
            yield Problem((*path, "async_handler"), f" is true, which means nothing in {kind}")
    if kind == BOOTSTRAP:
        yield from _bootstrap(path, block.get("CodeUri"), folder, project)


def update_problems(path: Path, name: Any, block: Any) -> Iterator[Problem]:
    """An update's Runtime is one that what runs the function can stand for, as its block says."""
    try:
        kind = _kind(block)
    except (ValidationError, ValueError):
        return  # told where the function is read
    families = FAMILIES.get(kind)
    if isinstance(name, str) and families is not None and not name.startswith(families):
        yield Problem(path, f" is '{name}', and the function runs in {kind}, which stays")


def _kind(block: Any) -> str:
    given = block if isinstance(block, dict) else {}
    asked = None if given.get("run_in") is None else parse(given["run_in"])
    name = given.get("Runtime")
    return resolved(asked, name if isinstance(name, str) else None).kind


def _misfit(path: Path, name: str, kind: str) -> Iterator[Problem]:
    if name.startswith(OTHERS):
        if kind in FAMILIES:
            text = f" is '{name}'; name what runs it: run_in: {{command: [...]}}"
            yield Problem(path, text)
        return
    families = FAMILIES.get(kind)
    if families is None or name.startswith(families):
        return
    better = resolved(None, name).kind
    if name.startswith(tuple(_BY_FAMILY)):
        yield Problem(path, f" is '{name}', which run_in: {kind} does not run; write {better}")


def _bootstrap(path: Path, code: Any, folder: FilePath, project: FilePath) -> Iterator[Problem]:
    """There is a file to run. Which system it is for shows when it is run."""
    try:
        where = inside(code, folder, project) if isinstance(code, str) and code else folder
    except (ValueError, OSError):
        return  # told of CodeUri itself
    file = where / BOOTSTRAP
    place = (*path, "CodeUri") if isinstance(code, str) else path
    if where.is_dir() and not file.is_file():
        yield Problem(place, ": there is no file 'bootstrap' in the code folder")
    elif file.is_file() and not os.access(file, os.X_OK):
        yield Problem(place, ": the file 'bootstrap' in the code folder is not executable")


def _command(value: dict[Any, Any]) -> tuple[str, ...]:
    command = Command.model_validate(value).command
    if not command:
        raise refuse_below((("command",), f"is empty; write {_COMMAND}"))
    if not command[0]:
        raise refuse_below((("command", 0), "is no program"))
    return tuple(command)


def _from_outside(name: str) -> RunIn:
    try:
        registry.load("runtimes", name, wants=["open_runtimes"])
    except UnknownPlugin as error:
        raise refuse(f"is '{name}': {error}") from None
    return RunIn(name)
