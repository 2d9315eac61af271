"""``eventsim invoke``: a handler, once, with an event of yours."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from eventsim.cli.exits import exits
from eventsim.cli.talk import Talk

EXAMPLES = """
eventsim invoke app.handler --event event.json
echo '{"id": 1}' | eventsim invoke app.handler --event -
eventsim invoke index.handler --run-in node --event event.json
eventsim invoke app.handler --type DryRun
eventsim invoke app.handler --type Event --maximum-retry-attempts 0
eventsim invoke app.handler --log-type Tail --json
eventsim invoke my-function --invoker aws --endpoint-url http://127.0.0.1:4566
eventsim invoke my-function --url http://127.0.0.1:9000 --event event.json
"""

Type = Literal["RequestResponse", "Event", "DryRun"]
Option = typer.Option
RunIn = Annotated[
    Literal["inline", "python", "node", "bootstrap"],
    Option(help="In this process, or in a child process of that kind."),
]
AsyncHandler = Annotated[
    bool, Option("--async-handler", help="Await an async def, as Lambda does not.")
]

WhoRuns = Annotated[
    Literal["local", "aws", "http"] | None,
    Option("--invoker", help="This process, an Invoke API, or an address (--url)."),
]
EndpointUrl = Annotated[
    str | None, Option(metavar="URL", help="Where an Invoke API is that runs it.")
]
Url = Annotated[
    str | None, Option(metavar="URL", help="A Runtime Interface Emulator that runs it.")
]
Timeout = Annotated[int | None, Option(min=1, max=900, help="Seconds; 3 for code that runs here.")]
RetryAttempts = Annotated[
    int, Option(min=0, max=2, help="Of an Event, after 1 and 2 real minutes.")
]
Region = Annotated[str | None, Option(help="Of the Invoke API.")]
Qualifier = Annotated[str | None, Option(help="A version or an alias.")]


def invoke(
    handler: Annotated[str, typer.Argument(help="module.function, or its name elsewhere.")],
    event: Annotated[
        str | None, Option(metavar="FILE", help="The event; - is stdin, as is a pipe.")
    ] = None,
    type_: Annotated[Type, Option("--type", help="InvocationType.")] = "RequestResponse",
    log_type: Annotated[
        Literal["None", "Tail"], Option(help="Tail shows Lambda's lines too, the last 4 KB.")
    ] = "None",
    timeout: Timeout = None,
    memory_size: Annotated[int, Option(min=128, max=10_240, help="MB.")] = 128,
    maximum_retry_attempts: RetryAttempts = 2,
    env_vars: Annotated[
        str | None, Option(metavar="FILE", help="Environment variables, in sam's JSON.")
    ] = None,
    client_context: Annotated[
        str | None, Option(metavar="JSON", help="For context.client_context.")
    ] = None,
    code_uri: Annotated[str, Option(metavar="DIR", help="The folder of the code.")] = ".",
    run_in: RunIn = "inline",
    allow_aws: Annotated[bool, Option("--allow-aws", help="Let it reach AWS itself.")] = False,
    async_handler: AsyncHandler = False,
    invoker: WhoRuns = None,
    endpoint_url: EndpointUrl = None,
    url: Url = None,
    region: Region = None,
    qualifier: Qualifier = None,
    json: Annotated[bool, Option("--json", help="The whole answer of the Invoke API.")] = False,
    debug: Annotated[bool, Option("--debug", help="No timeouts, for pdb in a handler.")] = False,
) -> None:
    """Invoke a handler, or a function elsewhere, once, in real time.

    Its answer goes to stdout, its log to stderr; exit 1 if it fails.
    """
    talk = Talk()
    with exits(talk):
        from eventsim.cli.invoking import Invocation, Place, perform

        invocation = Invocation(
            handler=handler,
            event=event,
            type=type_,
            log_type=log_type,
            timeout=timeout,
            memory_size=memory_size,
            maximum_retry_attempts=maximum_retry_attempts,
            env_vars=env_vars,
            client_context=client_context,
            code_uri=code_uri,
            run_in=run_in,
            allow_aws=allow_aws,
            async_handler=async_handler,
            json=json,
            debug=debug,
            place=Place(invoker, endpoint_url, url, region),
            qualifier=qualifier,
        )
        code = perform(invocation, talk)
    raise typer.Exit(code)
