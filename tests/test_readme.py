"""
The README shows what happens: its output is real, its scenario runs, its links lead on.

``python -m tests.test_readme`` prints a picture for it, made by the tool from the scenario that it
names: the lanes, what was given up, and how it ended.
"""

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


def output() -> str:
    """What the command writes that the README names first."""
    sink, out = MemorySink(), io.StringIO()
    (name,) = re.findall(r"`eventsim run (\S+) --as timeline`", README)
    run(load(find(name)), Options(sinks=[sink]))
    registry.load("reports", "timeline").write(iter(sink.entries), out)
    return out.getvalue()


def picture(real: str) -> str:
    """What of an output is worth its place in the README; ``…`` stands for the rest."""
    _, lanes, _, *_ = real.split("\n\n")
    given_up = re.findall(r"^ +\S+s  .* discarded, .*\n(?: {20}.*\n)*", real, re.MULTILINE)
    return "…\n".join([f"{lanes}\n", *given_up, real.splitlines()[-1]])


def pieces_in(shown: str, real: str) -> None:
    """Fail unless the parts of *shown* stand in *real*, in their order."""
    position = 0
    for piece in shown.split("…\n"):
        found = real.find(piece, position)
        assert found >= 0, f"not in the output, or not in this order:\n{piece}\nbut:\n{real}"
        position = found + len(piece)


def test_the_output_is_that_of_the_command() -> None:
    pieces_in(blocks("text")[0], output())


def test_the_picture_for_it_is_part_of_the_output() -> None:
    shown = picture(output())

    assert shown.startswith("records delivered, by shard")
    assert len(shown.splitlines()) < 20
    pieces_in(shown, output())


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


if __name__ == "__main__":
    print(picture(output()))
