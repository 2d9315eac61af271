"""``eventsim compare``: two journals held against each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from eventsim.cli.exits import FAILED, OK, exits
from eventsim.errors import EventsimError

if TYPE_CHECKING:
    from eventsim.replay.comparing import Comparison
    from eventsim.replay.fates import Respect

EXAMPLES = """
eventsim compare yesterday.jsonl today.jsonl
eventsim compare one.jsonl.gz other.jsonl.gz --ignore batches --ignore time
eventsim compare virtual.jsonl real.jsonl --tolerance 500ms
"""

Ignore = Annotated[
    list[str] | None,
    typer.Option(metavar="RESPECT", help="delivered, results, retries, batches or time."),
]
Tolerance = Annotated[str, typer.Option(metavar="TIME", help="What times may differ by.")]


def compare(
    one: Annotated[str, typer.Argument(help="A journal.", metavar="A")],
    other: Annotated[str, typer.Argument(help="The other.", metavar="B")],
    ignore: Ignore = None,
    tolerance: Tolerance = "0s",
    json: Annotated[bool, typer.Option("--json", help="The comparison as JSON.")] = False,
) -> None:
    """Say where two runs differ, and explain what differs first; exit 1 if it matters.

    Compared are, shard by shard, what became of the records, what the function answered, what
    was sent again, how records were cut into batches, and when.
    """
    with exits():
        from pathlib import Path

        from eventsim.replay import comparing

        found = comparing.compare(
            Path(one),
            Path(other),
            tolerance=seconds("--tolerance", tolerance),
            ignore=respects(ignore),
        )
        show(found, json=json)
    raise typer.Exit(OK if found.same else FAILED)


def show(found: Comparison, *, json: bool) -> None:
    """Print a comparison."""
    import orjson

    from eventsim.replay.words import as_json, lines

    if json:
        print(orjson.dumps(as_json(found), option=orjson.OPT_INDENT_2).decode())
        return
    for line in lines(found):
        print(line)


def respects(names: list[str] | None) -> frozenset[Respect]:
    """The respects of those names. Raises EventsimError for another."""
    from eventsim.replay.fates import RESPECTS

    known = {str(respect): respect for respect in RESPECTS}
    for name in names or ():
        if name not in known:
            raise EventsimError(f"--ignore {name} is no respect; there are: {', '.join(known)}")
    return frozenset(known[name] for name in names or ())


def seconds(option: str, text: str) -> float:
    """The seconds of a duration. Raises EventsimError for what is none."""
    from eventsim.rules.durations import seconds_of

    found = seconds_of(text)
    if found is None:
        raise EventsimError(f"{option} is '{text}'; write a duration such as 20ms, 5s, 1m or 1h30m")
    return float(found)
