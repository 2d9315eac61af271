"""The folder is the registry."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from eventsim import registry
from eventsim.errors import UnknownPlugin


def message(folder: str, name: str, *wants: str) -> str:
    with pytest.raises(UnknownPlugin) as caught:
        registry.load(folder, name, wants)
    return str(caught.value)


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that is not ours, on the path for one test."""
    package = tmp_path / "stranger"
    package.mkdir()
    (package / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.split(".")[0] == "stranger"]:
        monkeypatch.delitem(sys.modules, name)
    return package


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of plug-ins that must not be imported."""
    plugins = tmp_path / "sources"
    plugins.mkdir()
    for name in ("__init__", "sqs", "_shared", "kinesis"):
        (plugins / f"{name}.py").write_text("raise RuntimeError('imported')")
    (plugins / "notes.txt").write_text("")
    monkeypatch.setattr(registry, "ROOT", tmp_path)
    return plugins


def test_names_are_the_files_of_the_folder_without_the_private_ones(folder: Path) -> None:
    assert registry.names("sources") == ["kinesis", "sqs"]


def test_a_folder_beside_the_files_is_a_name_too(folder: Path) -> None:
    (folder / "kafka").mkdir()
    (folder / "kafka" / "__init__.py").write_text("")

    assert registry.names("sources") == ["kafka", "kinesis", "sqs"]


def test_listing_imports_nothing() -> None:
    code = (
        "import sys; from eventsim import registry; found = 'put' in registry.names('steps');"
        "print(found, [name for name in sys.modules if name.startswith('eventsim.steps')])"
    )

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout == "True []\n"


def test_a_name_loads_its_module() -> None:
    module = registry.load("steps", "put", wants=["Step"])

    assert module.__name__ == "eventsim.steps.put"


def test_a_near_name_is_suggested(folder: Path) -> None:
    assert message("sources", "Kineses") == (
        "no sources called 'Kineses'; there are: kinesis, sqs; did you mean 'kinesis'?"
    )


@pytest.mark.parametrize("name", ["zzz", "_shared", "", "notes", "__init__"])
def test_a_name_that_is_near_none_gets_the_list(folder: Path, name: str) -> None:
    assert message("sources", name) == f"no sources called '{name}'; there are: kinesis, sqs"


def test_an_attribute_that_is_missing_is_named() -> None:
    assert message("steps", "put", "Step", "Stap", "undo") == (
        "module 'put' has no Stap and no undo, which each of the steps must have"
    )


def test_a_dotted_name_loads_from_outside(outside: Path) -> None:
    (outside / "source.py").write_text("Resource = 1")

    assert registry.load("sources", "stranger.source", ["Resource"]).Resource == 1


@pytest.mark.parametrize(
    ("code", "name", "expected"),
    [
        (
            "",
            "stranger.sauce",
            "no module named 'stranger.sauce', wanted for 'stranger.sauce'; is it installed?",
        ),
        (
            "",
            "strangest.one",
            "no module named 'strangest', wanted for 'strangest.one'; is it installed?",
        ),
        (
            "",
            "stranger..source",
            "'stranger..source' is not the name of a module; write mypackage.my_module",
        ),
        (
            "",
            "./source.py",
            "'./source.py' is not the name of a module; write mypackage.my_module",
        ),
        (
            "import not_there",
            "stranger.source",
            "module 'stranger.source' fails to import: no module named 'not_there'",
        ),
        (
            "1 / 0",
            "stranger.source",
            "module 'stranger.source' fails to import: ZeroDivisionError: division by zero",
        ),
        (
            "raise SystemExit(3)",
            "stranger.source",
            "module 'stranger.source' fails to import: SystemExit: 3",
        ),
        (
            "",
            "stranger.source",
            "module 'stranger.source' has no Resource, which each of the sources must have",
        ),
    ],
)
def test_each_way_to_be_wrong_outside_has_its_own_text(
    outside: Path, code: str, name: str, expected: str
) -> None:
    (outside / "source.py").write_text(code)

    assert message("sources", name, "Resource") == expected


def test_near_looks_past_upper_and_lower_case() -> None:
    assert registry.near("batchsise", ["BatchSize", "Stream"]) == "BatchSize"
    assert registry.near("colour", ["BatchSize", "Stream"]) is None
