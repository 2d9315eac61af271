"""``eventsim convert``: what people already have, into a recording."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from eventsim.cli.exits import exits
from eventsim.cli.record import Output
from eventsim.cli.talk import Talk

EXAMPLES = """
eventsim convert flights.csv --key carrier --time time_hour --sort -o flights.jsonl.gz
eventsim convert firehose/ --format firehose --key customer -o orders.jsonl.gz
eventsim convert dlq.json --format aws_records -o dlq.jsonl
eventsim convert events.json --format lambda_events -o events.jsonl
eventsim convert old.jsonl -o new.jsonl.gz --on-bad-line save
"""

Option = typer.Option
OnBadLine = Annotated[
    Literal["stop", "skip", "save"],
    Option(help="What becomes of lines that are no record; saved ones go to OUT.bad."),
]


def convert(
    inputs: Annotated[
        list[str], typer.Argument(metavar="IN...", help="Files, or folders of them.")
    ],
    output: Output,
    format_: Annotated[
        str | None,
        Option("--format", help="One of `eventsim list recordings`; else by the name of IN."),
    ] = None,
    key: Annotated[
        str | None, Option(metavar="FIELD", help="The field or column with the partition key.")
    ] = None,
    time: Annotated[
        str | None, Option(metavar="FIELD", help="The one with the time of arrival.")
    ] = None,
    data: Annotated[
        str | None, Option(metavar="FIELD", help="The one with the data; else all of them.")
    ] = None,
    zone: Annotated[
        str | None, Option(help="Of dates that name none, such as America/New_York; else UTC.")
    ] = None,
    sort: Annotated[bool, Option("--sort", help="Put records in order of arrival.")] = False,
    on_bad_line: OnBadLine = "stop",
    quiet: Annotated[bool, Option("--quiet", help="Talk of failures only.")] = False,
) -> None:
    """Make a recording of files in another format, or of recordings.

    Exit 2, and no recording, if IN cannot be read or nothing in it is a record.
    """
    talk = Talk(quiet=quiet)
    with exits(talk):
        from eventsim.cli.converting import Wanted, perform

        perform(
            Wanted(
                inputs=inputs,
                output=output,
                format=format_,
                key=key,
                time=time,
                data=data,
                zone=zone,
                sort=sort,
                on_bad_line=on_bad_line,
            ),
            talk,
        )
