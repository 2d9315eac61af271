"""A handler by its name, looked up in the files of a folder without importing anything."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from eventsim.errors import EventsimError
from eventsim.registry import near

NAME_LENGTH_MAX = 64


class Handler(NamedTuple):
    """A function that a module has at its top; ``module`` is the last part of its path."""

    name: str
    module: str
    is_async: bool


def look_up(name: str, folder: Path) -> Handler:
    """The handler ``module.function``, seen from *folder*. Raises EventsimError."""
    module, _, function = name.rpartition(".")
    parts = module.replace("/", ".").split(".")
    if not all(part.isidentifier() for part in (*parts, function)):
        raise EventsimError(f"'{name}' is no handler; write module.function, such as app.handler")
    path = _file(name, parts, folder)
    functions = dict(_functions(_parsed(path, folder).body))
    if function not in functions and "*" not in functions:
        raise EventsimError(
            _unknown(f"{path.relative_to(folder)} has no {function}", function, functions)
        )
    return Handler(name, parts[-1], functions.get(function, False))


def function_of(handler: str) -> str:
    """What the function of ``module.function`` is called where nobody says: like its module."""
    module = handler.rpartition(".")[0].replace("/", ".").split(".")[-1]
    return function_name(module) or "function"


def function_name(module: str) -> str:
    """What a function is called whose handler is in *module*, as Lambda allows names."""
    return re.sub(r"[^a-zA-Z0-9_-]", "_", module)[:NAME_LENGTH_MAX]


def _file(name: str, parts: list[str], folder: Path) -> Path:
    path = folder.joinpath(*parts)
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.is_file():
            return candidate
    wanted = Path(*parts).with_suffix(".py")
    modules = [found.stem for found in path.parent.glob("*.py") if found.stem.isidentifier()]
    text = f"no file {wanted} in this folder, wanted for the handler '{name}'"
    raise EventsimError(_unknown(text, parts[-1], modules))


def _unknown(text: str, name: str, known: Iterable[str]) -> str:
    meant = near(name, known)
    return f"{text}; did you mean '{meant}'?" if meant else text


def _parsed(path: Path, folder: Path) -> ast.Module:
    try:
        return ast.parse(path.read_bytes())
    except SyntaxError as error:
        place = f"{path.relative_to(folder)}:{error.lineno or 1}"
        raise EventsimError(f"{place}: not Python: {error.msg}") from None
    except (OSError, ValueError) as error:
        raise EventsimError(f"cannot read {path.relative_to(folder)}: {error}") from None


def _functions(body: Iterable[ast.stmt]) -> Iterator[tuple[str, bool]]:
    """Whatever the statements give a name to, and whether it is an ``async def``."""
    for statement in body:
        match statement:
            case ast.FunctionDef() | ast.ClassDef():
                yield statement.name, False
            case ast.AsyncFunctionDef():
                yield statement.name, True
            case ast.Import() | ast.ImportFrom():
                for alias in statement.names:
                    yield alias.asname or alias.name, False
            case ast.Assign():
                for target in statement.targets:
                    yield from _names(target)
            case ast.AnnAssign():
                yield from _names(statement.target)
            case _:
                for block in ("body", "orelse", "finalbody"):
                    yield from _functions(getattr(statement, block, ()))
                for handler in getattr(statement, "handlers", ()):
                    yield from _functions(handler.body)


def _names(target: ast.expr) -> Iterator[tuple[str, bool]]:
    for node in ast.walk(target):
        if isinstance(node, ast.Name):
            yield node.id, False
