"""
The command line: data on stdout, talk on stderr, one file for each verb.

A verb imports what it needs when it runs, so that ``eventsim --help`` costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from eventsim import __version__
from eventsim.cli import (
    check,
    compare,
    convert,
    explain,
    generate,
    init,
    invoke,
    learn,
    listing,
    load,
    poll,
    push,
    record,
    replay,
    report,
    run,
    schema,
    serve,
    sweep,
)

app = typer.Typer(
    name="eventsim",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"eventsim {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Run a Lambda handler the way AWS would call it, on this machine, in virtual or real time."""


def _examples(text: str) -> str:
    r"""An epilog of lines that stay as they are; ``\b`` asks for that."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in text.strip().splitlines())


def _add(name: str, verb: Callable[..., Any], examples: str) -> None:
    app.command(name, epilog=_examples(examples))(verb)


app.callback(
    epilog=_examples(
        """
eventsim run nyc-flights
eventsim init app.handler -o app.yaml
eventsim run app.yaml --as timeline
"""
    )
)(_root)
_add("run", run.run, run.EXAMPLES)
_add("learn", learn.learn, learn.EXAMPLES)
_add("sweep", sweep.sweep, sweep.EXAMPLES)
_add("check", check.check, check.EXAMPLES)
_add("init", init.init, init.EXAMPLES)
_add("report", report.report, report.EXAMPLES)
_add("explain", explain.explain, explain.EXAMPLES)
_add("list", listing.list_, listing.EXAMPLES)
_add("schema", schema.schema, schema.EXAMPLES)
_add("invoke", invoke.invoke, invoke.EXAMPLES)
_add("poll", poll.poll, poll.EXAMPLES)
_add("record", record.record, record.EXAMPLES)
_add("convert", convert.convert, convert.EXAMPLES)
_add("replay", replay.replay, replay.EXAMPLES)
_add("compare", compare.compare, compare.EXAMPLES)
_add("load", load.load, load.EXAMPLES)
_add("serve", serve.serve, serve.EXAMPLES)
for _name, _verb in (("generate", generate), ("push", push)):
    app.command(
        _name,
        epilog=_examples(_verb.EXAMPLES),
        context_settings={"ignore_unknown_options": True, "help_option_names": []},
    )(getattr(_verb, _name))


def main() -> None:
    """Do what the command line says, and leave with its exit code (see ``cli.exits``)."""
    app(prog_name="eventsim")
