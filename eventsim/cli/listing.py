"""``eventsim list``: what there is, each with its first sentence."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Annotated, Literal

import typer

from eventsim import registry
from eventsim.cli.exits import exits

EXAMPLES = """
eventsim list
eventsim list reports
eventsim list scenarios
"""

Plural = Literal["sources", "invokers", "runtimes", "steps", "reports", "recordings", "scenarios"]
PLURALS: tuple[Plural, ...] = (
    "sources",
    "invokers",
    "runtimes",
    "steps",
    "reports",
    "recordings",
    "scenarios",
)


def list_(
    what: Annotated[Plural | None, typer.Argument(help="Only these.")] = None,
) -> None:
    """List what a scenario or a command can name.

    Each line is a name and what it is.
    """
    with exits():
        if what:
            _print(_lines(what), "")
            return
        for plural in PLURALS:
            print(plural)
            _print(_lines(plural), "  ")


def _lines(what: Plural) -> list[tuple[str, str]]:
    if what == "scenarios":
        return _scenarios()
    return [(name, sentence(what, name)) for name in registry.names(what)]


def _scenarios() -> list[tuple[str, str]]:
    from eventsim.scenario.document import lesson
    from eventsim.scenario.project import aboard

    return [(path.stem, lesson(path.read_text("utf-8"))) for path in aboard()]


def sentence(folder: str, name: str) -> str:
    """The first sentence of a plug-in's docstring, read without importing it."""
    path = registry.ROOT / folder / name
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return _first_sentence(path)


def _first_sentence(path: Path) -> str:
    words = " ".join((ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").split())
    end = words.find(". ")
    return (words if end < 0 else words[:end]).removesuffix(".")


def _print(lines: list[tuple[str, str]], indent: str) -> None:
    width = max((len(name) for name, _ in lines), default=0)
    for name, said in lines:
        print(f"{indent}{name:<{width}}  {said}".rstrip())
