"""Where the code of a function is: a folder that is not too large, or in the scenario itself."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from eventsim.errors import ScenarioError
from eventsim.journal.sinks import MemorySink
from eventsim.scenario import Scenario
from eventsim.simulation import Options, Simulation, run
from eventsim.types import InvokeRequest, Payload

CODE = "import os\ndef handler(event, context):\n    return [event, __name__, os.getcwd()]\n"
NODE = "exports.handler = async (event) => [event, require('path').basename(__filename)];\n"
UNZIPPED = 262_144_000


def scenario(folder: Path, function: dict[str, Any], *steps: dict[str, Any]) -> Scenario:
    values = {"name": "small", "functions": {"f": function}, "timeline": list(steps)}
    return Scenario.of(values, folder)


def faults(folder: Path, function: dict[str, Any], *steps: dict[str, Any]) -> str:
    with pytest.raises(ScenarioError) as refused:
        scenario(folder, function, *steps)
    return str(refused.value)


def text_in(folder: str) -> str | None:
    """What is in the code's file, None where there is none."""
    file = Path(folder, "index.py")
    return file.read_text() if file.exists() else None


async def test_code_in_the_scenario_runs_from_a_folder_that_goes_with_the_run(
    tmp_path: Path,
) -> None:
    made = scenario(tmp_path, {"Handler": "index.handler", "InlineCode": CODE})
    async with Simulation(made) as simulation:
        result = await simulation.invoker.invoke(InvokeRequest("f", Payload(lambda: 1), "r"))
        event, module, folder = json.loads(result.payload)
        written = text_in(folder)
    assert (event, module, written, text_in(folder)) == (1, "index", CODE, None)


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node")
def test_code_in_the_scenario_may_be_javascript(tmp_path: Path) -> None:
    function = {"Handler": "index.handler", "Runtime": "nodejs20.x", "InlineCode": NODE}
    sink = MemorySink()
    made = scenario(tmp_path, function, {"at": "1s", "invoke": "f", "payload": {"a": 1}})
    run(made, Options(sinks=[sink], detail="payload"))
    kept = [entry.fields["content"] for entry in sink.entries if entry.kind == "payload_kept"]
    assert '[{"a":1},"index.js"]' in kept


@pytest.mark.parametrize(
    ("function", "text"),
    [
        ({"CodeUri": "."}, "and InlineCode are two places for the code; keep one of them"),
        ({"Handler": "app.handler"}, "is 'app.handler'; InlineCode is a module called index"),
        ({"run_in": "model"}, "is for Python and Node.js, not model"),
        ({"run_in": {"command": ["sh"]}}, "is for Python and Node.js, not command"),
        ({"invoke_at": {"http": "http://127.0.0.1:9"}, "Handler": None}, "f.InlineCode: is for"),
    ],
)
def test_code_in_the_scenario_that_could_not_run_is_refused(
    tmp_path: Path, function: dict[str, Any], text: str
) -> None:
    given = {"Handler": "index.handler", "InlineCode": CODE, **function}
    assert text in faults(tmp_path, {k: v for k, v in given.items() if v is not None})


def test_a_function_is_called_by_its_key(tmp_path: Path) -> None:
    named = {"Handler": "index.handler", "InlineCode": CODE, "FunctionName": "f"}
    scenario(tmp_path, named)
    assert faults(tmp_path, {**named, "FunctionName": "orders"}) == (
        "functions.f.FunctionName: is 'orders', and the function is called by its key; "
        "write orders: for f:"
    )


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A package of just the limit, beside what is not packed."""
    (tmp_path / "pyproject.toml").touch()
    package = tmp_path / "package"
    (package / ".git").mkdir(parents=True)
    for name, size in (("app.py", 1_000), ("data", UNZIPPED - 1_000), (".git/pack", UNZIPPED)):
        with (package / name).open("wb") as file:
            file.truncate(size)
    return tmp_path


def test_a_package_over_250_mb_unzipped_is_refused(large: Path) -> None:
    function = {"Handler": "app.handler", "CodeUri": "package"}
    update = {"at": "1s", "update": "f", "Properties": {"CodeUri": "package"}}
    small: dict[str, Any] = {"Handler": "app.handler"}
    scenario(large, function)
    scenario(large, small, update)
    with (large / "package" / "more").open("wb") as file:
        file.truncate(1)
    text = (
        "is 'package': InvalidParameterValueException: Unzipped size must be smaller than "
        "262144000 bytes"
    )
    assert faults(large, function) == f"functions.f.CodeUri: {text}"
    assert faults(large, small, update) == f"timeline[0].Properties.CodeUri: {text}"
    scenario(large, small)  # the project's own folder is no package
    scenario(large / "package", {**small, "CodeUri": "."})


def test_an_update_to_a_folder_that_is_not_there_is_refused_before_the_run(tmp_path: Path) -> None:
    update = {"at": "1s", "update": "f", "Properties": {"CodeUri": "gone"}}
    assert faults(tmp_path, {"Handler": "app.handler"}, update) == (
        "timeline[0].Properties.CodeUri: is 'gone', which is not there"
    )
