"""
Filter patterns of CloudWatch Logs: which lines match, and the fields that were found in them.

Terms (``ERROR -DEBUG ?WARN "two words"``), conditions on JSON (``{ $.level = "ERROR" }``), and
fields between spaces (``[ip, user, ..., status = 5*]``).

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
(Regular expressions, which stand between ``%`` signs there, are refused by name.)
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Iterator
from fnmatch import translate
from typing import Any, NamedTuple

from eventsim.errors import PatternError

CHARACTERS_MAX = 1024

Fields = dict[str, str]
Test = Callable[[Any], bool]

_TERM = re.compile(r'(?P<sign>[-?]?)(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<word>[\w.:/@#$=-]+))\s*')
_PIECE = re.compile(r'\s*(?:\[(?P<time>[^\]]*)\]|"(?P<quoted>[^"]*)"|(?P<word>\S+))')
_FIELD = re.compile(
    r'\s*(?P<name>\.\.\.|\w+)\s*(?:(?P<operator>!=|>=|<=|=|>|<)\s*(?P<value>"[^"]*"|[^\s,\]]+))?\s*'
)
_TOKEN = re.compile(
    r"\s*(?P<token>\(|\)|&&|\|\||IS NULL|NOT EXISTS|IS TRUE|IS FALSE|!=|>=|<=|=|>|<"
    r'|"[^"]*"|\$[\w.\[\]"-]*|[^\s()&|=<>!]+)'
)
_STEP = re.compile(r'\.([\w-]+)|\[(\d+)\]|\["([^"]+)"\]')
_COMPARED: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
_ABSENT = object()


class LogFilter(NamedTuple):
    """A pattern: ``fields(line)`` gives what was found in a line that matches, else None.

    What was found is empty for patterns that name no fields.
    """

    text: str
    fields: Callable[[str], Fields | None]


def compile_filter(text: str) -> LogFilter:
    """The pattern that *text* is; an empty one matches everything. Raises PatternError."""
    stripped = text.strip()
    if len(text) > CHARACTERS_MAX:
        raise PatternError("", f"{len(text)} characters, over {CHARACTERS_MAX}")
    if "%" in re.sub(r'"[^"]*"', "", stripped):
        raise PatternError("", "regular expressions between % are not simulated yet")
    if stripped.startswith("{"):
        return LogFilter(text, _json_filter(stripped))
    if stripped.startswith("["):
        return LogFilter(text, _space_filter(stripped))
    return LogFilter(text, _term_filter(stripped))


def _term_filter(text: str) -> Callable[[str], Fields | None]:
    wanted: dict[str, list[str]] = {"": [], "-": [], "?": []}
    position = 0
    while position < len(text):
        found = _TERM.match(text, position)
        if found is None:
            raise PatternError("", f"no term at '{text[position:]}'; put it in quotes")
        quoted = found["quoted"]
        term = found["word"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        wanted[found["sign"]].append(term)
        position = found.end()

    def fields(line: str) -> Fields | None:
        held = all(term in line for term in wanted[""])
        if wanted["?"] and not wanted[""]:  # beside others, ?terms are of no account
            held = any(term in line for term in wanted["?"])
        return {} if held and not any(term in line for term in wanted["-"]) else None

    return fields


def _space_filter(text: str) -> Callable[[str], Fields | None]:
    if not text.endswith("]"):
        raise PatternError("", "a pattern of fields ends in ]")
    names: list[str] = []
    tests: list[tuple[str, Test]] = []
    for part in text[1:-1].split(","):
        found = _FIELD.fullmatch(part)
        if found is None:
            raise PatternError("", f"'{part.strip()}' is no field; write name, or name = value")
        names.append(found["name"])
        if found["operator"]:
            tests.append((found["name"], _compare(found["operator"], found["value"])))
    if names.count("...") > 1:
        raise PatternError("", "... stands for all other fields, once")

    def fields(line: str) -> Fields | None:
        pieces = [found.group(found.lastgroup or 0) for found in _PIECE.finditer(line)]
        told = _named(names, pieces)
        if told is None or not all(test(told[name]) for name, test in tests):
            return None
        return told

    return fields


def _named(names: list[str], pieces: list[str]) -> Fields | None:
    if "..." not in names:
        return dict(zip(names, pieces, strict=True)) if len(names) == len(pieces) else None
    before = names.index("...")
    after = len(names) - before - 1
    if len(pieces) < before + after:
        return None
    told = dict(zip(names[:before], pieces, strict=False))
    rest = pieces[len(pieces) - after :] if after else []
    return told | dict(zip(names[before + 1 :], rest, strict=True))


def _compare(sign: str, wanted: str) -> Test:
    if sign in _COMPARED:
        try:
            number = float(wanted)
        except ValueError:
            raise PatternError("", f"{sign} compares with a number, not {wanted}") from None
        return lambda value: _is_in_order(value, _COMPARED[sign], number)
    equal = _equal(wanted)
    return equal if sign == "=" else lambda value: not equal(value)


def _is_in_order(value: Any, compare: Callable[[float, float], bool], wanted: float) -> bool:
    try:
        return not isinstance(value, bool) and compare(float(value), wanted)
    except (TypeError, ValueError):
        return False


def _equal(wanted: str) -> Test:
    text = wanted[1:-1] if wanted.startswith('"') else wanted
    pattern = re.compile(translate(text.replace("[", "[[]").replace("?", "[?]")))

    def equal(value: Any) -> bool:
        if isinstance(value, bool) or value is None or value is _ABSENT:
            return False
        if isinstance(value, int | float):
            return not wanted.startswith('"') and _is_in_order(wanted, operator.eq, value)
        return isinstance(value, str) and pattern.match(value) is not None

    return equal


def _json_filter(text: str) -> Callable[[str], Fields | None]:
    if not text.endswith("}"):
        raise PatternError("", "a pattern for JSON ends in }")
    tokens = list(_tokens(text[1:-1]))
    test, rest = _either(tokens)
    if rest:
        raise PatternError("", f"goes wrong at '{rest[0]}'")

    def fields(line: str) -> Fields | None:
        try:
            document = json.loads(line)
        except ValueError:
            return None
        return {} if isinstance(document, dict) and test(document) else None

    return fields


def _tokens(text: str) -> Iterator[str]:
    position, text = 0, text.strip()
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            raise PatternError("", f"goes wrong at '{text[position:]}'")
        yield found["token"]
        position = found.end()


def _either(tokens: list[str]) -> tuple[Test, list[str]]:
    left, rest = _both(tokens)
    while rest[:1] == ["||"]:
        right, rest = _both(rest[1:])
        left = _joined(left, right, any)
    return left, rest


def _both(tokens: list[str]) -> tuple[Test, list[str]]:
    left, rest = _one(tokens)
    while rest[:1] == ["&&"]:
        right, rest = _one(rest[1:])
        left = _joined(left, right, all)
    return left, rest


def _joined(left: Test, right: Test, how: Callable[[Iterator[bool]], bool]) -> Test:
    return lambda document: how(test(document) for test in (left, right))


def _one(tokens: list[str]) -> tuple[Test, list[str]]:
    if tokens[:1] == ["("]:
        inner, rest = _either(tokens[1:])
        if rest[:1] != [")"]:
            raise PatternError("", "a parenthesis is not closed")
        return inner, rest[1:]
    if len(tokens) < 2 or not tokens[0].startswith("$"):
        where = tokens[0] if tokens else "the end"
        raise PatternError("", f"no condition at '{where}'; write $.level = \"ERROR\"")
    path, sign = _path(tokens[0]), tokens[1]
    if sign in _WORDS:
        word = _WORDS[sign]
        return lambda document: word(_at(document, path)), tokens[2:]
    if sign not in (*_COMPARED, "=", "!=") or len(tokens) < 3:
        raise PatternError("", f"'{sign}' is no comparison; write = != < > <= >= or IS NULL")
    test = _compare(sign, tokens[2])
    return lambda document: _holds(_at(document, path), test), tokens[3:]


def _holds(value: Any, test: Test) -> bool:
    return value is not _ABSENT and test(value)


_WORDS: dict[str, Test] = {
    "IS NULL": lambda value: value is None,
    "NOT EXISTS": lambda value: value is _ABSENT,
    "IS TRUE": lambda value: value is True,
    "IS FALSE": lambda value: value is False,
}


def _path(text: str) -> list[str | int]:
    steps: list[str | int] = []
    position = 1
    while position < len(text):
        found = _STEP.match(text, position)
        if found is None:
            raise PatternError("", f"'{text}' is no path; write $.request.items[0]")
        steps.append(int(found[2]) if found[2] else found[1] or found[3])
        position = found.end()
    return steps


def _at(value: Any, path: list[str | int]) -> Any:
    for step in path:
        held = isinstance(value, dict) if isinstance(step, str) else isinstance(value, list)
        try:
            value = value[step] if held else _ABSENT
        except LookupError:
            value = _ABSENT
    return value
