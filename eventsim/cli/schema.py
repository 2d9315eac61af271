"""``eventsim schema``: the scenario format, for editors, and what can be said of an event."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from eventsim.cli.exits import exits

EXAMPLES = """
eventsim schema > scenario.schema.json
eventsim schema s3 put
"""


def schema(
    source: Annotated[
        str | None, typer.Argument(help="A source that pushes; without one, the scenario format.")
    ] = None,
    event: Annotated[
        str | None, typer.Argument(help="An event of it; without one, its first.")
    ] = None,
) -> None:
    """Print the scenario format as JSON Schema, or the parameters of an event.

    Editors complete and check by it.
    """
    with exits():
        import orjson

        print(orjson.dumps(_document(source, event), option=orjson.OPT_INDENT_2).decode())


def _document(source: str | None, event: str | None) -> dict[str, Any]:
    if source is None:
        from eventsim import scenario

        return scenario.schema()
    from eventsim.push.builders import builder

    return builder(source, event).schema()
