"""``eventsim replay``: a recording into a handler, or into a stream that lives on."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from eventsim.cli.exits import exits
from eventsim.cli.poll import POLLED, EndpointUrl, Region, with_settings
from eventsim.cli.run import AllowAws, EnvVars, Journal, Stats
from eventsim.cli.talk import Talk

EXAMPLES = """
eventsim replay orders.jsonl.gz --handler app.handler --batch-size 10
eventsim replay orders.jsonl.gz --handler app.handler --from 10m --until 20m --time real --speed 60
eventsim replay events.jsonl --handler app.handler --as invocations
eventsim replay orders.jsonl.gz --handler old.handler --versus new.handler
eventsim replay orders.jsonl.gz --handler app.handler --redrive failures.jsonl
eventsim replay orders.jsonl.gz --to kinesis://orders --resume orders.resume --mask email
"""

# A recording is replayed from its beginning; --from and --until choose another part of it.
REPLAYED = {name: each for name, each in POLLED.items() if not name.startswith("StartingPosition")}
Option = typer.Option
Instant = Annotated[str | None, Option("--from", metavar="TIME", help="A date, or since it began.")]
Handler = Annotated[str | None, Option(help="module.function, from the code folder.")]
To = Annotated[str | None, Option(metavar="TARGET", help="A live one, such as kinesis://orders.")]


def replay(
    file: Annotated[str, typer.Argument(help="A recording; with --as invocations, events.")],
    handler: Handler = None,
    to: To = None,
    as_: Annotated[
        Literal["poller", "invocations"], Option("--as", help="Batched anew, or as recorded.")
    ] = "poller",
    from_: Instant = None,
    until: Annotated[str | None, Option(metavar="TIME", help="The same; not included.")] = None,
    shard: Annotated[list[str] | None, Option(metavar="ID", help="Only that shard.")] = None,
    key: Annotated[list[str] | None, Option(metavar="KEY", help="Only that partition key.")] = None,
    pattern: Annotated[
        list[str] | None, Option(metavar="JSON", help="Only what a filter pattern matches.")
    ] = None,
    loop: Annotated[int, Option(min=1, help="So many times over.")] = 1,
    rekey: Annotated[str | None, Option(metavar="PATH", help="Key by that field of JSON.")] = None,
    shift: Annotated[
        str | None, Option(metavar="TIME", help="Later by 1h, earlier by -1h, or from a date on.")
    ] = None,
    mask: Annotated[
        list[str] | None, Option(metavar="PATH", help="Blank that field, wherever it is.")
    ] = None,
    time: Annotated[Literal["virtual", "real"] | None, Option(help="virtual for handlers.")] = None,
    speed: Annotated[str | None, Option(metavar="N|max", help="Divide real gaps.")] = None,
    resume: Annotated[str | None, Option(metavar="FILE", help="Send nothing twice to TARGET.")] = (
        None
    ),
    shards: Annotated[int | None, Option(min=1, max=10_000, help="Shards; by key then.")] = None,
    name: Annotated[str | None, Option(help="What the handler sees of the stream's name.")] = None,
    versus: Annotated[str | None, Option(metavar="HANDLER", help="Compare with that one.")] = None,
    versus_settings: Annotated[
        str | None, Option(metavar="JSON", help='Compare with settings: {"BatchSize": 10}.')
    ] = None,
    redrive: Annotated[
        str | None, Option(metavar="DOCUMENTS", help="Only the batches of on-failure documents.")
    ] = None,
    failed: Annotated[
        str | None, Option(metavar="FILE", help="Of --redrive, what failed again.")
    ] = None,
    seed: Annotated[int, Option(min=0, help="Of request ids and durations.")] = 0,
    duration: Annotated[
        str, Option(metavar="TIME", help="Of an invocation in virtual time.")
    ] = "1ms",
    run_in: Annotated[str, Option(metavar="KIND", help="inline, python, node, ….")] = "inline",
    endpoint_url: EndpointUrl = None,
    region: Region = None,
    allow_aws: AllowAws = False,
    code_uri: Annotated[str, Option(metavar="DIR", help="The folder of the code.")] = ".",
    timeout: Annotated[int, Option(min=1, max=900, help="Seconds, for the function.")] = 3,
    memory_size: Annotated[int, Option(min=128, max=10_240, help="MB, for the function.")] = 128,
    env_vars: EnvVars = None,
    async_handler: Annotated[
        bool, Option("--async-handler", help="Await an async def, as Lambda does not.")
    ] = False,
    journal: Journal = None,
    detail: Annotated[
        Literal["off", "batch", "payload"], Option(help="How much the journal says.")
    ] = "batch",
    json: Annotated[bool, Option("--json", help="The summary as JSON.")] = False,
    stats: Stats = None,
    quiet: Annotated[bool, Option("--quiet", help="Talk of failures only.")] = False,
    debug: Annotated[bool, Option("--debug", help="No timeouts, for pdb in a handler.")] = False,
    **settings: Any,
) -> None:
    """Replay a recording: into a handler in virtual time, or into a stream or queue that lives.

    Exit 1 if records were discarded, invocations failed or a comparison differs, 2 if nothing
    can be replayed, 130 if it is interrupted.
    """
    given = dict(locals())
    talk = Talk(quiet=quiet)
    with exits(talk):
        from eventsim.cli.replaying import Asked, perform

        words = {name: given[name] for name in Asked.__dataclass_fields__ if name in given}
        words["since"], words["into"] = from_, as_
        words["settings"] = {each: settings[setting.field] for each, setting in REPLAYED.items()}
        code = perform(Asked(**words), talk)
    raise typer.Exit(code)


replay.__signature__ = with_settings(replay, REPLAYED)  # type: ignore[attr-defined]  # typer reads this
