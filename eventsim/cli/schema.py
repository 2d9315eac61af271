"""``eventsim schema``: the scenario format, for editors."""

from __future__ import annotations

from eventsim.cli.exits import exits

EXAMPLES = """
eventsim schema > scenario.schema.json
"""


def schema() -> None:
    """Print the scenario format as JSON Schema.

    Editors complete and check by it.
    """
    with exits():
        import orjson

        from eventsim import scenario

        print(orjson.dumps(scenario.schema(), option=orjson.OPT_INDENT_2).decode())
