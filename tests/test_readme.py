"""The README shows what happens: its output is real, its scenario runs, its links lead on."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from eventsim import Options, load, registry, run
from eventsim.cli import app
from eventsim.journal.sinks import MemorySink
from eventsim.scenario import find

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def test_the_output_is_that_of_the_command() -> None:
    sink, out = MemorySink(), io.StringIO()
    (name,) = re.findall(r"`eventsim run (\S+) --as timeline`", README)
    run(load(find(name)), Options(sinks=[sink]))
    registry.load("reports", "timeline").write(iter(sink.entries), out)
    real = out.getvalue()

    position = 0
    for piece in blocks("text")[0].split("…\n"):
        found = real.find(piece, position)
        assert found >= 0, f"not in the output, or not in this order:\n{piece}\nbut:\n{real}"
        position = found + len(piece)


def test_the_scenario_runs_and_holds(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("def handler(event, context):\n    return None\n")
    (tmp_path / "scenario.yaml").write_text(blocks("yaml")[0], "utf-8")

    result = run(load(tmp_path / "scenario.yaml"))

    assert (result.outcome, result.counts["batches"]) == ("ok", 2)


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)]+)\)", README))
def test_every_link_leads_to_a_page(link: str) -> None:
    assert (ROOT / link).is_file()


def test_every_command_is_one_there_is() -> None:
    used = set(re.findall(r"^eventsim (\w+)", README, re.MULTILINE))

    assert used <= {command.name for command in app.registered_commands}


def test_it_is_short() -> None:
    assert README.count("\n") < 130
