"""``eventsim invoke``: a handler, once, with an event of yours."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from eventsim.cli.exits import exits
from eventsim.cli.talk import Talk

EXAMPLES = """
eventsim invoke app.handler --event event.json
echo '{"id": 1}' | eventsim invoke app.handler --event -
eventsim invoke app.handler --type DryRun
eventsim invoke app.handler --type Event --maximum-retry-attempts 0
eventsim invoke app.handler --log-type Tail --json
"""

Type = Literal["RequestResponse", "Event", "DryRun"]
Option = typer.Option


def invoke(
    handler: Annotated[str, typer.Argument(help="module.function, from the code folder.")],
    event: Annotated[
        str | None, Option(metavar="FILE", help="The event; - is stdin, as is a pipe.")
    ] = None,
    type_: Annotated[Type, Option("--type", help="InvocationType.")] = "RequestResponse",
    log_type: Annotated[
        Literal["None", "Tail"], Option(help="Tail shows Lambda's lines too, the last 4 KB.")
    ] = "None",
    timeout: Annotated[int, Option(min=1, max=900, help="Seconds.")] = 3,
    memory_size: Annotated[int, Option(min=128, max=10_240, help="MB.")] = 128,
    maximum_retry_attempts: Annotated[
        int, Option(min=0, max=2, help="Of an Event, after 1 and 2 real minutes.")
    ] = 2,
    env_vars: Annotated[
        str | None, Option(metavar="FILE", help="Environment variables, in sam's JSON.")
    ] = None,
    client_context: Annotated[
        str | None, Option(metavar="JSON", help="For context.client_context.")
    ] = None,
    code_uri: Annotated[str, Option(metavar="DIR", help="The folder of the code.")] = ".",
    allow_aws: Annotated[
        bool, Option("--allow-aws", help="Let the handler reach AWS itself.")
    ] = False,
    async_handler: Annotated[
        bool, Option("--async-handler", help="Await an async def, as Lambda does not.")
    ] = False,
    json: Annotated[bool, Option("--json", help="The whole answer of the Invoke API.")] = False,
    debug: Annotated[bool, Option("--debug", help="No timeouts, for pdb in a handler.")] = False,
) -> None:
    """Invoke a handler once, in real time.

    Its answer goes to stdout, its log to stderr; exit 1 if it fails.
    """
    talk = Talk()
    with exits(talk):
        from eventsim.cli.invoking import Invocation, perform

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
            allow_aws=allow_aws,
            async_handler=async_handler,
            json=json,
            debug=debug,
        )
        code = perform(invocation, talk)
    raise typer.Exit(code)
