"""``eventsim generate``: the events of services that push, as they send them."""

from __future__ import annotations

from typing import Annotated

import typer

from eventsim.cli.exits import exits

EXAMPLES = """
eventsim generate s3 put --bucket photos --key "red flower.jpg"
eventsim generate s3 put --count 3 --seed 7 --set object.size=5
eventsim generate
eventsim generate s3 put | eventsim invoke app.handler --event -
"""


def generate(
    context: typer.Context,
    source: Annotated[
        str | None, typer.Argument(help="A source; without one, all of them.")
    ] = None,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[EVENT] [FLAGS]", help="An event of it, and what to say of it."),
    ] = None,
) -> None:
    """Generate an event of a service that pushes, as JSON on stdout.

    `generate SOURCE --help` lists its events, `generate SOURCE EVENT --help` the flags of one.
    """
    with exits():
        from eventsim.cli.generating import generate as perform
        from eventsim.cli.generating import listing

        if source is None or source == "--help":
            print(context.get_help() if source else listing())
        else:
            perform(source, [*(words or []), *context.args])
