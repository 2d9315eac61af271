"""``eventsim init``: what it writes passes ``check`` and ``run``, and nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.commands import eventsim

HANDLER = "def handler(event, context):\n    return len(event['Records'])\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text(HANDLER)
    return tmp_path


def test_a_new_scenario_passes_check_and_run() -> None:
    assert eventsim("init", "app.handler", "-o", "app.yaml") == (
        0,
        "",
        "wrote app.yaml; now: eventsim run app.yaml\n",
    )

    assert eventsim("check", "app.yaml").code == 0
    assert eventsim("run", "app.yaml", "--quiet").code == 0


def test_without_a_file_it_goes_to_stdout(folder: Path) -> None:
    ended = eventsim("init", "app.handler")

    (folder / "scenario.yaml").write_text(ended.stdout)
    assert eventsim("check", "scenario.yaml").code == 0
    assert ended.stdout.startswith("# ")


def test_a_file_that_is_there_is_never_overwritten(folder: Path) -> None:
    (folder / "app.yaml").write_text("mine")

    ended = eventsim("init", "app.handler", "-o", "app.yaml")

    assert ended == (2, "", "error: app.yaml is there already; write another name after -o\n")
    assert (folder / "app.yaml").read_text() == "mine"


def test_nothing_of_the_handler_is_imported(folder: Path) -> None:
    (folder / "app.py").write_text("raise SystemExit(9)\n" + HANDLER)

    assert eventsim("init", "app.handler").code == 0


@pytest.mark.parametrize(
    ("path", "text", "handler"),
    [
        ("src/orders/app.py", HANDLER, "src.orders.app.handler"),
        ("src/orders/app.py", HANDLER, "src/orders/app.handler"),
        ("pkg/__init__.py", HANDLER, "pkg.handler"),
        ("on.py", HANDLER, "on.handler"),
        ("null.py", HANDLER, "null.handler"),
        ("größe.py", HANDLER, "größe.handler"),
        ("a" * 80 + ".py", HANDLER, "a" * 80 + ".handler"),
        ("assigned.py", "handler = lambda event, context: 1\n", "assigned.handler"),
        ("typed.py", "handler: object = max\n", "typed.handler"),
        ("unpacked.py", "a, (handler, b) = 1, (max, 2)\n", "unpacked.handler"),
        ("imported.py", "from app import handler as my\n", "imported.my"),
        ("starred.py", "from app import *\n", "starred.handler"),
        (
            "tried.py",
            "try:\n    import x\nexcept E:\n    from app import handler\n",
            "tried.handler",
        ),
    ],
)
def test_a_handler_is_found_where_python_would_find_it(
    folder: Path, path: str, text: str, handler: str
) -> None:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text(text)

    assert eventsim("init", handler, "-o", "s.yaml").code == 0
    assert eventsim("check", "s.yaml").code == 0
    (function,) = yaml.safe_load((folder / "s.yaml").read_text())["functions"].values()
    assert function["Handler"] == handler


def test_a_package_runs(folder: Path) -> None:
    (folder / "src" / "orders").mkdir(parents=True)
    (folder / "src" / "orders" / "app.py").write_text(HANDLER)
    eventsim("init", "src/orders/app.handler", "-o", "s.yaml")

    assert eventsim("run", "s.yaml", "--quiet").code == 0


def test_an_async_handler_is_told_to_be_one(folder: Path) -> None:
    (folder / "app.py").write_text("async " + HANDLER)

    assert eventsim("init", "app.handler", "-o", "s.yaml").code == 0
    assert eventsim("run", "s.yaml", "--quiet").code == 0


def test_a_scenario_in_a_folder_below_finds_the_code(folder: Path) -> None:
    (folder / "pyproject.toml").touch()
    (folder / "my scenarios").mkdir()

    assert eventsim("init", "app.handler", "-o", "my scenarios/s.yaml").code == 0
    assert eventsim("run", "my scenarios/s.yaml", "--quiet").code == 0


def test_a_scenario_that_could_not_read_the_code_is_not_written(folder: Path) -> None:
    (folder / "elsewhere").mkdir()

    ended = eventsim("init", "app.handler", "-o", "elsewhere/s.yaml")

    assert ended.code == 2
    assert "leads out of the project folder 'elsewhere'" in ended.stderr
    assert not (folder / "elsewhere" / "s.yaml").exists()


@pytest.mark.parametrize(
    ("handler", "message"),
    [
        ("app", "'app' is no handler; write module.function, such as app.handler"),
        ("app.", "'app.' is no handler; write module.function, such as app.handler"),
        (
            "app.py:handler",
            "'app.py:handler' is no handler; write module.function, such as app.handler",
        ),
        (
            "ap.handler",
            "no file ap.py in this folder, wanted for the handler 'ap.handler'; "
            "did you mean 'app'?",
        ),
        ("zzz.handler", "no file zzz.py in this folder, wanted for the handler 'zzz.handler'"),
        (
            "src.x.handler",
            "no file src/x.py in this folder, wanted for the handler 'src.x.handler'",
        ),
        ("app.hanlder", "app.py has no hanlder; did you mean 'handler'?"),
        ("app.main", "app.py has no main"),
        ("broken.handler", "broken.py:2: not Python: expected ':'"),
    ],
)
def test_a_handler_that_is_not_there_is_2(folder: Path, handler: str, message: str) -> None:
    (folder / "broken.py").write_text("\ndef handler(event, context)\n")

    assert eventsim("init", handler) == (2, "", f"error: {message}\n")


def test_a_file_that_cannot_be_written_is_2() -> None:
    ended = eventsim("init", "app.handler", "-o", "s.yaml/no.yaml")

    assert ended.code == 2
