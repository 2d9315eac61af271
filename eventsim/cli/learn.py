"""``eventsim learn``: the course, one idea after another."""

from __future__ import annotations

from typing import Annotated

import typer

from eventsim.cli.exits import exits

EXAMPLES = """
eventsim learn
eventsim learn 4
eventsim learn poison-record
"""


def learn(
    lesson: Annotated[str | None, typer.Argument(help="A lesson by its number or name.")] = None,
) -> None:
    """Learn how Lambda is invoked: a question, a run that answers it, and a change to try.

    Without a lesson all of them are listed. The run takes place in virtual time; exit 1 if it
    does not hold.
    """
    code = 0
    with exits():
        from eventsim.cli.learning import list_all, teach

        if lesson is None:
            list_all()
        else:
            code = teach(lesson)
    raise typer.Exit(code)
