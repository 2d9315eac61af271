"""Damage of any kind to a scenario is a ScenarioError, never anything else."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from eventsim.errors import ScenarioError
from eventsim.scenario import Scenario, load

FULL = Path(__file__).with_name("test_scenario.yaml").read_text(encoding="utf-8")
VALUES: dict[str, Any] = yaml.safe_load(
    FULL.replace("!Ref ", "").replace("!GetAtt orders.Arn", "orders").replace("!Sub ", "")
)
SNIPPETS = [
    *("on", "yes", "~", "1:30", "012", "0x_", ".inf", "2013-01-01", "1e999", "LATEST"),
    *("!Ref ", "!GetAtt ", "!Sub ", "${", "!x ", "&a ", "*a", "<<", "%YAML", "AT_TIMESTAMP"),
    *("\n", "\n---\n", "...", "|", ">", "?", ": ", "- ", ",", "[", "]", "{", "}", '"', "'", "#"),
    *("\\", "\t", "\0", "\x07", "\ud800", "\U0001f600", "a.b", "../..", "/dev/null", "kinesis"),
]

junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.binary(max_size=4)
    | st.text(st.characters(), max_size=8)
    | st.sampled_from(SNIPPETS),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3)
    ),
    max_leaves=6,
)


def survives(make: Any) -> None:
    try:
        scenario = make()
    except ScenarioError as error:
        told = [fault.message for fault in error.faults]
        assert all(told or [""]), "an error without a word"  # any other is raised
        return
    scenario.function_values()
    scenario.mapping_values(dict.fromkeys(scenario.resources, "arn"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "code").mkdir()
    (tmp_path / "pyproject.toml").touch()
    return tmp_path


@given(st.integers(0, len(FULL)), st.integers(0, 30), st.sampled_from(SNIPPETS) | st.text())
def test_of_the_text(folder: Path, at: int, length: int, text: str) -> None:
    damaged = FULL[:at] + text + FULL[at + length :]
    (folder / "s.yaml").write_bytes(damaged.encode("utf-8", "surrogatepass"))

    survives(lambda: load(folder / "s.yaml"))


@given(st.integers(0, len(FULL)), st.binary(min_size=1, max_size=4))
def test_of_the_bytes(folder: Path, at: int, noise: bytes) -> None:
    encoded = FULL.encode()
    (folder / "s.yaml").write_bytes(encoded[:at] + noise + encoded[at + len(noise) :])

    survives(lambda: load(folder / "s.yaml"))


@given(st.data())
def test_of_the_values(folder: Path, data: st.DataObject) -> None:
    values = copy.deepcopy(VALUES)
    for _ in range(data.draw(st.integers(1, 3))):
        place: Any = values
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = data.draw(st.sampled_from(keys))
            if isinstance(place[key], dict | list) and data.draw(st.booleans()):
                place = place[key]
                continue
            match data.draw(st.sampled_from(["replace", "remove", "rename"])):
                case "rename" if isinstance(place, dict):
                    place[data.draw(st.text(max_size=6) | st.sampled_from(SNIPPETS))] = place.pop(
                        key
                    )
                case "remove":
                    del place[key]
                case _:
                    place[key] = data.draw(junk)
            break

    survives(lambda: Scenario.of(values, folder=folder))
