"""Makes a command of each event's builder, and prints what it builds."""

from __future__ import annotations

import sys
import types
import typing
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal, get_args, get_origin

import click
import orjson
from pydantic.fields import FieldInfo

from eventsim import clock
from eventsim.cli.files import STREAM, read_bytes
from eventsim.errors import EventsimError
from eventsim.ids import Chance
from eventsim.push.builders import Builder, builder, builders, sources
from eventsim.rules.paths import changed, parse
from eventsim.types import Scene
from eventsim.types.pushing import START

_OWN = ("count", "seed", "at", "region", "account", "set", "create", "compact")


def listing() -> str:
    """The sources that push, and the names of their events."""
    names = {source: ", ".join(builders(source)) for source in sources()}
    width = max(map(len, names), default=0)
    return "\n".join(f"{source:<{width}}  {events}" for source, events in names.items())


def perform(source: str, words: list[str]) -> None:
    """Generate what the *words* after the source say. Raises EventsimError, or ends the process
    as click does after a flag that is wrong.
    """
    named = words[0] if words and not words[0].startswith("-") else None
    if named is None and "--help" in words:
        print(_events(source))
        return
    command = command_of(builder(source, named))
    rest = words[1:] if named is not None else words
    try:
        command.main(rest, f"eventsim generate {source} {command.name}", standalone_mode=False)
    except click.ClickException as error:
        raise EventsimError(error.format_message().rstrip(".")) from None


def _events(source: str) -> str:
    found = builders(source)
    width = max(map(len, found))
    lines = [f"{name:<{width}}  {each.sentence}" for name, each in found.items()]
    return "\n".join([f"The events of {source}; --help after one shows its flags:", *lines])


def command_of(event: Builder) -> click.Command:
    """What ``eventsim generate`` runs for an event: a flag for each parameter, and its own."""
    flags = [_flag(name, field) for name, field in event.model.model_fields.items()]
    lists = {
        name for name, field in event.model.model_fields.items() if _shape(field.annotation) is list
    }

    def run(**given: Any) -> None:
        own = {name: given.pop(f"own_{name}") for name in _OWN}
        said = {
            name: _read(value, event.model.model_fields[name], name in lists)
            for name, value in given.items()
            if value not in (None, ())
        }
        _print(event, said, own)

    return click.Command(
        event.name, params=[*flags, *_own_flags()], callback=run, help=event.sentence
    )


def _own_flags() -> list[click.Parameter]:
    def option(name: str, **settings: Any) -> click.Option:
        return click.Option([f"--{name}", f"own_{name}"], **settings)

    return [
        option(
            "count",
            type=click.IntRange(1, 1_000_000),
            default=1,
            help="So many events, a line each.",
        ),
        option("seed", type=int, default=0, help="Of ids and everything that is drawn."),
        option("at", metavar="TIME", help="Date and time with a zone, or now; else 2026-01-01."),
        option("region", default="us-east-1", show_default=True),
        option("account", default="123456789012", show_default=True),
        option(
            "set", multiple=True, metavar="PATH=VALUE", help="Any field, by the end of its path."
        ),
        option("create", is_flag=True, help="Let --set make what is not there."),
        option("compact", is_flag=True, help="On one line."),
    ]


def _flag(name: str, field: FieldInfo) -> click.Option:
    kind, settings = _shape(field.annotation), dict[str, Any]()
    label = f"--{name.replace('_', '-')}"
    if name in _OWN:
        raise EventsimError(f"a parameter of an event cannot be called '{name}'")
    if kind is bool:
        return click.Option([f"{label}/--no-{label[2:]}", name], default=None, help=_help(field))
    if get_origin(kind) is Literal:
        settings["type"] = click.Choice([str(choice) for choice in get_args(kind)])
    elif kind is list:
        settings["multiple"] = True
    return click.Option([label, name], required=field.is_required(), help=_help(field), **settings)


def _help(field: FieldInfo) -> str:
    said = [text for text in field.metadata if isinstance(text, str)]
    text = said[0][:1].upper() + said[0][1:] if said else ""
    default = field.get_default()
    if field.is_required() or default is None or default == "":
        return text
    shown = default if isinstance(default, str) else orjson.dumps(default, default=str).decode()
    return f"{text}  [default: {shown}]".strip()


def _shape(annotation: Any) -> Any:
    """The type behind Annotated and None; ``list`` for what may be given several times."""
    if get_origin(annotation) is Annotated:
        return _shape(get_args(annotation)[0])
    if get_origin(annotation) in (typing.Union, types.UnionType):
        inner = [kind for kind in get_args(annotation) if kind is not type(None)]
        return _shape(inner[0]) if len(inner) == 1 else annotation
    if get_origin(annotation) in (list, tuple):
        return list
    return annotation


def _read(value: Any, field: FieldInfo, repeated: bool) -> Any:
    """A flag's text as the parameter takes it: JSON where it is no text, stdin for ``-``."""
    if repeated:
        return [_json(item) for item in value]
    kind = _shape(field.annotation)
    if value == STREAM and kind is not bool:
        value = read_bytes(STREAM).decode("utf-8", "replace").rstrip("\n")
    return value if kind in (str, bool, datetime) else _json(value)


def _json(text: Any) -> Any:
    try:
        return orjson.loads(text)
    except ValueError:
        return text


def _print(event: Builder, said: dict[str, Any], own: dict[str, Any]) -> None:
    scene = Scene(own["region"], own["account"], _moment(own["at"]), Chance(own["seed"]))
    changes = [parse(text) for text in own["set"]]
    lines = own["compact"] or own["count"] > 1 or not sys.stdout.isatty()
    out: Callable[[bytes], object] = sys.stdout.buffer.write
    sys.stdout.flush()
    for _ in range(own["count"]):
        made = event.event(scene, said)
        for path, value in changes:
            made = changed(made, path, value, create=own["create"])
        out(orjson.dumps(made, option=0 if lines else orjson.OPT_INDENT_2) + b"\n")
    sys.stdout.buffer.flush()


def _moment(text: str | None) -> datetime:
    if text is None:
        return START
    if text == "now":
        return clock.machine_time()
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise EventsimError(
            f"--at is '{text}'; write a date such as 2026-01-01T00:00:00Z"
        ) from None
    if at.tzinfo is None:
        raise EventsimError(f"--at is '{text}', without a time zone; write {at.isoformat()}Z")
    return at
