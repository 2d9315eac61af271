"""What runs a function of a scenario: as ``run_in`` says, or else as its Runtime does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eventsim.errors import ScenarioError
from eventsim.scenario import Scenario


def scenario(folder: Path, **block: Any) -> Scenario:
    functions = {"f": {"Handler": "app.handler", **block}}
    return Scenario.of({"name": "s", "functions": functions}, folder)


def faults(folder: Path, **block: Any) -> list[str]:
    with pytest.raises(ScenarioError) as raised:
        scenario(folder, **block)
    return str(raised.value).splitlines()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    bootstrap = tmp_path / "bootstrap"
    bootstrap.write_text("#!/bin/sh\n")
    bootstrap.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize(
    ("block", "kind", "command"),
    [
        ({}, "inline", ()),
        ({"Runtime": "python3.13"}, "inline", ()),
        ({"Runtime": "nodejs22.x"}, "node", ()),
        ({"Runtime": "provided.al2023"}, "bootstrap", ()),
        ({"Runtime": "python3.13", "run_in": "python"}, "python", ()),
        ({"run_in": "node"}, "node", ()),
        ({"run_in": "model", "Runtime": "java21"}, "model", ()),
        ({"run_in": "bootstrap", "Runtime": "provided"}, "bootstrap", ()),
        ({"run_in": {"command": ["java", "A.java"]}}, "command", ("java", "A.java")),
        (
            {"run_in": {"command": ["./app", ""]}, "Runtime": "dotnet8"},
            "command",
            ("./app", ""),
        ),
        ({"run_in": {"command": ["a"]}, "Runtime": "python3.13"}, "command", ("a",)),
        ({"run_in": "eventsim.runtimes.inline"}, "eventsim.runtimes.inline", ()),
    ],
)
def test_run_in_decides_and_without_it_the_runtime(
    folder: Path, block: dict[str, Any], kind: str, command: tuple[str, ...]
) -> None:
    (f,) = scenario(folder, **block).function_values()
    assert (f.run_in, f.command) == (kind, command)


@pytest.mark.parametrize(
    ("block", "fault"),
    [
        (
            {"Runtime": "provided.al2", "run_in": "node"},
            "functions.f.Runtime: is 'provided.al2', which run_in: node does not run; "
            "write bootstrap",
        ),
        (
            {"Runtime": "python3.12", "run_in": "bootstrap"},
            "functions.f.Runtime: is 'python3.12', which run_in: bootstrap does not run; "
            "write inline",
        ),
        (
            {"Runtime": "java21", "run_in": "bootstrap"},
            "functions.f.Runtime: is 'java21'; name what runs it: run_in: {command: [...]}",
        ),
        (
            {"Handler": print, "run_in": "python"},
            "functions.f.Handler: is a callable, which only run_in: inline runs, and not python",
        ),
        (
            {"run_in": {"command": ["", "a"]}},
            "functions.f.run_in.command[0]: is no program",
        ),
    ],
)
def test_what_does_not_go_together_is_told(folder: Path, block: dict[str, Any], fault: str) -> None:
    (found,) = faults(folder, **block)
    assert found.endswith(fault)


def test_an_update_keeps_to_what_runs_the_function(folder: Path) -> None:
    def updated(runtime: str) -> Scenario:
        step = {"at": "1s", "update": "f", "Properties": {"Runtime": runtime}}
        functions = {"f": {"Handler": "app.handler", "Runtime": "nodejs20.x"}}
        return Scenario.of({"name": "s", "functions": functions, "timeline": [step]}, folder)

    assert updated("nodejs22.x").functions["f"].runtime == "nodejs20.x"
    with pytest.raises(ScenarioError, match=r"'python3\.13', and the function runs in node, which"):
        updated("python3.13")


def test_a_bootstrap_that_is_not_executable_is_told(folder: Path) -> None:
    (folder / "bootstrap").chmod(0o644)
    (fault,) = faults(folder, run_in="bootstrap")
    assert fault.endswith("the file 'bootstrap' in the code folder is not executable")
