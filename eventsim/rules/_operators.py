"""
The operators of event patterns, each compiled to a test of one value that is no object or array.

What AWS documents is followed; where its pages are silent, AWS's own matcher in Java is.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
https://github.com/aws/event-ruler
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from ipaddress import ip_address, ip_network
from math import isfinite
from operator import eq, ge, gt, le, lt
from typing import Any

from eventsim.errors import PatternError
from eventsim.rules.documents import Number

Test = Callable[[Any], bool]

EXISTS = "exists"  # about the field more than its value, so it is not among the operators below

_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "=": eq,
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
}
_LOWER, _UPPER = (">", ">="), ("<", "<=")
_NUMBERS = frozenset({int, float, Number})  # a bool is an int to Python and none to AWS
_ADDRESS_CHARACTERS_MAX = 45
_SHOWN_CHARACTERS_MAX = 60


def operator_test(expression: Mapping[str, Any], where: str) -> Test:
    """The test that an operator such as ``{"prefix": "a"}`` stands for. Raises PatternError."""
    name, argument = only_item(expression, where)
    if name not in _OPERATORS:
        known = ", ".join(sorted({*_OPERATORS, EXISTS}))
        raise PatternError(where, f"no operator called {shown(name)}; there are: {known}")
    return _OPERATORS[name](argument, f"{where}.{name}")


def only_item(expression: Mapping[str, Any], where: str) -> tuple[str, Any]:
    """The operator's name and argument. Raises PatternError when there is not exactly one."""
    if len(expression) != 1:
        raise PatternError(where, f"an operator is an object with one key, not {len(expression)}")
    return next(iter(expression.items()))


def shown(value: Any) -> str:
    """A value of a pattern as error messages name it."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "an array"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = value.text if isinstance(value, Number) else repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS_MAX else f"{text[:_SHOWN_CHARACTERS_MAX]}…"


def any_of(tests: list[Test]) -> Test:
    """A test that holds when one of *tests* does, asked in their order."""
    if len(tests) == 1:
        return tests[0]
    half = len(tests) // 2
    left, right = any_of(tests[:half]), any_of(tests[half:])
    return lambda value: left(value) or right(value)


def _exactly(argument: Any, where: str) -> Test:
    text = _string(argument, where)
    return lambda value: bool(value == text)


def _prefix(argument: Any, where: str) -> Test:
    if isinstance(argument, dict):
        start = _ignoring_case(argument, where)
        return lambda value: isinstance(value, str) and value.lower().startswith(start)
    start = _string(argument, where)
    return lambda value: isinstance(value, str) and value.startswith(start)


def _suffix(argument: Any, where: str) -> Test:
    if isinstance(argument, dict):
        end = _ignoring_case(argument, where)
        return lambda value: isinstance(value, str) and value.lower().endswith(end)
    end = _string(argument, where)
    return lambda value: isinstance(value, str) and value.endswith(end)


def _ignoring_case(argument: Mapping[str, Any], where: str) -> str:
    name, text = only_item(argument, where)
    if name != "equals-ignore-case":
        raise PatternError(where, f"takes a string or equals-ignore-case, not {shown(name)}")
    return _string(text, f"{where}.{name}").lower()


def _equals_ignore_case(argument: Any, where: str) -> Test:
    text = _string(argument, where).lower()
    return lambda value: isinstance(value, str) and value.lower() == text


def _numeric(argument: Any, where: str) -> Test:
    if not isinstance(argument, list) or len(argument) not in (2, 4):
        wanted = 'one comparison such as [">", 0] or two such as [">", 0, "<=", 5]'
        raise PatternError(where, f"takes {wanted}")
    names, limits = argument[::2], []
    for index, name in enumerate(names):
        if not isinstance(name, str) or name not in _COMPARISONS:
            known = ", ".join(_COMPARISONS)
            raise PatternError(f"{where}[{2 * index}]", f"one of {known}, not {shown(name)}")
        limits.append(_double(argument[2 * index + 1], f"{where}[{2 * index + 1}]"))
    if len(names) == 2:
        _check_range(names, limits, where)
    comparisons = [(_COMPARISONS[name], limit) for name, limit in zip(names, limits, strict=True)]
    return lambda value: type(value) in _NUMBERS and _compares(value, comparisons)


def _check_range(names: list[str], limits: list[float], where: str) -> None:
    if names[0] not in _LOWER or names[1] not in _UPPER:
        raise PatternError(where, "two comparisons are one of >, >= and then one of <, <=")
    if limits[0] >= limits[1]:
        raise PatternError(where, "the lower limit has to be less than the upper one")


def _compares(
    value: float, comparisons: list[tuple[Callable[[float, float], bool], float]]
) -> bool:
    try:
        number = float(value)
    except OverflowError:
        return False
    return isfinite(number) and all(compare(number, limit) for compare, limit in comparisons)


def _double(argument: Any, where: str) -> float:
    """The number as a double; what a double does not hold to the last digit is refused."""
    if not isinstance(argument, Number):
        raise PatternError(where, f"takes a number, not {shown(argument)}")
    number = float(argument)
    try:
        exact = isfinite(number) and Decimal(argument.text) == Decimal(repr(number))
    except InvalidOperation:  # an exponent that no decimal has
        exact = False
    if not exact:
        raise PatternError(where, f"a double does not hold {shown(argument)} exactly")
    return number


def _anything_but(argument: Any, where: str) -> Test:
    if isinstance(argument, dict):
        name, inner = only_item(argument, where)
        if name not in _EXCLUDING:
            known = ", ".join(sorted(_EXCLUDING))
            raise PatternError(where, f"takes a value or one of {known}, not {shown(name)}")
        return _none_of(name, inner, f"{where}.{name}")
    values = argument if isinstance(argument, list) else [argument]
    if not values:
        raise PatternError(where, "an array needs a value")
    if all(isinstance(each, str) for each in values):
        excluded = frozenset(values)
        return lambda value: value not in excluded
    if all(isinstance(each, Number) for each in values):
        numbers = frozenset({_double(each, where) for each in values})
        return lambda value: type(value) not in _NUMBERS or value not in numbers
    found = "both" if isinstance(argument, list) else shown(argument)
    wanted = "strings or numbers: one, or an array of either"
    raise PatternError(where, f"takes {wanted}, not {found}")


def _none_of(name: str, argument: Any, where: str) -> Test:
    texts = argument if isinstance(argument, list) else [argument]
    if not texts:
        raise PatternError(where, "an array needs a value")
    for text in texts:
        if _string(text, where) == "" and name in ("prefix", "suffix"):
            raise PatternError(where, "an empty string would exclude every string")
    excluded = any_of([_EXCLUDING[name](text, where) for text in texts])
    return lambda value: not excluded(value)


def _cidr(argument: Any, where: str) -> Test:
    text = _string(argument, where)
    _, slash, bits = text.partition("/")
    if not slash or not (bits.isascii() and bits.isdecimal()) or "%" in text:
        raise PatternError(where, f"takes a range such as 10.0.0.0/24, not {shown(text)}")
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise PatternError(where, f"not a range of IP addresses: {shown(text)}") from None
    if network.prefixlen == network.max_prefixlen:
        most = network.max_prefixlen - 1
        raise PatternError(where, f"at most /{most}; a single address is a plain string")
    first, last = int(network.network_address), int(network.broadcast_address)
    version = network.version

    def within(value: Any) -> bool:
        if not isinstance(value, str) or len(value) > _ADDRESS_CHARACTERS_MAX or "%" in value:
            return False
        try:
            address = ip_address(value)
        except ValueError:
            return False
        return address.version == version and first <= int(address) <= last

    return within


def _wildcard(argument: Any, where: str) -> Test:
    head, *rest = _wildcard_parts(_string(argument, where), where)
    if not rest:
        return lambda value: bool(value == head)
    *middle, tail = rest
    shortest = len(head) + len(tail)

    def fits(value: Any) -> bool:
        if not isinstance(value, str) or len(value) < shortest:
            return False
        if not (value.startswith(head) and value.endswith(tail)):
            return False
        position, end = len(head), len(value) - len(tail)
        for part in middle:  # the first place where a part fits leaves the most to the others
            found = value.find(part, position, end)
            if found < 0:
                return False
            position = found + len(part)
        return True

    return fits


def _wildcard_parts(text: str, where: str) -> list[str]:
    """What stands between the stars; ``\\*`` is a star and ``\\\\`` a backslash."""
    parts = [""]
    position = 0
    while position < len(text):
        character = text[position]
        if character == "\\":
            position += 1
            character = text[position : position + 1]
            if character not in ("*", "\\"):
                raise PatternError(where, f"a backslash stands before * or \\ in {shown(text)}")
            parts[-1] += character
        elif character == "*":
            if text[position + 1 : position + 2] == "*":
                raise PatternError(where, f"two stars in a row in {shown(text)}")
            parts.append("")
        else:
            parts[-1] += character
        position += 1
    return parts


def _string(argument: Any, where: str) -> str:
    if not isinstance(argument, str):
        raise PatternError(where, f"takes a string, not {shown(argument)}")
    return argument


_EXCLUDING: Mapping[str, Callable[[Any, str], Test]] = {
    "equals-ignore-case": _equals_ignore_case,
    "prefix": _prefix,
    "suffix": _suffix,
    "wildcard": _wildcard,
}
_OPERATORS: Mapping[str, Callable[[Any, str], Test]] = {
    **_EXCLUDING,
    "anything-but": _anything_but,
    "cidr": _cidr,
    "exactly": _exactly,
    "numeric": _numeric,
}
