"""Where scenarios are found, and what belongs to their project."""

from __future__ import annotations

from pathlib import Path

import pytest

from eventsim.errors import ScenarioError
from eventsim.scenario import find, load, project

REPOSITORY = Path(__file__).resolve().parent.parent
ABOARD = sorted((REPOSITORY / "scenarios").glob("*.yaml"))


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Scenarios as an installed eventsim carries them."""
    folder = tmp_path / "_course"
    (folder / "scenarios").mkdir(parents=True)
    for name in ("01-hello.yaml", "04-poison-pill.yaml", "day.yaml"):
        (folder / "scenarios" / name).write_text("name: x\n")
    (tmp_path / "pyproject.toml").write_text("")
    monkeypatch.setattr(project, "COURSE", folder)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return folder


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("04-poison-pill.yaml", "04-poison-pill.yaml"),
        ("04-poison-pill", "04-poison-pill.yaml"),
        ("04", "04-poison-pill.yaml"),
        ("4", "04-poison-pill.yaml"),
        ("poison-pill", "04-poison-pill.yaml"),
        ("day", "day.yaml"),
    ],
)
def test_a_scenario_on_board_is_found_by_name_stem_or_number(
    course: Path, name: str, expected: str
) -> None:
    assert find(name) == course / "scenarios" / expected


def test_a_path_that_exists_comes_before_what_is_on_board(course: Path) -> None:
    Path("day").write_text("name: mine\n")

    assert find("day") == Path("day")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("04-poisonpill", "did you mean '04-poison-pill'?"),
        ("poison-record", "did you mean '04-poison-pill'?"),
        ("0", "write the path of a YAML file"),
        ("05", "write the path of a YAML file"),
        ("a\0b", "write the path of a YAML file"),
        ("x" * 5000, "write the path of a YAML file"),
    ],
)
def test_a_name_of_nothing_gets_the_near_one(course: Path, name: str, hint: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        find(name)

    assert str(caught.value) == (
        f"{name}: no such file, and no scenario of that name comes with eventsim; {hint}"
    )


def test_the_project_of_a_scenario_on_board_is_the_course(course: Path) -> None:
    assert load(find("04")).origin.project == course


@pytest.mark.parametrize("marker", ["pyproject.toml", "template.yaml", "template.yml", ".git"])
def test_the_project_is_the_nearest_folder_with_a_marker(tmp_path: Path, marker: str) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    inner = tmp_path / "service" / "scenarios" / "deep"
    inner.mkdir(parents=True)
    (tmp_path / "service" / marker).touch()

    assert project.project_folder(inner) == tmp_path / "service"


def test_without_a_marker_the_project_is_the_folder_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(project, "MARKERS", ("no such marker",))

    assert project.project_folder(tmp_path) == tmp_path


@pytest.mark.parametrize("path", ABOARD, ids=lambda path: path.stem)
def test_every_scenario_of_the_repository_has_a_lesson_and_no_fault(path: Path) -> None:
    scenario = load(path)

    assert (scenario.lesson != "", scenario.origin.project) == (True, REPOSITORY)
