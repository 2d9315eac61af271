"""``eventsim check``: is the scenario right, without running it?"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from eventsim.cli.exits import exits

EXAMPLES = """
eventsim check scenario.yaml
eventsim check scenarios/*.yaml
"""


def check(
    scenario: Annotated[list[str], typer.Argument(help="Scenario files, or names on board.")],
) -> None:
    """Check scenarios without running them.

    Every fault is told, with its place in the file and what would be right.
    """
    with exits():
        from eventsim.errors import Fault, ScenarioError
        from eventsim.scenario import find, load

        faults: list[Fault] = []
        for name in scenario:
            try:
                path = find(name)
                notes = load(path).notes()
                print(f"{path}: ok")
                for note in notes:
                    print(f"{path}: note: {note}", file=sys.stderr)
            except ScenarioError as error:
                faults += error.faults
        if faults:
            raise ScenarioError(faults)
