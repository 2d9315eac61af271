"""``eventsim push``: an event of a service, delivered to a handler as the service does."""

from __future__ import annotations

from typing import Annotated

import typer

from eventsim.cli.exits import OK, exits
from eventsim.cli.talk import Talk

EXAMPLES = """
eventsim push s3 put --handler app.handler --bucket photos --key "red flower.jpg"
eventsim push s3 --handler app.handler --set object.size=5 --json
eventsim push
"""


def push(
    context: typer.Context,
    source: Annotated[
        str | None, typer.Argument(help="A source; without one, all of them.")
    ] = None,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[EVENT] --handler HANDLER [FLAGS]",
            help="An event of it, module.function, and what to say of both.",
        ),
    ] = None,
) -> None:
    """Push an event of a service to a handler, in real time, and read its answer as the service.

    What the service makes of the answer goes to stdout, the log to stderr; exit 1 if the function
    fails or the service does not accept its answer. `push SOURCE EVENT --help` lists the flags.
    """
    talk = Talk()
    with exits(talk):
        code = OK
        if source is None or source == "--help":
            from eventsim.cli.generating import listing

            print(context.get_help() if source else listing())
        else:
            from eventsim.cli.pushing import perform

            code = perform(source, [*(words or []), *context.args], talk)
    raise typer.Exit(code)
