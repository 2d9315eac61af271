"""What is installed is what is here: types, course and a start-up that loads nothing heavy."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import eventsim

PROJECT = Path(__file__).parent.parent
HEAVY = ("aiobotocore", "aiohttp", "boto3", "botocore", "moto", "flask")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=PROJECT, check=True, capture_output=True, timeout=50)
    (built,) = folder.glob("*.whl")
    return zipfile.ZipFile(built)


def python(code: str, folder: Path, path: Path = PROJECT) -> str:
    """What a fresh interpreter prints that finds eventsim at *path* and stands in *folder*."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(path)},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def here(folder: str, pattern: str = "*") -> set[str]:
    files = (PROJECT / folder).glob(pattern)
    return {str(path.relative_to(PROJECT)) for path in files if path.is_file()}


def test_the_wheel_holds_every_module_and_its_types(wheel: zipfile.ZipFile) -> None:
    packed = {name for name in wheel.namelist() if "dist-info" not in name}

    assert "eventsim/py.typed" in packed
    assert {n for n in packed if not n.startswith("eventsim/_course/")} == {
        name
        for name in here("eventsim", "**/*")
        if "__pycache__" not in name and not name.startswith("eventsim/_course/")
    }


def test_the_wheel_brings_scenarios_handlers_and_recordings(wheel: zipfile.ZipFile) -> None:
    packed = {name for name in wheel.namelist() if name.startswith("eventsim/_course/")}
    handlers = {n for n in here("fixtures/handlers", "**/*") if "__pycache__" not in n}

    assert "eventsim/_course/scenarios/nyc-flights.yaml" in packed
    assert packed == {
        f"eventsim/_course/{name}"
        for name in here("scenarios", "**/*") | handlers | here("fixtures/recordings", "**/*")
    }


def test_an_installed_eventsim_finds_its_course(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path / "site")
    code = "from eventsim import scenario; print(scenario.load(scenario.find('nyc-flights')).name)"

    assert python(code, tmp_path, tmp_path / "site") == "nyc-flights"


def test_an_installed_eventsim_teaches(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path / "site")
    code = "from eventsim.cli.learning import teach; print(teach('bisect'))"

    told = python(code, tmp_path, tmp_path / "site").splitlines()

    assert told[0] == "5 of 29: bisect"
    assert told[-1] == "0"


def test_there_is_one_version(wheel: zipfile.ZipFile) -> None:
    (name,) = [name for name in wheel.namelist() if name.endswith("METADATA")]

    assert f"\nVersion: {eventsim.__version__}\n" in wheel.read(name).decode()


def test_the_command_and_the_plugin_are_there(wheel: zipfile.ZipFile) -> None:
    (name,) = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]

    assert wheel.read(name).decode() == (
        "[console_scripts]\neventsim = eventsim.cli:main\n\n"
        "[pytest11]\neventsim = eventsim.pytest_plugin\n"
    )


def test_importing_eventsim_loads_nothing_heavy(tmp_path: Path) -> None:
    code = f"import sys, eventsim; print([name for name in {HEAVY} if name in sys.modules])"

    assert python(code, tmp_path) == "[]"


def test_help_loads_nothing_heavy(tmp_path: Path) -> None:
    """``--help`` says something and leaves by SystemExit(0) before anything of AWS is loaded."""
    code = (
        "import sys\n"
        "from eventsim.cli import main\n"
        "sys.argv = ['eventsim', '--help']\n"
        "try:\n"
        "    main()\n"
        "except SystemExit as done:\n"
        "    assert not done.code, done.code\n"
        f"print([name for name in {HEAVY} if name in sys.modules])\n"
    )

    told = python(code, tmp_path).splitlines()

    assert told[-1] == "[]"
    assert len(told) > 5


def test_every_dependency_is_pinned_and_none_by_us_that_aiobotocore_pins() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = {
        re.split(r"[\[<>=;]", text)[0].lower().replace("_", "-"): text
        for text in [*project["dependencies"], *extras["aws"], *extras["test"]]
        if not text.startswith("eventsim")
    }
    pinned = re.findall(
        r"^([\w.-]+)==\S+(?: ; .+)?$",
        (PROJECT / "constraints.txt").read_text("utf-8"),
        re.MULTILINE,
    )

    assert wanted.keys() - set(pinned) == set()
    assert wanted["boto3"] == "boto3"
    assert "botocore" not in wanted
