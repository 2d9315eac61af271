"""``eventsim poll``: a stream or queue at an endpoint, into a handler of yours."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Literal

import typer

from eventsim.cli.exits import exits
from eventsim.cli.run import AllowAws, EnvVars, Journal
from eventsim.cli.talk import Talk
from eventsim.rules.mapping_settings import SETTINGS, Setting

EXAMPLES = """
eventsim poll kinesis://orders --handler app.handler --endpoint-url http://127.0.0.1:4566
eventsim poll kinesis://orders --handler app.handler --checkpoints orders.json --batch-size 10
eventsim poll dynamodb://users --handler app.handler --starting-position LATEST --for 30s
"""

Option = typer.Option
Checkpoints = Annotated[
    str | None, Option(metavar="FILE", help="Keep progress there, and go on from it.")
]
EndpointUrl = Annotated[
    str | None, Option(metavar="URL", help="Where it is; else AWS_ENDPOINT_URL.")
]
Region = Annotated[str | None, Option(help="Else AWS_REGION, AWS_DEFAULT_REGION, the profile's.")]
For = Annotated[
    str | None, Option("--for", metavar="TIME", help="Stop after a while, such as 30s.")
]
Count = Annotated[int | None, Option(min=1, help="Stop when so many records are dealt with.")]


def poll(
    source: Annotated[str, typer.Argument(help="What is polled, such as kinesis://orders.")],
    handler: Annotated[str, Option(help="module.function, from the code folder.")],
    checkpoints: Checkpoints = None,
    endpoint_url: EndpointUrl = None,
    region: Region = None,
    allow_aws: AllowAws = False,
    for_: For = None,
    count: Count = None,
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
    quiet: Annotated[bool, Option("--quiet", help="Talk of failures only.")] = False,
    debug: Annotated[bool, Option("--debug", help="No timeouts, for pdb in a handler.")] = False,
    **settings: Any,
) -> None:
    """Poll a stream that is there, in real time, as an event source mapping would.

    Ctrl-C finishes what is in flight, sets its checkpoint and ends with exit 130; a second one
    ends at once. Exit 1 if records were discarded, 2 if polling cannot begin or go on.
    """
    talk = Talk(quiet=quiet)
    with exits(talk):
        from eventsim.cli.polling import Asked, perform

        asked = Asked(
            source=source,
            handler=handler,
            checkpoints=checkpoints,
            endpoint_url=endpoint_url,
            region=region,
            allow_aws=allow_aws,
            run_for=for_,
            count=count,
            code_uri=code_uri,
            timeout=timeout,
            memory_size=memory_size,
            env_vars=env_vars,
            async_handler=async_handler,
            journal=journal,
            detail=detail,
            json=json,
            debug=debug,
            settings={name: settings[setting.field] for name, setting in POLLED.items()},
        )
        code = perform(asked, talk)
    raise typer.Exit(code)


# A mapping that is polled is enabled.
POLLED = {name: setting for name, setting in SETTINGS.items() if name != "Enabled"}
_TYPES: dict[str, tuple[type, str | None]] = {
    "BisectBatchOnFunctionError": (bool, None),
    "FilterCriteria": (str, "JSON"),
    "DestinationConfig": (str, "ARN"),
    "StartingPosition": (str, None),
    "StartingPositionTimestamp": (str, "TIME"),
    "FunctionResponseTypes": (str, None),
}


def flag(setting: Setting) -> str:
    """The option of a setting: AWS's name in kebab case, or what is inside where there is one."""
    if setting.name == "DestinationConfig":
        return "--on-failure"
    name = setting.inside[-1] if setting.inside else setting.name
    return "--" + "".join(f"-{each.lower()}" if each.isupper() else each for each in name)[1:]


def _option(setting: Setting) -> inspect.Parameter:
    kind, metavar = _TYPES.get(setting.name, (int, None))
    help_ = setting.says[0].upper() + setting.says[1:] + "."
    if setting.least is not None:
        help_ += f" {setting.least} to {setting.most}."
    default = False if kind is bool else None
    option = Option(flag(setting), metavar=metavar, help=help_)
    annotation = Annotated[bool, option] if kind is bool else Annotated[kind | None, option]
    return inspect.Parameter(
        setting.field, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )


def with_settings(
    verb: Callable[..., None], settings: Mapping[str, Setting] = POLLED
) -> inspect.Signature:
    """The verb's own parameters, and an option for each setting in place of the rest."""
    signature = inspect.signature(verb, eval_str=True)
    return signature.replace(parameters=list(_parameters(signature, settings)))


def _parameters(
    signature: inspect.Signature, settings: Mapping[str, Setting]
) -> Iterator[inspect.Parameter]:
    for parameter in signature.parameters.values():
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD:
            yield parameter
    yield from map(_option, settings.values())


poll.__signature__ = with_settings(poll)  # type: ignore[attr-defined]  # typer reads this
