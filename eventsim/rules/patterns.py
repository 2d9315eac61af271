"""
Event patterns: compiled once, then asked of each document whether it matches.

Pure. Fields are joined by AND, the values of one field and the alternatives of ``$or`` by OR. An
array of objects matches when one of its objects has all that is asked of it; an array of values
when one of them is asked for. ``exists`` is about leaves: to it an object is no value, so that
``exists: false`` holds for one, as recorded on DynamoDB. Where nothing but ``exists: false`` is
asked of an array of objects, none of them may have the field.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from eventsim.errors import PatternError
from eventsim.rules._operators import EXISTS, Test, any_of, only_item, operator_test, shown
from eventsim.rules.documents import (
    ABSENT,
    UNMATCHABLE,
    Encoded,
    Number,
    elements,
    read_literally,
)

CHARACTERS_MAX = 4096
NESTING_MAX = 100

_OR = "$or"
# An object with such a field makes its $or a plain field; AWS keeps some words for later.
_RESERVED = {
    *("exactly", "equals-ignore-case", "prefix", "suffix", "anything-but", "exists", "wildcard"),
    *("numeric", "cidr", "=", "<", "<=", ">", ">=", "regex"),
    *("not-wildcard", "not-equals-ignore-case", "ip-address-in-range", "ip-address-not-in-range"),
    *("date-after", "date-on-or-after", "date-before", "date-on-or-before", "in-date-range"),
}
_OR_HINT = (
    f"{_OR} is a plain field here: as an operator it has an array of two objects or more, "
    "and no field in them is called like an operator"
)
_INTEGERS = range(-(2**63), 2**64)  # what the fast parser of documents reads to the last digit


class Field(NamedTuple):
    """A field that a pattern looks at on the top level, also as an alternative of ``$or``."""

    name: str
    where: str
    nested: bool  # whether the pattern goes on inside, with an object, or has values for it


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern that can be asked: ``matches(document)`` of any JSON value, as often as wanted.

    A document holds dicts, lists, str, int, float, bool and None, and Encoded where a body is.
    """

    text: str
    fields: tuple[Field, ...]
    matches: Test = field(compare=False, repr=False)


class _Node(NamedTuple):
    """Part of a pattern.

    ``absent`` is what it says of a field that is not there, ``only_absent`` that it has nothing
    but ``exists: false``, ``literal`` that it needs the text of numbers.
    """

    matches: Test
    absent: bool
    only_absent: bool
    literal: bool


def compile_pattern(text: str, characters_max: int = CHARACTERS_MAX) -> Pattern:
    """The pattern that *text* is as JSON; of equal keys in an object the last one counts.

    Raises PatternError, which says where it is wrong and what would be right.
    """
    if len(text) > characters_max:
        raise PatternError("", f"{len(text)} characters, over {characters_max}")
    too_deep = f"nested more than {NESTING_MAX} deep"
    try:
        definition = read_literally(text)
    except RecursionError:
        raise PatternError("", too_deep) from None
    except json.JSONDecodeError as error:
        what = error.msg[:1].lower() + error.msg[1:]
        place = f"line {error.lineno}, column {error.colno}"
        raise PatternError("", f"not JSON: {what} at {place}") from None
    except ValueError as error:
        raise PatternError("", f"not JSON: {error}") from None
    if not isinstance(definition, dict):
        raise PatternError("", f"a pattern is an object, not {shown(definition)}")
    if _depth_over(definition, NESTING_MAX):
        raise PatternError("", too_deep)
    return Pattern(text, tuple(_fields(definition, "")), _object(definition, "").matches)


def any_matches(patterns: Sequence[Pattern]) -> Test:
    """The test whether one of *patterns*, at least one, matches."""
    return any_of([pattern.matches for pattern in patterns])


def _depth_over(definition: Any, most: int) -> bool:
    """Whether objects and arrays stand in each other more than *most* deep."""
    level = [definition]
    for _ in range(most):
        level = [
            each
            for outer in level
            for each in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(each, dict | list)
        ]
    return bool(level)


def _fields(definition: Mapping[str, Any], where: str) -> Iterator[Field]:
    for name, value in definition.items():
        place = f"{where}.{name}" if where else name
        if name == _OR and _is_operator(value):
            for index, alternative in enumerate(value):
                yield from _fields(alternative, f"{place}[{index}]")
        else:
            yield Field(name, place, isinstance(value, dict))


def _is_operator(value: Any) -> bool:
    """Whether the value of ``$or`` makes it the operator, or leaves it a field of that name."""
    return (
        isinstance(value, list)
        and len(value) > 1
        and all(isinstance(each, dict) for each in value)
        and _RESERVED.isdisjoint(_names(value))
    )


def _names(alternatives: list[dict[str, Any]]) -> Iterator[str]:
    """The names of all fields in them, however deep."""
    for alternative in alternatives:
        for name, value in alternative.items():
            yield name
            if isinstance(value, dict):
                yield from _names([value])
            elif name == _OR and isinstance(value, list):
                yield from _names([each for each in value if isinstance(each, dict)])


def _object(definition: Mapping[str, Any], where: str) -> _Node:
    """What an object of fields asks of a value."""
    if not definition:
        raise PatternError(where, "an object needs a field")
    children: list[tuple[str, _Node]] = []
    choice: list[_Node] = []
    for name, value in definition.items():
        place = f"{where}.{name}" if where else name
        if name == _OR and _is_operator(value):
            choice = [_object(each, f"{place}[{index}]") for index, each in enumerate(value)]
        else:
            children.append((name, _child(name, value, place)))
    absent = all(node.absent for _, node in children)
    absent = absent and (not choice or any(node.absent for node in choice))
    parts = [node for _, node in children] + choice
    only_absent = all(node.only_absent for node in parts)
    literal = any(node.literal for node in parts)
    tests = [(name, node.matches) for name, node in children]
    either = any_of([node.matches for node in choice]) if choice else None
    matches = _object_test(tests, either, absent, only_absent, literal)
    return _Node(matches, absent, only_absent, literal)


def _child(name: str, value: Any, place: str) -> _Node:
    if isinstance(value, dict):
        return _object(value, place)
    if not isinstance(value, list):
        wanted = "takes an array of values or an object of fields"
        raise PatternError(place, f"{wanted}, not {shown(value)}")
    try:
        return _leaf(value, place)
    except PatternError as error:
        if name != _OR:
            raise
        raise PatternError(error.where, f"{error.reason} ({_OR_HINT})") from None


def _object_test(
    tests: list[tuple[str, Test]],
    either: Test | None,
    absent: bool,
    only_absent: bool,
    literal: bool,
) -> Test:
    def of_fields(value: dict[str, Any]) -> bool:
        for name, test in tests:
            if not test(value.get(name, ABSENT)):
                return False
        return either is None or either(value)

    def of_array(value: list[Any]) -> bool:
        empty = True
        for each in elements(value):
            empty = False
            held = of_fields(each) if isinstance(each, dict) else absent
            if held is not only_absent:
                return held
        return absent if empty else only_absent

    def matches(value: Any) -> bool:
        if isinstance(value, dict):
            return of_fields(value)
        if isinstance(value, list):
            return of_array(value)
        if isinstance(value, Encoded):
            structure = value.structure(literal)
            return structure is not UNMATCHABLE and matches(structure)
        return absent and value is not UNMATCHABLE

    return matches


def _leaf(values: list[Any], where: str) -> _Node:
    """What an array of values and operators asks of a value."""
    if not values:
        raise PatternError(where, "an array needs a value")
    numbers = frozenset({each.text for each in values if isinstance(each, Number)})
    present = list(_constant_tests(values, numbers))
    absent = False
    for index, value in enumerate(values):
        place = f"{where}[{index}]"
        if isinstance(value, list):
            wanted = "a value is a string, a number, true, false, null or an operator"
            raise PatternError(place, f"{wanted}, not an array")
        if isinstance(value, dict) and EXISTS not in value:
            present.append(operator_test(value, place))
        elif isinstance(value, dict) and _exists(value, place):
            present.append(_any_value)
        elif isinstance(value, dict):
            absent = True
    test = any_of(present) if present else _no_value
    return _Node(_leaf_test(test, absent), absent, not present, not all(map(_is_plain, numbers)))


def _constant_tests(values: list[Any], numbers: frozenset[str]) -> Iterator[Test]:
    texts = frozenset({each for each in values if isinstance(each, str)})
    if texts:
        yield texts.__contains__
    if numbers:
        yield _number_test(numbers)
    for constant in (True, False, None):
        if any(each is constant for each in values):
            yield _same(constant)


def _exists(expression: Mapping[str, Any], where: str) -> bool:
    name, argument = only_item(expression, where)
    if not isinstance(argument, bool):
        raise PatternError(f"{where}.{name}", f"takes true or false, not {shown(argument)}")
    return argument


def _leaf_test(test: Test, absent: bool) -> Test:
    def of_array(value: list[Any]) -> bool:
        empty = True
        for each in elements(value):
            if not isinstance(each, dict):
                empty = False
                if test(each):
                    return True
        return absent and empty

    def matches(value: Any) -> bool:
        if isinstance(value, str):
            return test(value)
        if value is ABSENT or isinstance(value, dict):
            return absent
        if isinstance(value, list):
            return of_array(value)
        plain = value.text() if isinstance(value, Encoded) else value
        return plain is not UNMATCHABLE and test(plain)

    return matches


def _any_value(_: Any) -> bool:
    return True


def _no_value(_: Any) -> bool:
    return False


def _same(constant: bool | None) -> Test:
    return lambda value: value is constant


def _is_plain(text: str) -> bool:
    """Whether a number is told from all others without the text it had in the document."""
    return _is_integer(text) and int(text) in _INTEGERS


def _is_integer(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isdecimal() and text != "-0"


def _number_test(texts: frozenset[str]) -> Test:
    """A test for numbers that are written as one of *texts*."""
    integers = frozenset({int(text) for text in texts if _is_integer(text)})

    def matches(value: Any) -> bool:
        kind = type(value)
        if kind is int:
            return value in integers
        if kind is Number:
            return value.text in texts
        return kind is float and repr(value) in texts

    return matches
