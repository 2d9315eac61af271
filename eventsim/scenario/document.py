"""
A YAML text as plain values, each with its line and column, and everything YAML would misread.

Only JSON's kinds of value come out, and dates where the format has dates. What YAML reads
as something else than it looks like is refused with what to write instead: ``1:30`` (90),
``on`` (true), ``0123`` (83), numbers too long to keep their digits. CloudFormation's ``!Ref``,
``!GetAtt`` and ``!Sub`` of one name become that name; any other tag is refused, and so are
duplicate keys, merges, and files or aliases that blow up.

https://yaml.org/spec/1.1/ is what PyYAML reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import yaml

from eventsim.scenario.problem import Mark, Path, Problem, where

BYTES_MAX = 1_048_576
NODES_MAX = 100_000
DEPTH_MAX = 60
SAFE_INTEGER_MAX = 2**53 - 1  # beyond it, JSON readers in other languages lose digits
DATE_KEYS = frozenset({"start", "StartingPositionTimestamp"})

_YAML = "tag:yaml.org,2002:"
_CONSTRUCT = yaml.constructor.SafeConstructor()
_SURROGATE = re.compile("[\ud800-\udfff]")
_ONE_NAME = re.compile(r"\$\{([^${}!]+)\}")


class Place(NamedTuple):
    """Line and column, from 1, of a value, and of its key where it has one."""

    value: Mark
    key: Mark | None = None


class Reference(NamedTuple):
    """A CloudFormation function that stands for a resource's name, or for its ARN."""

    path: Path
    name: str
    arn: bool


@dataclass(slots=True)
class Document:
    """The values of a scenario and where they stand; no places for one made in Python."""

    value: Any
    places: dict[Path, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    syntax: tuple[Mark, str] | None = None


def parse(text: str) -> Document:
    """Read one YAML document; whatever is wrong with it is told in the result, not raised."""
    document = Document(None)
    try:
        node = yaml.compose(text, yaml.SafeLoader)
    except yaml.reader.ReaderError as error:
        character = f"the character U+{int(error.character):04X} may not stand in YAML"
        document.syntax = (_mark_at(text, error.position), character)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        document.syntax = (_mark(mark) if mark else (1, 1), f"not YAML: {_syntax(error)}")
    except RecursionError:
        document.syntax = ((1, 1), f"nested more than {DEPTH_MAX} levels deep")
    except (ValueError, OverflowError) as error:  # an escape such as \UFFFFFFFF
        document.syntax = ((1, 1), f"not YAML: {error}")
    else:
        if node is not None:
            document.value = _Reading(document).whole(node)
    return document


def lesson(text: str) -> str:
    """The first comment line of a scenario: what it teaches. Empty when there is none."""
    lines = (line.strip() for line in text.splitlines())
    return next((line.lstrip("# ") for line in lines if line.startswith("#")), "")


class _TooMuchError(Exception):
    """The document is larger than its text; reading stops here."""


class _Reading:
    """One walk over the nodes of a document, which fills its places and problems."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._nodes = 0

    def whole(self, node: yaml.Node) -> Any:
        try:
            return self._value(node, (), ())
        except _TooMuchError as error:
            self._document.problems = [Problem((), f" {error}")]
            return None

    def _value(self, node: yaml.Node, path: Path, above: tuple[yaml.Node, ...]) -> Any:
        self._nodes += 1
        if self._nodes > NODES_MAX:
            raise _TooMuchError(f"has more than {NODES_MAX:,} values, its aliases written out")
        if node in above or len(above) > DEPTH_MAX:
            raise _TooMuchError(f"is nested more than {DEPTH_MAX} levels deep")
        self._document.places.setdefault(path, Place(_mark(node.start_mark)))
        above = (*above, node)
        if node.tag == f"{_YAML}map" and isinstance(node, yaml.MappingNode):
            items = self._items(node, path)
            return {key: self._value(child, (*path, key), above) for key, child in items}
        if node.tag == f"{_YAML}seq" and isinstance(node, yaml.SequenceNode):
            return [
                self._value(child, (*path, index), above) for index, child in enumerate(node.value)
            ]
        if node.tag in _TAGS:
            return self._named(node, path)
        if isinstance(node, yaml.ScalarNode) and node.tag in _SCALARS:
            return self._scalar(node, path)
        tag = node.tag.replace(_YAML, "!!")
        return self._refuse(path, f" has the tag {tag}; only !Ref, !GetAtt and !Sub are read")

    def _items(self, node: yaml.MappingNode, path: Path) -> Iterator[tuple[str, yaml.Node]]:
        """Keys and values; a key that is there already, or is no text, is told and left out."""
        for key_node, child in node.value:
            mark = _mark(key_node.start_mark)
            text, trap = _key(key_node)
            inside = (*path, text)
            first = self._document.places.get(inside)
            if trap:
                self._tell(Problem(inside, f"the key {text} in {where(path)} {trap}", mark=mark))
            elif first and first.key:
                twice = f"duplicate key '{text}' in {where(path)}, first on line {first.key[0]}"
                self._tell(Problem(inside, f"{twice}; keep one", mark=mark))
            else:
                self._document.places[inside] = Place(_mark(child.start_mark), mark)
                yield text, child

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> Any:
        text: str = node.value
        try:
            trap = _trap(node, path)
            if trap:
                return self._refuse(path, f" is {_short(text)}, {trap}")
            return _SCALARS[node.tag](node)
        except (ValueError, OverflowError, TypeError, KeyError) as error:
            return self._refuse(path, f" is {_short(text)}, which cannot be read: {error}")

    def _named(self, node: yaml.Node, path: Path) -> Any:
        """The resource that a CloudFormation function of one name stands for."""
        try:
            name, arn = _TAGS[node.tag](node)
        except ValueError as error:
            return self._refuse(path, f": {node.tag} {error}")
        self._document.references.append(Reference(path, name, arn))
        return name

    def _refuse(self, path: Path, text: str) -> str:
        """Tell the problem; the value reads on as text, and is not judged again."""
        self._tell(Problem(path, text))
        return ""

    def _tell(self, problem: Problem) -> None:
        self._document.problems.append(problem)


def _trap(node: yaml.ScalarNode, path: Path) -> str | None:
    """Why a scalar is not what it looks like, and what to write instead."""
    text, quoted = node.value, f'"{_short(node.value)}" in quotes'
    match node.tag.removeprefix(_YAML):
        case "str" if _SURROGATE.search(text):
            return "half of a surrogate pair; write the character itself"
        case "bool" if text.lower() not in ("true", "false"):
            value = str(_CONSTRUCT.construct_yaml_bool(node)).lower()
            return f"which YAML reads as {value}; write {value}, or {quoted} for the text"
        case "int" | "float" if ":" in text:
            return (
                f"which YAML reads as {_sixties(text)}; write a duration with its units (1m30s), "
                f"or {quoted} for the text"
            )
        case "int":
            return _digits(text, quoted)
        case "float" if text.lower().lstrip("+-") in (".inf", ".nan"):
            return "which is not a number in JSON; write a finite one"
        case "timestamp" if path[-1:] and path[-1] not in DATE_KEYS:
            return f"which YAML reads as a date; write {quoted}"
    return None


def _digits(text: str, quoted: str) -> str | None:
    digits = text.lstrip("+-").replace("_", "")
    if len(digits) > 1 and digits[0] == "0" and digits.isdigit():
        return f"which YAML reads as {int(digits[:40], 8)}; write {quoted}"
    if len(digits) > 400 or abs(int(digits, 0)) > SAFE_INTEGER_MAX:
        return f"a number too long to keep all its digits; write {quoted}"
    return None


def _sixties(text: str) -> str:
    """What YAML 1.1 makes of ``1:30``: a number in base sixty."""
    total = 0.0
    for part in text.lstrip("+-").replace("_", "")[:60].split(":"):
        total = total * 60 + float(part or 0)
    return f"{'-' if text.startswith('-') else ''}{total:g}"


def _key(node: yaml.Node) -> tuple[str, str | None]:
    """A key as text, and why it may not be one."""
    if not isinstance(node, yaml.ScalarNode):
        return "?", "is not text; write a name"
    text, quoted = _short(node.value), f'write "{_short(node.value)}" in quotes'
    match node.tag.removeprefix(_YAML):
        case "str" if not _SURROGATE.search(node.value):
            return node.value, None
        case "merge":
            return text, "merges another mapping; write its keys out"
        case "bool":
            value = str(_CONSTRUCT.construct_yaml_bool(node)).lower()
            return text, f"is read by YAML as {value}; {quoted}"
        case "int" | "float" | "null" | "timestamp" | "value":
            return text or "(empty)", f"is not text; {quoted}"
    return ascii(text), "is not text; write a name"


def _ref(node: yaml.Node) -> tuple[str, bool]:
    return _text(node), False


def _get_att(node: yaml.Node) -> tuple[str, bool]:
    if isinstance(node, yaml.SequenceNode):
        name, attribute = [_text(part) for part in node.value] if len(node.value) == 2 else ("", "")
    else:
        name, _, attribute = _text(node).partition(".")
    if not name or attribute not in ("Arn", "StreamArn"):
        raise ValueError("names a resource's ARN here, as in !GetAtt orders.Arn")
    return name, True


def _sub(node: yaml.Node) -> tuple[str, bool]:
    found = _ONE_NAME.fullmatch(_text(node))
    name, _, attribute = (found[1] if found else "").partition(".")
    if not name or attribute not in ("", "Arn", "StreamArn"):
        raise ValueError('is read for one name only, as in !Sub "${orders.Arn}"')
    return name, bool(attribute)


def _text(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode) or not node.value:
        raise ValueError("takes the name of a resource")
    return str(node.value)


_TAGS: dict[str, Callable[[yaml.Node], tuple[str, bool]]] = {
    "!Ref": _ref,
    "!GetAtt": _get_att,
    "!Sub": _sub,
}
_SCALARS: dict[str, Callable[[yaml.ScalarNode], Any]] = {
    f"{_YAML}str": lambda node: node.value,
    f"{_YAML}value": lambda node: node.value,
    f"{_YAML}null": lambda node: None,
    f"{_YAML}bool": _CONSTRUCT.construct_yaml_bool,
    f"{_YAML}int": _CONSTRUCT.construct_yaml_int,
    f"{_YAML}float": _CONSTRUCT.construct_yaml_float,
    f"{_YAML}timestamp": _CONSTRUCT.construct_yaml_timestamp,
}


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}…"


def _mark(mark: yaml.Mark) -> Mark:
    return mark.line + 1, mark.column + 1


def _mark_at(text: str, position: int) -> Mark:
    before = text[:position]
    return before.count("\n") + 1, position - before.rfind("\n")


def _syntax(error: yaml.MarkedYAMLError) -> str:
    return ", ".join(part for part in (error.context, error.problem) if part)
