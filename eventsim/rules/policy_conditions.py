"""
The condition operators of IAM policies.

A key that a request does not have fails an operator and satisfies a negated one; ``IfExists``
is satisfied by it. The values of a key are alternatives; to a negated operator, none of them
may match. Without ``ForAnyValue`` or ``ForAllValues``, a key with several values in the request
matches if one of them does.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from ipaddress import ip_address, ip_network
from typing import Any, Literal

from eventsim.registry import near
from eventsim.rules.policy_texts import Context, PolicyText, Variable, arn_like, like, plain

Quantifier = Literal["", "ForAnyValue:", "ForAllValues:"]
_QUANTIFIERS: tuple[Quantifier, ...] = ("ForAnyValue:", "ForAllValues:")
_IF_EXISTS = "IfExists"
_MONTH = re.compile(r"(\d{4})-(\d\d)")


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise ValueError("a number")
    return number


def _moment(text: str) -> datetime:
    """ISO 8601, from the month on, or seconds since 1970; in UTC without a zone."""
    wanted = "a date such as 2026-01-01T00:00:00Z"
    try:
        if "-" not in text and "T" not in text.upper():
            return datetime.fromtimestamp(float(_number(text)), UTC)
        month = _MONTH.fullmatch(text)
        if month:
            return datetime(int(month[1]), int(month[2]), 1, tzinfo=UTC)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        raise ValueError(wanted) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _truth(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError("true or false")
    return text.lower() == "true"


def _bytes(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        raise ValueError("bytes in base64") from None


def _network(text: str) -> Any:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise ValueError("an address or a range such as 203.0.113.0/24") from None


def _address(text: str) -> Any:
    try:
        return ip_address(text)
    except ValueError:
        raise ValueError("an address") from None


def _same(text: str) -> str:
    return text


Reader = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a value of the request is held against one of the policy, both read first."""

    wanted: Reader
    test: Callable[[Any, Any], bool]
    found: Reader | None = None

    def holds(self, value: str, text: PolicyText, context: Context) -> bool:
        """Whether they agree; what cannot be read agrees with nothing."""
        try:
            return self.test((self.found or self.wanted)(value), self.wanted(plain(text, context)))
        except ValueError:
            return False


@dataclass(frozen=True, slots=True)
class Likeness:
    """How a value of the request is held against a text with wildcards."""

    test: Callable[[PolicyText, str, Context], bool]

    def holds(self, value: str, text: PolicyText, context: Context) -> bool:
        """Whether the value is like the text."""
        return self.test(text, value, context)


def _ordered(prefix: str, reader: Reader) -> dict[str, Comparison | Likeness]:
    return {
        f"{prefix}Equals": Comparison(reader, lambda found, wanted: found == wanted),
        f"{prefix}LessThan": Comparison(reader, lambda found, wanted: found < wanted),
        f"{prefix}LessThanEquals": Comparison(reader, lambda found, wanted: found <= wanted),
        f"{prefix}GreaterThan": Comparison(reader, lambda found, wanted: found > wanted),
        f"{prefix}GreaterThanEquals": Comparison(reader, lambda found, wanted: found >= wanted),
    }


_HOLDS: dict[str, Comparison | Likeness] = {
    "StringEquals": Comparison(_same, lambda found, wanted: found == wanted),
    "StringEqualsIgnoreCase": Comparison(str.lower, lambda found, wanted: found == wanted),
    "StringLike": Likeness(like),
    **_ordered("Numeric", _number),
    **_ordered("Date", _moment),
    "Bool": Comparison(_truth, lambda found, wanted: found == wanted),
    "BinaryEquals": Comparison(_bytes, lambda found, wanted: found == wanted),
    "IpAddress": Comparison(_network, lambda found, wanted: found in wanted, found=_address),
    "ArnEquals": Likeness(arn_like),
    "ArnLike": Likeness(arn_like),
    "Null": Comparison(_truth, lambda found, wanted: found == wanted),
}
_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
    "NotIpAddress": "IpAddress",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}
OPERATORS = frozenset({*_HOLDS, *_NEGATED})


@dataclass(frozen=True, slots=True)
class Operator:
    """A condition operator as it is written: ``ForAllValues:StringNotLikeIfExists``."""

    name: str
    negated: bool = False
    quantifier: Quantifier = ""
    if_exists: bool = False

    def check(self, text: PolicyText) -> None:
        """Raises ValueError, saying what would be right, for a value it cannot compare with."""
        holds = _HOLDS[self.name]
        if isinstance(holds, Comparison) and not any(isinstance(part, Variable) for part in text):
            holds.wanted(plain(text, {}))

    def holds(self, key: str, wanted: Sequence[PolicyText], context: Context) -> bool:
        """Whether a request satisfies it; *key* is in lower case."""
        found = context.get(key, ())
        if self.name == "Null":
            return any(_HOLDS["Null"].holds(str(not found), text, context) for text in wanted)
        if not found:
            return self._holds_without()
        outcomes = (self._holds_for(value, wanted, context) for value in found)
        if self.quantifier == "ForAllValues:":
            return all(outcomes)
        if self.quantifier == "" and self.negated:
            return all(outcomes)
        return any(outcomes)

    def _holds_without(self) -> bool:
        if self.if_exists or self.quantifier == "ForAllValues:":
            return True
        return self.negated and self.quantifier == ""

    def _holds_for(self, value: str, wanted: Sequence[PolicyText], context: Context) -> bool:
        holds = _HOLDS[self.name]
        return any(holds.holds(value, text, context) for text in wanted) is not self.negated


def operator(name: str) -> Operator:
    """The operator of that name. Raises ValueError for one that IAM does not know."""
    prefixes = (each for each in _QUANTIFIERS if name.startswith(each))
    quantifier: Quantifier = next(prefixes, "")
    bare = name.removeprefix(quantifier)
    if_exists = bare.endswith(_IF_EXISTS)
    bare = bare.removesuffix(_IF_EXISTS)
    if bare not in OPERATORS or (bare == "Null" and (if_exists or quantifier)):
        close = near(bare, OPERATORS)
        hint = f"; did you mean '{close}'?" if close and close != bare else ""
        raise ValueError(f"'{name}' is no condition operator{hint}")
    return Operator(_NEGATED.get(bare, bare), bare in _NEGATED, quantifier, if_exists)
