"""Prints what the builder of an event builds."""

from __future__ import annotations

import sys
from collections.abc import Callable

import click
import orjson

from eventsim.cli.event_flags import Said, command_of, option
from eventsim.errors import EventsimError
from eventsim.push.builders import builder, builders, sources


def listing() -> str:
    """The sources that push, and the names of their events."""
    names = {source: ", ".join(builders(source)) for source in sources()}
    width = max(map(len, names), default=0)
    return "\n".join(f"{source:<{width}}  {events}" for source, events in names.items())


def events_of(source: str) -> str:
    """The events of a source, each with what it says of itself."""
    found = builders(source)
    width = max(map(len, found))
    lines = [f"{name:<{width}}  {each.sentence}" for name, each in found.items()]
    return "\n".join([f"The events of {source}; --help after one shows its flags:", *lines])


def perform(
    verb: str, source: str, words: list[str], own: list[click.Option], act: Callable[[Said], object]
) -> None:
    """Do what the *words* after the source say. Raises EventsimError for a flag that is wrong."""
    for word in words:
        if any("\ud800" <= character <= "\udfff" for character in word):
            raise EventsimError(f"{word!r} is not text in UTF-8")
    named = words[0] if words and not words[0].startswith("-") else None
    if named is None and "--help" in words:
        print(events_of(source))
        return
    command = command_of(builder(source, named), own, act)
    rest = words[1:] if named is not None else words
    try:
        command.main(rest, f"eventsim {verb} {source} {command.name}", standalone_mode=False)
    except click.ClickException as error:
        raise EventsimError(error.format_message().rstrip(".")) from None


def generate(source: str, words: list[str]) -> None:
    """Print the event that the *words* after the source ask for. Raises EventsimError."""
    perform("generate", source, words, own_flags(), _print)


def own_flags() -> list[click.Option]:
    """The flags of ``eventsim generate`` itself."""
    return [
        option(
            "count",
            type=click.IntRange(1, 1_000_000),
            default=1,
            help="So many events, a line each.",
        ),
        option("compact", is_flag=True, help="On one line."),
    ]


def _print(said: Said) -> None:
    scene = said.scene()
    lines = said.own["compact"] or said.own["count"] > 1 or not sys.stdout.isatty()
    out: Callable[[bytes], object] = sys.stdout.buffer.write
    sys.stdout.flush()
    for _ in range(said.own["count"]):
        made = said.build(scene)
        out(orjson.dumps(made, option=0 if lines else orjson.OPT_INDENT_2) + b"\n")
    sys.stdout.buffer.flush()
