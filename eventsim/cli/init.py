"""``eventsim init``: a scenario around a handler, to begin with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from eventsim.cli.exits import exits
from eventsim.cli.files import STREAM, reason
from eventsim.cli.handlers import Handler, function_name, look_up
from eventsim.cli.talk import Talk
from eventsim.errors import EventsimError

EXAMPLES = """
eventsim init app.handler -o app.yaml
eventsim init src.orders.app.handler -o orders.yaml
"""

TEMPLATE = """\
# Three records of a stream reach {handler}: say here what this scenario shows.
#
#   eventsim check {file}
#   eventsim run {file}
#   eventsim run {file} --as timeline
name: {name}
seed: 1                             # the same seed gives the same run
time: virtual                       # hours pass at once; real makes you wait for them
start: 2026-01-01T00:00:00Z

resources:
  orders: {{type: kinesis, shards: 2}}

functions:                          # AWS::Serverless::Function, as a SAM template has it
  {name}:
    Handler: {handler}
    CodeUri: {code_uri}
    Timeout: 3                      # seconds, as AWS counts them
    MemorySize: 128{async_handler}
    duration: 20ms                  # how long an invocation takes in virtual time
    Events:
      Orders:
        Type: Kinesis
        Properties:
          Stream: orders
          StartingPosition: TRIM_HORIZON
          BatchSize: 10
          MaximumRetryAttempts: 2   # then a batch that fails is discarded

timeline:
  - at: 0s
    put: orders
    records:
      - {{key: a, data: {{id: 1}}}}   # records of one key stay in order
      - {{key: b, data: {{id: 2}}}}
  - at: 5s
    put: orders
    records:
      - {{key: a, data: {{id: 3}}}}

expect:                             # each one that fails makes `eventsim run` exit with 1
  - {{entry: batch_delivered, where: {{source: orders}}, sum: records, min: 3, max: 3}}
  - {{entry: batch_discarded, count: 0}}
"""
ASYNC = "\n    async_handler: true             # Lambda itself refuses an async def"


def init(
    handler: Annotated[str, typer.Argument(help="module.function, from this folder.")],
    output: Annotated[
        str, typer.Option("-o", metavar="FILE", help="Write a new file; else stdout.")
    ] = STREAM,
) -> None:
    """Write a scenario around a handler of yours.

    It has comments and is ready to run; a file that is there is never overwritten.
    """
    with exits():
        folder = Path.cwd()
        found = look_up(handler, folder)
        path = Path("scenario.yaml" if output == STREAM else output)
        text = scenario_around(found, folder, path)
        if output == STREAM:
            print(text, end="")
            return
        _create(path, text)
        Talk().note(f"wrote {path}; now: eventsim run {path}")


def scenario_around(handler: Handler, folder: Path, path: Path) -> str:
    """The text of a scenario for *path* that holds. Raises EventsimError if none can there."""
    import os

    code_uri = Path(os.path.relpath(folder, path.resolve().parent)).as_posix()
    text = TEMPLATE.format(
        handler=_scalar(handler.name),
        file=path,
        name=_scalar(function_name(handler.module)),
        code_uri=_scalar(code_uri),
        async_handler=ASYNC if handler.is_async else "",
    )
    _check(text, path)
    return text


def _scalar(text: str) -> str:
    """The text as YAML, in quotes where it would be something else without them."""
    import json

    import yaml

    plain = text.isascii() and text.replace("/", "").replace("_", "").replace(".", "").isalnum()
    return text if plain and yaml.safe_load(text) == text else json.dumps(text)


def _check(text: str, path: Path) -> None:
    from eventsim.scenario import Origin, Scenario
    from eventsim.scenario.document import lesson, parse
    from eventsim.scenario.project import project_folder

    folder = path.resolve().parent
    Scenario.of_document(parse(text), Origin(folder, project_folder(folder), path, lesson(text)))


def _create(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise EventsimError(f"{path} is there already; write another name after -o") from None
    except OSError as error:
        raise EventsimError(f"cannot write {path}: {reason(error)}") from None
