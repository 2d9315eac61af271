"""
What a target of a rule is given: the event, a part of it, a constant, or a template filled in.

Where AWS is silent: a path that is not in the event gives nothing in a template, and null by
itself; a value that is no text stands in a text of a template as its JSON.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from eventsim.errors import ValidationFailed
from eventsim.rules.timestamps import iso_seconds

PATHS_MAX = 100
TEMPLATE_CHARACTERS_MAX = 8192

Path = tuple[str | int, ...]

_PATH = re.compile(r"""\.(?P<key>[\w-]+)|\[(?P<index>\d+)\]|\['(?P<quoted>[^']+)'\]""")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}")
_HOLE = re.compile(r"<([A-Za-z0-9_.-]+)>")
_MISSING = object()
_HOLDING: dict[type, Any] = {str: dict, int: list}
PREDEFINED = {
    "aws.events.rule-arn",
    "aws.events.rule-name",
    "aws.events.event.ingestion-time",
    "aws.events.event",
    "aws.events.event.json",
}


class Origin(NamedTuple):
    """The rule that matched, and when."""

    rule_arn: str
    rule_name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TargetInput:
    """How a target's payload is made; without anything it is the event itself.

    ``constant`` is JSON text, ``path`` a part of the event, ``template`` is filled in from
    ``paths``, parts of the event by name.
    """

    constant: str | None = None
    path: Path | None = None
    template: str | None = None
    paths: Mapping[str, Path] = field(default_factory=dict)

    def of(self, event: Mapping[str, Any], origin: Origin) -> str:
        """The payload for *event*, as JSON text. Raises ValidationFailed if it is none."""
        if self.constant is not None:
            return self.constant
        if self.path is not None:
            found = _at(event, self.path)
            return _text(None if found is _MISSING else found)
        if self.template is None:
            return _text(event)
        made = _filled(self.template, self._values(event, origin))
        try:
            orjson.loads(made)
        except ValueError:
            raise ValidationFailed(f"the filled in template is not JSON: {made[:200]}") from None
        return made

    def _values(self, event: Mapping[str, Any], origin: Origin) -> dict[str, Any]:
        without_detail = {key: value for key, value in event.items() if key != "detail"}
        return {
            "aws.events.rule-arn": origin.rule_arn,
            "aws.events.rule-name": origin.rule_name,
            "aws.events.event.ingestion-time": iso_seconds(origin.at),
            "aws.events.event": without_detail,
            "aws.events.event.json": dict(event),
            **{name: _at(event, path) for name, path in self.paths.items()},
        }


UNCHANGED = TargetInput()


def constant(text: str) -> TargetInput:
    """Always the same payload. Raises ValidationFailed for what is not JSON."""
    try:
        orjson.loads(text)
    except ValueError:
        raise ValidationFailed("Input is not JSON") from None
    return TargetInput(constant=text)


def part(text: str) -> TargetInput:
    """A part of the event, by its path. Raises ValidationFailed for what is no path."""
    return TargetInput(path=parse_path(text))


def transformer(template: str, paths: Mapping[str, str]) -> TargetInput:
    """A template with ``<names>`` of parts of the event.

    Raises ValidationFailed for a path that is none, a name nobody has, a template that cannot
    become JSON.
    """
    if len(paths) > PATHS_MAX:
        raise ValidationFailed(f"InputPathsMap has {len(paths)} paths, over {PATHS_MAX}")
    if len(template) > TEMPLATE_CHARACTERS_MAX:
        size = f"{len(template)} characters, over {TEMPLATE_CHARACTERS_MAX}"
        raise ValidationFailed(f"InputTemplate has {size}")
    for name in paths:
        if not _NAME.fullmatch(name) or name.lower().startswith("aws"):
            raise ValidationFailed(f"InputPathsMap has the name '{name}', which is none")
    for name in _HOLE.findall(template):
        if name not in paths and name not in PREDEFINED:
            known = ", ".join([*paths, *sorted(PREDEFINED)])
            text = f"InputTemplate has <{name}>, which InputPathsMap has not; there are: {known}"
            raise ValidationFailed(text)
    try:
        orjson.loads(_filled(template, dict.fromkeys([*paths, *PREDEFINED], 0)))
    except ValueError:
        raise ValidationFailed(
            "InputTemplate does not become JSON, whatever is filled in"
        ) from None
    return TargetInput(
        template=template, paths={name: parse_path(text) for name, text in paths.items()}
    )


def parse_path(text: str) -> Path:
    """``$.detail.items[0]`` in its parts. Raises ValidationFailed for what is no path."""
    parts: list[str | int] = []
    position = 1
    if not text.startswith("$"):
        raise ValidationFailed(f"the path '{text}' does not begin with $")
    while position < len(text):
        found = _PATH.match(text, position)
        if found is None:
            raise ValidationFailed(
                f"the path '{text}' goes wrong at '{text[position:]}'; write $.detail.items[0]"
            )
        index = found["index"]
        parts.append(int(index) if index is not None else found["key"] or found["quoted"])
        position = found.end()
    return tuple(parts)


def _at(value: Any, path: Path) -> Any:
    for step in path:
        if not isinstance(value, _HOLDING[type(step)]):
            return _MISSING
        try:
            value = value[step]
        except LookupError:
            return _MISSING
    return value


def _filled(template: str, values: Mapping[str, Any]) -> str:
    """The template with its holes filled: those in a text by text, others by JSON."""
    made, position, in_text = "", 0, False
    for hole in _HOLE.finditer(template):
        between = template[position : hole.start()]
        in_text ^= _quotes(between) % 2 == 1
        made += between + _filling(values[hole[1]], in_text)
        position = hole.end()
    return made + template[position:]


def _quotes(text: str) -> int:
    """The quotation marks that are not escaped."""
    return len(re.findall(r'(?<!\\)(?:\\\\)*"', text))


def _filling(value: Any, in_text: bool) -> str:
    if value is _MISSING:
        return "" if in_text else '""'
    if not in_text:
        return _text(value)
    plain = value if isinstance(value, str) else _text(value)
    return _text(plain)[1:-1]


def _text(value: Any) -> str:
    return orjson.dumps(value).decode()
