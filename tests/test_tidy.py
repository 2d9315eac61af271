"""
The house rules that a machine can check, tried on the house and on small houses that break them.

Each fault says which rule was broken, where, and what would be right.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

PROJECT = Path(__file__).parent.parent
PACKAGE = PROJECT / "eventsim"

# Top row first, as in the house plan. A module imports from its own row and the rows below.
ROWS = [
    {"cli", "__main__", "__init__"},
    {"simulation", "sweep", "lambda_api", "kinesis_api", "server", "pytest_plugin"},
    {"scenario", "steps"},
    {"traffic", "replay"},
    {"poller", "push", "front"},
    {"event_queue"},
    {"environments"},
    {"sources", "invokers", "destinations"},
    {"runtimes", "checkpoints", "recordings", "reports", "workers"},
    {"streams", "services", "backends"},
    {"rules"},
    {"registry", "journal", "types", "errors", "clock", "ids"},
]
DEPTH = {name: depth for depth, row in enumerate(ROWS) for name in row}
ADAPTERS = {"steps", "sources", "invokers", "destinations", "runtimes", "recordings", "reports"}

# Time and chance have one door each: one seed must give one run.
DOORS = {"clock", "ids"}
CLOSED_MODULES = {"time", "random", "uuid", "secrets"}
CLOSED_NAMES = {
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "asyncio.sleep",
    "anyio.sleep",
    "os.urandom",
}

FUNCTION_LINES_MAX = 60
MODULE_LINES_MAX = 400

TEXT_FOLDERS = ("eventsim", "tests", "fixtures", "scenarios", "benchmarks", "docs", ".ci", ".")
TEXT_SUFFIXES = {".py", ".md", ".yaml", ".yml", ".toml", ".txt", ".json", ".html", ""}
# Each pattern has a letter in brackets, so that this file does not find itself.
PROMISES = re.compile(r"\b(TOD[O]|FIXM[E]|XX[X])\b")
MACHINE = re.compile(
    r"/roo[t]/|/hom[e]/\w|/wor[k]/|/User[s]/\w|\.\./share[d]|"
    r"pyp[i]\.org|pythonhoste[d]\.org|registry\.npmj[s]"
)
SILENCED = re.compile(
    r"#\s*(?:type: ?ignor[e](?:\[[\w, -]+\])?|noq[a](?:: ?[A-Z]+\d+(?:, ?[A-Z]+\d+)*)?)(.*)"
)
SWALLOWED = re.compile(r"\s*(?:async )?with suppress\((?!.*\):.*#\s*\S)")


class Import(NamedTuple):
    """An import statement's dotted name, made absolute, and whether it runs with the module."""

    name: tuple[str, ...]
    line: int
    at_once: bool


def imports(tree: ast.Module, package: tuple[str, ...]) -> Iterator[Import]:
    """Each imported dotted name; those in functions and for types only do not run at once."""
    late = {
        id(inner)
        for outer in ast.walk(tree)
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        or (isinstance(outer, ast.If) and dotted(outer.test).endswith("TYPE_CHECKING"))
        for inner in ast.walk(outer)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(tuple(alias.name.split(".")), node.lineno, id(node) not in late)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = tuple(node.module.split(".")) if node.module else ()
            for alias in node.names:
                yield Import((*base, *module, alias.name), node.lineno, id(node) not in late)


def dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def file_faults(root: Path, path: Path) -> list[str]:
    """What is wrong with one module of the package at *root*."""
    relative = path.relative_to(root)
    text = path.read_text("utf-8")
    tree = ast.parse(text)
    mine = relative.parts[0].removesuffix(".py")
    if mine not in DEPTH:
        return [f"{relative}: {mine} is not in the house plan; give it a row"]
    faults = [*import_faults(root, relative, tree), *size_faults(relative, text, tree)]
    if mine not in DOORS:
        faults += door_faults(root, relative, tree)
    return faults


def import_faults(root: Path, relative: Path, tree: ast.Module) -> Iterator[str]:
    """Imports that lead upward, to a room without a row or its private part, or to a sibling."""
    mine = relative.parts[0].removesuffix(".py")
    for name, line, _ in imports(tree, (root.name, *relative.parts[:-1])):
        if name[0] != root.name or len(name) < 2 or not is_module(root, name[1:2]):
            continue
        if name[1] not in DEPTH:
            yield f"{relative}:{line} imports {name[1]}, which is not in the house plan"
        elif DEPTH[name[1]] < DEPTH[mine]:
            yield f"{relative}:{line} imports upward: {'.'.join(name)}"
        elif name[1] == mine and mine in ADAPTERS and is_sibling(root, relative, name[1:3]):
            yield f"{relative}:{line} imports its sibling {name[2]}"
        elif name[1] != mine and len(name) > 2 and name[2].startswith("_"):
            yield f"{relative}:{line} imports {name[2]}, a private part of {name[1]}"


def is_sibling(root: Path, relative: Path, parts: tuple[str, ...]) -> bool:
    """Whether *parts* name another public file of the folder that the module stands in."""
    public = len(parts) == 2 and not parts[1].startswith("_")
    return public and relative.name != "__init__.py" and is_module(root, parts)


def door_faults(root: Path, relative: Path, tree: ast.Module) -> Iterator[str]:
    """Uses of time and chance that do not come through the clock or the seed."""
    why = "belongs behind clock or ids"
    for name, line, _ in imports(tree, (root.name, *relative.parts[:-1])):
        if name[0] in CLOSED_MODULES or ".".join(name[-2:]) in CLOSED_NAMES:
            yield f"{relative}:{line}: {'.'.join(name)} {why}"
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute)
            and ".".join(dotted(node).split(".")[-2:]) in CLOSED_NAMES
        ):
            yield f"{relative}:{node.lineno}: {dotted(node)} {why}"


def size_faults(relative: Path, text: str, tree: ast.Module) -> Iterator[str]:
    """Functions and modules that do not fit on a screen and in a head."""
    lines = text.count("\n")
    if lines > MODULE_LINES_MAX:
        why = "is there a second noun inside?"
        yield f"{relative} is {lines} lines, over {MODULE_LINES_MAX}; {why}"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES_MAX:
                size = f"{length} lines, over {FUNCTION_LINES_MAX}"
                yield f"{relative}:{node.lineno} {node.name} is {size}"


def is_module(root: Path, parts: Iterable[str]) -> bool:
    place = root.joinpath(*parts)
    return place.is_dir() or place.with_suffix(".py").is_file()


def cycle(root: Path) -> list[str]:
    """Modules of the package that need each other to be imported, or an empty list."""
    graph = {module_name(root, path): needs(root, path) for path in root.rglob("*.py")}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def module_name(root: Path, path: Path) -> str:
    parts = path.relative_to(root.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def needs(root: Path, path: Path) -> set[str]:
    """The modules of ours that importing this one imports by name."""
    relative = path.relative_to(root)
    found = set()
    for name, _, at_once in imports(
        ast.parse(path.read_text("utf-8")), (root.name, *relative.parts[:-1])
    ):
        if at_once and name[0] == root.name and len(name) > 1:
            inside = name[1:] if is_module(root, name[1:]) else name[1:-1]
            found.add(".".join((root.name, *inside)))
    return found - {module_name(root, path)}


def text_files(project: Path) -> Iterator[Path]:
    """The text files that are the project's own: no environment, no cache, no build."""
    for folder in TEXT_FOLDERS:
        found = (project / folder).glob("*") if folder == "." else (project / folder).rglob("*")
        for path in sorted(found):
            ours = path.name != ".git" and "__pycache__" not in path.parts  # a file in a worktree
            if ours and path.suffix in TEXT_SUFFIXES and path.is_file():
                yield path


def word_faults(project: Path) -> Iterator[str]:
    """Promises left in the text, addresses of one machine, and checks turned off in silence."""
    for path in text_files(project):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            place = f"{path.relative_to(project)}:{number}"
            if found := PROMISES.search(line):
                yield f"{place}: {found[0]}; do it now or open an issue"
            if found := MACHINE.search(line):
                yield f"{place}: {found[0]} holds on one machine only"
            if (found := SILENCED.search(line)) and len(found[1].strip(" #-")) < 4:
                yield f"{place}: a check is turned off without a reason beside it"
            if SWALLOWED.match(line):
                yield f"{place}: errors are suppressed without a reason beside it"


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.relative_to(PACKAGE))
)
def test_a_module_keeps_the_house_rules(path: Path) -> None:
    assert file_faults(PACKAGE, path) == []


def test_no_modules_need_each_other() -> None:
    assert cycle(PACKAGE) == []


def test_no_promise_no_machine_no_silenced_check_in_any_text() -> None:
    assert list(word_faults(PROJECT)) == []


def house(folder: Path, **modules: str) -> Path:
    """A small package; ``rules__a="..."`` is the file rules/a.py."""
    root = folder / "eventsim"
    for name, text in {"errors": "", "journal": "", **modules}.items():
        path = root.joinpath(*name.split("__")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def faults(root: Path) -> list[str]:
    return [fault for path in sorted(root.rglob("*.py")) for fault in file_faults(root, path)]


def test_a_tidy_house_has_no_faults(tmp_path: Path) -> None:
    root = house(
        tmp_path,
        rules__a="from eventsim.errors import EventsimError\nfrom datetime import datetime\n",
        sources___shared="",
        sources__a="from . import _shared\nfrom eventsim.rules.a import b\n",
        clock__virtual="import time\n",
    )

    assert faults(root) == []
    assert cycle(root) == []


@pytest.mark.parametrize(
    ("modules", "fault"),
    [
        (
            {"rules__a": "import eventsim.cli\n", "cli": ""},
            "rules/a.py:1 imports upward: eventsim.cli",
        ),
        (
            {"rules__a": "from ..poller import lane\n", "poller__lane": ""},
            "rules/a.py:1 imports upward: eventsim.poller.lane",
        ),
        (
            {"rules__a": "def f():\n    from eventsim import cli\n", "cli": ""},
            "rules/a.py:2 imports upward: eventsim.cli",
        ),
        (
            {"sources__a": "from eventsim.sources import b\n", "sources__b": ""},
            "sources/a.py:1 imports its sibling b",
        ),
        (
            {"sources__a": "from .b import c\n", "sources__b": "c = 1\n"},
            "sources/a.py:1 imports its sibling b",
        ),
        (
            {"poller__a": "from eventsim.sources._b import c\n", "sources___b": "c = 1\n"},
            "poller/a.py:1 imports _b, a private part of sources",
        ),
        ({"helpers": ""}, "helpers.py: helpers is not in the house plan; give it a row"),
        ({"rules__a": "import time\n"}, "rules/a.py:1: time belongs behind clock or ids"),
        (
            {"rules__a": "from random import random\n"},
            "rules/a.py:1: random.random belongs behind clock or ids",
        ),
        (
            {"poller__a": "from anyio import sleep\n"},
            "poller/a.py:1: anyio.sleep belongs behind clock or ids",
        ),
        (
            {"rules__a": "import datetime as d\nd.datetime.now()\n"},
            "rules/a.py:2: d.datetime.now belongs behind clock or ids",
        ),
        (
            {"rules__a": "def f():\n" + "    x = 1\n" * 60},
            "rules/a.py:1 f is 61 lines, over 60",
        ),
        (
            {"rules__a": "x = 1\n" * 401},
            "rules/a.py is 401 lines, over 400; is there a second noun inside?",
        ),
    ],
)
def test_a_broken_rule_is_named(tmp_path: Path, modules: dict[str, str], fault: str) -> None:
    assert faults(house(tmp_path, **modules)) == [fault]


def test_modules_that_need_each_other_are_named(tmp_path: Path) -> None:
    root = house(
        tmp_path,
        rules__a="from eventsim.rules.b import c\n",
        rules__b="from eventsim.rules import a\nc = 1\n",
    )

    assert set(cycle(root)) == {"eventsim.rules.a", "eventsim.rules.b"}


def test_a_cycle_that_is_for_types_only_is_none(tmp_path: Path) -> None:
    root = house(
        tmp_path,
        rules__a="from eventsim.rules.b import c\n",
        rules__b="import typing as t\nif t.TYPE_CHECKING:\n    from . import a\nc = 1\n",
    )

    assert cycle(root) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("# TO" + "DO later", "TO" + "DO; do it now or open an issue"),
        ("open('/ho" + "me/me/x')", "/ho" + "me/m holds on one machine only"),
        ("https://py" + "pi.org/simple", "py" + "pi.org holds on one machine only"),
        ("x = 1  # type: " + "ignore[misc]", "a check is turned off without a reason beside it"),
        ("x = 1  # no" + "qa: E501", "a check is turned off without a reason beside it"),
        ("    with suppress(OSError):", "errors are suppressed without a reason beside it"),
        ("with suppress(OSError):  #", "errors are suppressed without a reason beside it"),
    ],
)
def test_a_word_that_must_not_stay_is_named(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "page.md").write_text(text)

    assert list(word_faults(tmp_path)) == [f"docs/page.md:1: {fault}"]


def test_a_check_turned_off_with_its_reason_may_stay(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1  # no" + "qa: E501  # an address has no line breaks\n")

    assert list(word_faults(tmp_path)) == []
