"""``eventsim record``: a stream or queue at an endpoint, into a recording."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from eventsim.cli.exits import exits
from eventsim.cli.poll import EndpointUrl, For, Region
from eventsim.cli.run import AllowAws
from eventsim.cli.talk import Talk

EXAMPLES = """
eventsim record kinesis://orders -o orders.jsonl.gz --endpoint-url http://127.0.0.1:4566
eventsim record dynamodb://users -o users.jsonl --to-now
eventsim record kinesis://orders -o orders.jsonl --starting-position LATEST --for 10m
eventsim record sqs://orders-dlq -o dlq.jsonl --consume --to-now
eventsim record kinesis://orders -o failed.jsonl --on-failure documents.jsonl
"""

Option = typer.Option
Position = Literal["TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"]
Output = Annotated[
    str, Option("--output", "-o", metavar="FILE", help=".jsonl, .jsonl.gz or .jsonl.zst.")
]


def record(
    source: Annotated[str, typer.Argument(help="What is recorded, such as kinesis://orders.")],
    output: Output,
    starting_position: Annotated[
        Position | None, Option(help="Where a new recording begins; else TRIM_HORIZON.")
    ] = None,
    starting_position_timestamp: Annotated[
        str | None, Option(metavar="TIME", help="Of AT_TIMESTAMP: a date, or epoch seconds.")
    ] = None,
    for_: For = None,
    count: Annotated[
        int | None, Option(min=1, help="Stop when there are so many records in the file.")
    ] = None,
    to_now: Annotated[
        bool, Option("--to-now", help="Stop when all is recorded that is there by now.")
    ] = False,
    consume: Annotated[
        bool, Option("--consume", help="Delete what is recorded from the queue.")
    ] = False,
    on_failure: Annotated[
        str | None, Option(metavar="FILE", help="Only the records of these on-failure documents.")
    ] = None,
    endpoint_url: EndpointUrl = None,
    region: Region = None,
    allow_aws: AllowAws = False,
    quiet: Annotated[bool, Option("--quiet", help="Talk of failures only.")] = False,
) -> None:
    """Record a stream or queue, in order of arrival, until there is enough or Ctrl-C.

    What is told to be written is on the disk. The same command again goes on behind the last
    record in FILE, also after a kill: each record is there once, in order. Exit 130 after Ctrl-C,
    2 if recording cannot begin or go on.
    """
    talk = Talk(quiet=quiet)
    with exits(talk):
        from eventsim.cli.recording import Asked, perform

        asked = Asked(
            source=source,
            output=output,
            position=starting_position,
            timestamp=starting_position_timestamp,
            run_for=for_,
            count=count,
            to_now=to_now,
            consume=consume,
            on_failure=on_failure,
            endpoint_url=endpoint_url,
            region=region,
            allow_aws=allow_aws,
        )
        code = perform(asked, talk)
        if code:
            raise typer.Exit(code)
