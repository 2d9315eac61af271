"""``eventsim replay``: a recording into a handler, or into a stream that lives on."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from eventsim.cli.exits import exits
from eventsim.cli.poll import POLLED, EndpointUrl, Region, with_settings
from eventsim.cli.run import AllowAws, Detail, EnvVars, Journal, Stats
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
Way = Literal["poller", "invocations"]
Words = list[str] | None
Word = str | None

File = Annotated[str, typer.Argument(help="A recording; with --as invocations, events.")]
Handler = Annotated[Word, Option(help="module.function, from the code folder.")]
To = Annotated[Word, Option(metavar="TARGET", help="A live one, such as kinesis://orders.")]
As = Annotated[Way | None, Option("--as", help="Batched anew, or as recorded.")]
From = Annotated[Word, Option("--from", metavar="TIME", help="A date, or since it began.")]
Until = Annotated[Word, Option(metavar="TIME", help="The same; not included.")]
Shard = Annotated[Words, Option(metavar="ID", help="Only that shard.")]
Key = Annotated[Words, Option(metavar="KEY", help="Only that partition key.")]
Pattern = Annotated[Words, Option(metavar="JSON", help="Only what a filter pattern matches.")]
Loop = Annotated[int, Option(min=1, help="So many times over.")]
Rekey = Annotated[Word, Option(metavar="PATH", help="Key by that field of the data.")]
Shift = Annotated[Word, Option(metavar="TIME", help="Later by 1h, earlier by -1h, or to a date.")]
Mask = Annotated[Words, Option(metavar="PATH", help="Blank that field, wherever it is.")]
Time = Annotated[Literal["virtual", "real"] | None, Option(help="virtual for handlers.")]
Speed = Annotated[Word, Option(metavar="N|max", help="Divide the gaps of real time.")]
Resume = Annotated[Word, Option(metavar="FILE", help="Send nothing twice to TARGET.")]
OnBadLine = Annotated[Literal["stop", "skip", "save"], Option(help="Where a line is no record.")]
Shards = Annotated[int | None, Option(min=1, max=10_000, help="By key, whatever is recorded.")]
Name = Annotated[Word, Option(help="What the handler sees of the stream's name.")]
Versus = Annotated[Word, Option(metavar="HANDLER", help="Compare with that one.")]
VersusSettings = Annotated[Word, Option(metavar="JSON", help='Compare: {"BatchSize": 10}.')]
Redrive = Annotated[Word, Option(metavar="DOCUMENTS", help="Only what failed, by its documents.")]
Failed = Annotated[Word, Option(metavar="FILE", help="Of --redrive, what failed again.")]
Seed = Annotated[int, Option(min=0, help="Of request ids and durations.")]
Duration = Annotated[str, Option(metavar="TIME", help="Of an invocation in virtual time.")]
RunIn = Annotated[str, Option(metavar="KIND", help="inline, python, node or bootstrap.")]
CodeUri = Annotated[str, Option(metavar="DIR", help="The folder of the code.")]
Timeout = Annotated[int, Option(min=1, max=900, help="Seconds, for the function.")]
MemorySize = Annotated[int, Option(min=128, max=10_240, help="MB, for the function.")]
AsyncHandler = Annotated[bool, Option("--async-handler", help="Await an async def.")]
Json = Annotated[bool, Option("--json", help="The summary as JSON.")]
Quiet = Annotated[bool, Option("--quiet", help="Talk of failures only.")]
Debug = Annotated[bool, Option("--debug", help="No timeouts, for pdb in a handler.")]
DetailOf = Annotated[Detail, Option(help="How much the journal says.")]


def replay(
    file: File,
    handler: Handler = None,
    to: To = None,
    into: As = None,
    since: From = None,
    until: Until = None,
    shard: Shard = None,
    key: Key = None,
    pattern: Pattern = None,
    loop: Loop = 1,
    rekey: Rekey = None,
    shift: Shift = None,
    mask: Mask = None,
    time: Time = None,
    speed: Speed = None,
    resume: Resume = None,
    on_bad_line: OnBadLine = "stop",
    shards: Shards = None,
    name: Name = None,
    versus: Versus = None,
    versus_settings: VersusSettings = None,
    redrive: Redrive = None,
    failed: Failed = None,
    seed: Seed = 0,
    duration: Duration = "1ms",
    run_in: RunIn = "inline",
    endpoint_url: EndpointUrl = None,
    region: Region = None,
    allow_aws: AllowAws = False,
    code_uri: CodeUri = ".",
    timeout: Timeout = 3,
    memory_size: MemorySize = 128,
    env_vars: EnvVars = None,
    async_handler: AsyncHandler = False,
    journal: Journal = None,
    detail: DetailOf = "batch",
    json: Json = False,
    stats: Stats = None,
    quiet: Quiet = False,
    debug: Debug = False,
    **settings: Any,
) -> None:
    """Replay a recording: into a handler in virtual time, or into a stream or queue that lives.

    Exit 1 if records were discarded, invocations failed or a comparison differs, 2 if nothing
    can be replayed, 130 if it is interrupted.
    """
    given = {name: value for name, value in locals().items() if name != "settings"}
    talk = Talk(quiet=quiet)
    with exits(talk):
        from eventsim.cli.replaying import Asked, perform

        set_ = {name: settings[setting.field] for name, setting in REPLAYED.items()}
        code = perform(Asked(**given, settings=set_), talk)
    raise typer.Exit(code)


replay.__signature__ = with_settings(replay, REPLAYED)  # type: ignore[attr-defined]  # for typer
