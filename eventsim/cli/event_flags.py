"""
The flags of an event: one for each parameter of its builder, and those of the scene around it.

A verb adds its own, under names that no parameter of an event has (``RESERVED``).
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, get_args, get_origin

import click
import orjson
from pydantic.fields import FieldInfo

from eventsim.cli.files import STREAM, read_bytes
from eventsim.errors import EventsimError
from eventsim.ids import Chance
from eventsim.push.builders import Builder
from eventsim.rules.paths import changed, parse
from eventsim.types import Scene
from eventsim.types.pushing import START

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
_YEARS = 1970, 9000  # as those of a scenario's start
SCENE = ("seed", "at", "region", "account", "set", "create")
RESERVED = frozenset(
    {
        *SCENE,
        *("count", "compact"),
        *("handler", "type", "json", "timeout", "memory_size", "env_vars", "code_uri"),
        *("maximum_retry_attempts", "run_in"),
        *("allow_aws", "async_handler", "event_source_token"),
    }
)


@dataclass(frozen=True, slots=True)
class Said:
    """What the command line says of an event, and of the verb's own."""

    event: Builder
    parameters: Mapping[str, Any]
    own: Mapping[str, Any]

    def scene(self) -> Scene:
        """Where and when it comes about. Raises EventsimError for what AWS does not have."""
        own = self.own
        region = _matching("region", own["region"], _REGION, "one such as us-east-1")
        account = _matching("account", own["account"], _ACCOUNT, "its 12 digits")
        return Scene(region, account, _moment(own["at"]), Chance(own["seed"]))

    def build(self, scene: Scene) -> Any:
        """The event, changed as ``--set`` says. Raises EventsimError."""
        made = self.event.event(scene, self.parameters)
        for path, value in map(parse, self.own["set"]):
            made = changed(made, path, value, create=self.own["create"])
        return made


def command_of(
    event: Builder, own: Sequence[click.Option], act: Callable[[Said], object]
) -> click.Command:
    """What a verb runs for an event: a flag for each parameter, the scene's, and its *own*."""
    fields = event.model.model_fields
    flags = [_flag(name, field) for name, field in fields.items()]

    def run(**given: Any) -> None:
        mine = {name[4:]: given.pop(name) for name in list(given) if name.startswith("own_")}
        _check_stdin(given)
        said = {
            name: _read(name, value, fields[name])
            for name, value in given.items()
            if value not in (None, ())
        }
        act(Said(event, said, mine))

    return click.Command(
        event.name, params=[*flags, *own, *_scene_flags()], callback=run, help=event.sentence
    )


def _check_stdin(given: Mapping[str, Any]) -> None:
    """Raises EventsimError where stdin would be read twice: the second time there is nothing."""
    texts = {name: value for name, value in given.items() if isinstance(value, tuple)}
    names = [_label(name) for name, value in texts.items() for text in value if text == STREAM]
    if len(names) > 1:
        said = " and ".join(names)
        raise EventsimError(f"{said} would read stdin, which is there once; write one out")


def _label(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def option(name: str, **settings: Any) -> click.Option:
    """A flag of a verb's own, apart from the parameters of events."""
    return click.Option([f"--{name}", f"own_{name.replace('-', '_')}"], **settings)


def _scene_flags() -> list[click.Option]:
    return [
        option("seed", type=int, default=0, help="Of ids and everything that is drawn."),
        option("at", metavar="TIME", help="Date and time with a zone, or now; else 2026-01-01."),
        option("region", default="us-east-1", show_default=True),
        option("account", default="123456789012", show_default=True),
        option(
            "set", multiple=True, metavar="PATH=VALUE", help="Any field, by the end of its path."
        ),
        option("create", is_flag=True, help="Let --set make what is not there."),
    ]


def _flag(name: str, field: FieldInfo) -> click.Option:
    kind, settings = _shape(field.annotation), dict[str, Any]()
    label = _label(name)
    if name in RESERVED:
        raise EventsimError(f"a parameter of an event cannot be called '{name}'")
    if kind is bool:
        return click.Option([f"{label}/--no-{label[2:]}", name], default=None, help=_help(field))
    if get_origin(kind) is Literal:
        settings["type"] = click.Choice([str(choice) for choice in get_args(kind)])
    settings |= {"required": field.is_required(), "multiple": True}  # or the last one would do
    return click.Option([label, name], help=_help(field), **settings)


def _help(field: FieldInfo) -> str:
    said = [text for text in field.metadata if isinstance(text, str)]
    text = said[0][:1].upper() + said[0][1:] if said else ""
    default = field.get_default()
    if field.is_required() or default is None or default == "":
        return text
    shown = default if isinstance(default, str) else orjson.dumps(default, default=str).decode()
    return f"{text}  [default: {shown}]".strip()


def _bare(annotation: Any) -> Any:
    """The type behind Annotated and None."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    if get_origin(annotation) in (typing.Union, types.UnionType):
        inner = [kind for kind in get_args(annotation) if kind is not type(None)]
        return _bare(inner[0]) if len(inner) == 1 else annotation
    return annotation


def _shape(annotation: Any) -> Any:
    """That type; ``list`` for what may be given several times."""
    bare = _bare(annotation)
    return list if get_origin(bare) in (list, tuple) else bare


def _read(name: str, given: Any, field: FieldInfo) -> Any:
    """A flag's text as the parameter takes it: JSON where it is no text, stdin for ``-``."""
    kind = _shape(field.annotation)
    if kind is bool:
        return given
    if kind is list:
        item = _bare(get_args(_bare(field.annotation))[0])
        return [_value(_streamed(text), item) for text in given]
    if len(given) > 1:
        raise EventsimError(f"{_label(name)} is given {len(given)} times; once is all")
    return _value(_streamed(given[0]), kind)


def _value(text: str, kind: Any) -> Any:
    return text if kind in (str, datetime) else _json(text)


def _streamed(text: str) -> str:
    """What is meant by a flag's text: what stdin has for ``-``."""
    return read_bytes(STREAM).decode("utf-8", "replace").rstrip("\n") if text == STREAM else text


def _json(text: Any) -> Any:
    try:
        return orjson.loads(text)
    except ValueError:
        return text


def _matching(name: str, text: str, form: re.Pattern[str], wanted: str) -> str:
    if not form.fullmatch(text):
        raise EventsimError(f"--{name} is '{text}'; write {wanted}")
    return text


def _moment(text: str | None) -> datetime:
    if text is None:
        return START
    if text == "now":
        from eventsim import clock

        return clock.machine_time()
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise EventsimError(
            f"--at is '{text}'; write a date such as 2026-01-01T00:00:00Z"
        ) from None
    if at.tzinfo is None:
        raise EventsimError(f"--at is '{text}', without a time zone; write {at.isoformat()}Z")
    if not _YEARS[0] <= at.year <= _YEARS[1]:
        least, most = _YEARS
        raise EventsimError(f"--at is '{text}'; the year must be between {least} and {most}")
    return at
