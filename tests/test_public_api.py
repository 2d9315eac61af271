"""What eventsim exports is written here as well: a name comes and goes on purpose only."""

from __future__ import annotations

import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

import eventsim

PROJECT = Path(__file__).parent.parent
PUBLIC = [
    "Clock",
    "Entry",
    "EventsimError",
    "InvokeError",
    "InvokeRequest",
    "InvokeResult",
    "Invoker",
    "Journal",
    "MappingKind",
    "Options",
    "Origin",
    "Payload",
    "Position",
    "PutRecord",
    "Read",
    "Reader",
    "Record",
    "Result",
    "Scenario",
    "ScenarioError",
    "Scene",
    "Shard",
    "Simulation",
    "Stream",
    "TimedRecord",
    "__version__",
    "builder",
    "load",
    "run",
]
HEAVY = ("pydantic", "anyio", "aiobotocore", "moto")


def loaded(code: str) -> str:
    """Which of the heavy packages a fresh interpreter has loaded after *code*."""
    told = f"import sys; {code}; print(*[name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", told],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=50,
        check=True,
    )
    return done.stdout.strip()


def test_the_public_names_are_these() -> None:
    assert sorted(eventsim.__all__) == PUBLIC
    assert dir(eventsim) == PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_is_there_and_called_what_it_is(name: str) -> None:
    value = getattr(eventsim, name)

    assert isinstance(value, str) or value.__name__ == name


def test_a_star_brings_the_public_names() -> None:
    space: dict[str, object] = {}

    exec("from eventsim import *", space)

    assert sorted(space.keys() - {"__builtins__"}) == PUBLIC


def test_what_type_checkers_see_is_what_is_exported() -> None:
    """The imports below TYPE_CHECKING run by hand give the very same objects."""
    text = Path(eventsim.__file__).read_text("utf-8")
    lines = [line.strip() for line in text.splitlines() if line.startswith("    from eventsim.")]
    space: dict[str, object] = {}

    exec("\n".join(lines), space)

    seen = {name: value for name, value in space.items() if name != "__builtins__"}
    assert seen == {name: getattr(eventsim, name) for name in PUBLIC if name != "__version__"}


@pytest.mark.parametrize("name", ["Simulations", "Poller", "_nothing"])
def test_a_name_that_is_not_public_is_an_attribute_error(name: str) -> None:
    with pytest.raises(AttributeError, match=f"module 'eventsim' has no attribute '{name}'"):
        getattr(eventsim, name)


def test_importing_eventsim_loads_nothing_heavy() -> None:
    assert loaded("import eventsim") == ""
    assert loaded("import eventsim; eventsim.Scenario") == "pydantic"


def test_the_package_says_that_it_is_typed() -> None:
    assert files("eventsim").joinpath("py.typed").is_file()
