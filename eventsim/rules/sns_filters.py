"""
Filter policies of SNS's subscriptions: which messages a subscriber gets.

Pure. A policy is an event pattern over the attributes of a message, or over its body. The operators
are those of EventBridge but for a few, and numbers are equal by value, not as they are written.

https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
(Of attributes only those of the types String, String.Array and Number are looked at: a binary one
is as if it were not there. Each value of an array counts. Numbers have five digits behind the
point. Five keys on the top level, 150 combinations of values; a value that is nested counts once
for each level.)
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from eventsim.errors import PatternError
from eventsim.rules.documents import UNMATCHABLE
from eventsim.rules.patterns import NESTING_MAX, Pattern, compile_pattern
from eventsim.types import Publish

Scope = Literal["MessageAttributes", "MessageBody"]

KEYS_MAX = 5
COMBINATIONS_MAX = 150
CHARACTERS_MAX = 256 * 1024
NUMBER_MAX = 10**9
DIGITS = 5
OPERATORS = (
    "anything-but",
    "cidr",
    "equals-ignore-case",
    "exists",
    "numeric",
    "prefix",
    "suffix",
    "wildcard",
)
_OR = "$or"


@dataclass(frozen=True, slots=True)
class FilterPolicy:
    """A policy that can be asked whether its subscription accepts a message."""

    scope: Scope
    pattern: Pattern

    def accepts(self, message: Publish) -> bool:
        """Whether the subscriber gets the message. A body that is no JSON object is never one."""
        if self.scope == "MessageAttributes":
            return self.pattern.matches(_attributes(message.message_attributes))
        try:
            body = json.loads(message.message, parse_float=_number, parse_int=_number)
        except (ValueError, RecursionError):
            return False
        return isinstance(body, dict) and self.pattern.matches(body)


def filter_policy(
    document: Mapping[str, Any], scope: Scope = "MessageAttributes"
) -> FilterPolicy | None:
    """The policy that *document* is, None for an empty one, which filters nothing.

    Raises PatternError for one that SNS refuses.
    """
    if not document:
        return None
    if len(document) > KEYS_MAX:
        raise PatternError("", f"{len(document)} keys, over {KEYS_MAX}")
    combinations = _combinations(document, "", 1, scope)
    if combinations > COMBINATIONS_MAX:
        raise PatternError("", f"{combinations} combinations of values, over {COMBINATIONS_MAX}")
    plain = json.dumps(_rounded(document), ensure_ascii=False)
    return FilterPolicy(scope, compile_pattern(plain, CHARACTERS_MAX))


def _combinations(value: Mapping[str, Any], where: str, depth: int, scope: Scope) -> int:
    """How many combinations of values there are; on the way what SNS has not is refused."""
    if depth > NESTING_MAX:
        raise PatternError(where, f"nested more than {NESTING_MAX} deep")
    product = 1
    for name, wanted in value.items():
        place = f"{where}.{name}" if where else name
        if name == _OR and isinstance(wanted, list):
            for index, each in enumerate(wanted):
                if isinstance(each, dict):
                    product *= _combinations(each, f"{place}[{index}]", depth + 1, scope)
        elif isinstance(wanted, dict):
            if scope == "MessageAttributes":
                raise PatternError(place, "a policy of attributes has an array here, no object")
            product *= _combinations(wanted, place, depth + 1, scope)
        elif isinstance(wanted, list):
            for index, each in enumerate(wanted):
                _check(each, f"{place}[{index}]")
            product *= len(wanted) * depth
    return product


def _check(value: Any, where: str) -> None:
    if isinstance(value, dict):
        for name, argument in value.items():
            if name not in OPERATORS:
                known = ", ".join(OPERATORS)
                raise PatternError(where, f"no operator called '{name}'; there are: {known}")
            if name in ("prefix", "suffix") and not isinstance(argument, str):
                raise PatternError(f"{where}.{name}", "takes a string")
            for each in argument if isinstance(argument, list) else [argument]:
                _check_number(each, f"{where}.{name}")
    else:
        _check_number(value, where)


def _check_number(value: Any, where: str) -> None:
    if _is_number(value) and not -NUMBER_MAX <= value <= NUMBER_MAX:
        raise PatternError(where, f"a number is between -{NUMBER_MAX} and {NUMBER_MAX}")


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_rounded(inner) for inner in value]
    return _number(value) if _is_number(value) else value


def _attributes(attributes: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """A message's attributes as a document."""
    document: dict[str, Any] = {}
    for name, given in attributes.items():
        kind, text = str(given["DataType"]), given.get("StringValue")
        if text is None or kind.startswith("Binary"):
            continue
        if kind.startswith("Number"):
            document[name] = _number(text)
        elif kind == "String.Array":
            document[name] = _array(text)
        else:
            document[name] = text
    return document


def _array(text: str) -> Any:
    try:
        values = json.loads(text, parse_float=_number, parse_int=_number)
    except (ValueError, RecursionError):
        return UNMATCHABLE
    return values if isinstance(values, list) else [values]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(given: Any) -> Any:
    """A number as it is compared: whole ones as such, others with so many digits."""
    try:
        number = round(float(given), DIGITS)
        return int(number) if number.is_integer() else number
    except (ValueError, OverflowError):
        return UNMATCHABLE
