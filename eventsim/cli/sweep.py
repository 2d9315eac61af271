"""``eventsim sweep``: a scenario under many settings, and what they cost and bring."""

from __future__ import annotations

from typing import Annotated

import typer

from eventsim.cli.exits import exits
from eventsim.cli.talk import Talk

EXAMPLES = """
eventsim sweep scenario.yaml --set BatchSize=1,10,100
eventsim sweep scenario.yaml --set BatchSize=1,10,100 --set MemorySize=128,512,1769 -o sweep.jsonl
eventsim sweep scenario.yaml --set 'duration=20ms,{"lognormal": {"median": "20ms"}}' --json
eventsim sweep scenario.yaml --set seed=1,2,3 --on dask://scheduler:8786
"""

Option = typer.Option


def sweep(
    scenario: Annotated[str, typer.Argument(help="A scenario file, or one on board by name.")],
    set_: Annotated[
        list[str] | None,
        Option("--set", metavar="PATH=VALUE,VALUE", help="An axis: a setting, and what to try."),
    ] = None,
    workers: Annotated[
        int | None, Option(min=1, max=1_000, help="Processes at a time; as many as cores.")
    ] = None,
    on: Annotated[
        str, Option(metavar="WHERE", help="local, dask, or dask://ADDRESS of a cluster.")
    ] = "local",
    output: Annotated[
        str | None,
        Option("-o", "--output", metavar="FILE", help="Keep what is done, and go on from there."),
    ] = None,
    json: Annotated[bool, Option("--json", help="Every figure of every point, as JSON.")] = False,
    quiet: Annotated[bool, Option("--quiet", help="Talk of failures only.")] = False,
) -> None:
    """Run a scenario in virtual time with every combination of settings.

    Exit 1 if an expectation fails or a point has no figures, 2 if the sweep cannot be made, 130
    if it is interrupted; what is done by then is told.
    """
    talk = Talk(quiet=quiet)
    with exits(talk):
        from eventsim.cli.sweeping import Asked, perform

        asked = Asked(scenario, tuple(set_ or ()), workers, on, output, json)
        code = perform(asked, talk)
    raise typer.Exit(code)
