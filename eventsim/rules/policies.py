"""
IAM policy documents: read strictly, and asked whether they apply to a request.

Nothing in a document is ignored: an element, an operator or a form that IAM does not know is
refused with its place. Where AWS is silent: a list that is empty is refused, and a statement with
a policy variable that the request has no value for, or several, does not apply.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal

from eventsim.errors import PolicyError
from eventsim.registry import near
from eventsim.rules.policy_conditions import Operator, operator
from eventsim.rules.policy_texts import (
    Context,
    PolicyText,
    arn_like,
    like,
    read,
    unresolved,
)
from eventsim.rules.principals import Asker, Granted, Principals, granted, read_principals

PolicyKind = Literal["identity", "resource", "trust"]
Path = tuple[str | int, ...]
Effect = Literal["Allow", "Deny"]

VERSION = "2012-10-17"  # the first with policy variables
VERSIONS = ("2008-10-17", VERSION)
_TOP = ("Version", "Id", "Statement")
_ELEMENTS = (
    *("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction"),
    *("Resource", "NotResource", "Condition"),
)
_SID = re.compile(r"[A-Za-z0-9]*")
_VENDOR = re.compile(r"[a-zA-Z0-9.-]+")
_KEY = re.compile(r"[a-zA-Z0-9-]+:\S.*")


@dataclass(frozen=True, slots=True)
class Choice:
    """Patterns one of which must match, or, where *excluded*, none may."""

    patterns: tuple[PolicyText, ...]
    excluded: bool = False

    def takes(self, matches: Callable[[PolicyText], bool]) -> bool:
        """Whether something is among them."""
        return any(matches(pattern) for pattern in self.patterns) is not self.excluded


@dataclass(frozen=True, slots=True)
class Condition:
    """One key under one operator; the key is in lower case, as keys are compared."""

    operator: Operator
    key: str
    values: tuple[PolicyText, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asks to do; ``context`` is by condition keys in lower case."""

    action: str
    resource: str
    asker: Asker
    context: Context


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. ``principals`` are None where the policy is an identity's own."""

    effect: Effect
    sid: str
    actions: Choice
    resources: Choice | None
    principals: Principals | None
    conditions: tuple[Condition, ...]

    def grants(self, request: Request) -> Granted | None:
        """To whom the statement applies, as far as that is the one who asks; None if it does not.

        An identity's own statement applies to ``itself``.
        """
        to: Granted | None = "itself"
        if self.principals is not None:
            to = granted(self.principals, request.asker)
        return to if to is not None and self._applies(request) else None

    def _applies(self, request: Request) -> bool:
        context, action = request.context, request.action.lower()
        if any(unresolved(text, context) for text in self._texts()):
            return False
        if not self.actions.takes(lambda pattern: like(pattern, action, context)):
            return False
        resources = self.resources
        if resources is not None and not resources.takes(
            lambda pattern: arn_like(pattern, request.resource, context)
        ):
            return False
        return all(each.operator.holds(each.key, each.values, context) for each in self.conditions)

    def _texts(self) -> Iterator[PolicyText]:
        """The texts that may have variables."""
        yield from self.resources.patterns if self.resources is not None else ()
        yield from chain.from_iterable(each.values for each in self.conditions)


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy document that holds."""

    statements: tuple[Statement, ...]

    def denies(self, request: Request) -> bool:
        """Whether a Deny of it applies to the request."""
        return any(each.effect == "Deny" and each.grants(request) for each in self.statements)

    def allows(self, request: Request) -> frozenset[Granted]:
        """To whom its Allows that apply are given: nobody, if it allows nothing."""
        found = (each.grants(request) for each in self.statements if each.effect == "Allow")
        return frozenset(to for to in found if to is not None)


def parse_policy(document: Any, kind: PolicyKind = "identity") -> Policy:
    """The policy that a document, or its JSON text, holds.

    An *identity*'s own has no principal; a *resource*'s and a *trust* policy have one, and the
    last has no resource. Raises PolicyError, which tells the place and what would be right.
    """
    if isinstance(document, str | bytes):
        document = _loaded(document)
    whole = _mapping(document, (), _TOP, "a policy")
    version = whole.get("Version", VERSIONS[0])
    if version not in VERSIONS:
        raise PolicyError(("Version",), f"is {_show(version)}; write {VERSION}")
    if "Id" in whole and not isinstance(whole["Id"], str):
        raise PolicyError(("Id",), f"is {_show(whole['Id'])}; it must be text")
    if "Statement" not in whole:
        raise PolicyError((), "has no Statement")
    reading = _Reading(kind, version == VERSION)
    given = whole["Statement"]
    listed: list[tuple[Path, Any]] = [(("Statement",), given)]
    if isinstance(given, list | tuple):
        listed = [(("Statement", index), each) for index, each in enumerate(given)]
    if not listed:
        raise PolicyError(("Statement",), "is empty; a policy has a statement")
    return Policy(tuple(reading.statement(each, path) for path, each in listed))


@dataclass(slots=True)
class _Reading:
    """One walk over a document, in the form that its kind has."""

    kind: PolicyKind
    variables: bool
    sids: frozenset[str] = frozenset()

    def statement(self, value: Any, path: Path) -> Statement:
        block = _mapping(value, path, _ELEMENTS, "a statement")
        effect = block.get("Effect")
        if effect not in ("Allow", "Deny"):
            raise PolicyError((*path, "Effect"), f"is {_show(effect)}; write Allow or Deny")
        return Statement(
            effect,
            self._sid(block, path),
            self._actions(block, path),
            self._resources(block, path),
            self._principals(block, path),
            tuple(self._conditions(block.get("Condition", {}), (*path, "Condition"))),
        )

    def _sid(self, block: Mapping[str, Any], path: Path) -> str:
        sid = block.get("Sid", "")
        where = (*path, "Sid")
        if not isinstance(sid, str) or (self.kind == "identity" and not _SID.fullmatch(sid)):
            raise PolicyError(where, f"is {_show(sid)}; it has letters and digits only")
        if sid and sid in self.sids:
            raise PolicyError(where, f"is '{sid}', as that of another statement; each has its own")
        self.sids |= {sid}
        return sid

    def _actions(self, block: Mapping[str, Any], path: Path) -> Choice:
        key = _one_of(block, "Action", "NotAction", path)
        if key is None:
            raise PolicyError(path, "has no Action; write one, or NotAction")
        texts = _texts(block[key], (*path, key))
        for where, text in texts:
            _check_action(text, where)
        return Choice(tuple((text.lower(),) for _, text in texts), key == "NotAction")

    def _resources(self, block: Mapping[str, Any], path: Path) -> Choice | None:
        key = _one_of(block, "Resource", "NotResource", path)
        if self.kind == "trust":
            if key is not None:
                raise PolicyError((*path, key), "has no place in a trust policy; leave it out")
            return None
        if key is None:
            raise PolicyError(path, "has no Resource; write one, or NotResource")
        texts = _texts(block[key], (*path, key))
        for where, text in texts:
            _check_resource(text, where)
        patterns = tuple(self._text(text, where) for where, text in texts)
        return Choice(patterns, key == "NotResource")

    def _principals(self, block: Mapping[str, Any], path: Path) -> Principals | None:
        key = _one_of(block, "Principal", "NotPrincipal", path)
        if self.kind == "identity":
            if key is not None:
                raise PolicyError((*path, key), "has no place in an identity's own policy")
            return None
        if key is None:
            raise PolicyError(path, "has no Principal; write who the statement is about")
        return read_principals(block[key], (*path, key), excluded=key == "NotPrincipal")

    def _conditions(self, value: Any, path: Path) -> Iterator[Condition]:
        if not isinstance(value, Mapping):
            raise PolicyError(path, f"is {_show(value)}; write operators with their keys")
        for name, keys in value.items():
            where = (*path, str(name))
            try:
                found = operator(str(name))
            except ValueError as error:
                raise PolicyError(path, str(error)) from None
            if not isinstance(keys, Mapping):
                raise PolicyError(where, f"is {_show(keys)}; write keys with their values")
            for key, wanted in keys.items():
                yield self._condition(found, str(key), wanted, (*where, str(key)))

    def _condition(self, found: Operator, key: str, wanted: Any, path: Path) -> Condition:
        if not _KEY.fullmatch(key):
            raise PolicyError(path, "is no condition key; write one such as aws:SourceArn")
        values = []
        for where, text in _texts(wanted, path, plain_values=True):
            value = self._text(text, where)
            try:
                found.check(value)
            except ValueError as error:
                raise PolicyError(where, f"is {_show(text)}; it must be {error}") from None
            values.append(value)
        return Condition(found, key.lower(), tuple(values))

    def _text(self, text: str, where: Path) -> PolicyText:
        try:
            return read(text, self.variables)
        except ValueError as error:
            raise PolicyError(where, str(error)) from None


def _loaded(text: str | bytes) -> Any:
    def items(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
        block: dict[str, Any] = {}
        for key, value in pairs:
            if key in block:
                raise PolicyError((), f"has the key '{key}' twice in one block; keep one")
            block[key] = value
        return block

    try:
        return json.loads(text, object_pairs_hook=items)
    except PolicyError:
        raise
    except (ValueError, RecursionError) as error:
        raise PolicyError((), f"is not JSON: {error}") from None


def _mapping(value: Any, path: Path, known: tuple[str, ...], what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise PolicyError(path, f"is {_show(value)}; {what} is a mapping")
    for key in value:
        if key not in known:
            close = near(str(key), known)
            hint = f"; did you mean '{close}'?" if close else f"; there are: {', '.join(known)}"
            raise PolicyError(path, f"has an unknown element '{key}'{hint}")
    return value


def _one_of(block: Mapping[str, Any], key: str, negated: str, path: Path) -> str | None:
    if key in block and negated in block:
        raise PolicyError(path, f"has both {key} and {negated}; keep one")
    return next((each for each in (key, negated) if each in block), None)


def _texts(value: Any, path: Path, plain_values: bool = False) -> list[tuple[Path, str]]:
    """Each text of one text or a list of them; *plain_values* may be numbers and truths too."""
    listed: list[tuple[Path, Any]] = [(path, value)]
    if isinstance(value, list | tuple):
        listed = [((*path, index), each) for index, each in enumerate(value)]
    if not listed:
        raise PolicyError(path, "is an empty list")
    return [(where, _as_text(each, where, plain_values)) for where, each in listed]


def _as_text(value: Any, where: Path, plain_values: bool) -> str:
    if plain_values and isinstance(value, bool):
        return str(value).lower()
    if plain_values and isinstance(value, int | float):
        return str(value)
    if isinstance(value, str) and (value or plain_values):
        return value
    raise PolicyError(where, f"is {_show(value)}; it must be text")


def _check_action(text: str, where: Path) -> None:
    vendor, colon, name = text.partition(":")
    if text == "*":
        return
    if not colon:
        raise PolicyError(where, f"is '{text}'; write its service before it, as in s3:GetObject")
    if not _VENDOR.fullmatch(vendor) or ":" in name or not name:
        raise PolicyError(where, f"is '{text}', which is no action; write one as in s3:GetObject")


def _check_resource(text: str, where: Path) -> None:
    parts = text.split(":")
    if text != "*" and (parts[0] != "arn" or len(parts) < 3 or not parts[2]):
        raise PolicyError(where, f"is '{text}'; a resource is an ARN or \"*\"")


def _show(value: Any) -> str:
    return "missing" if value is None else f"'{value}'" if isinstance(value, str) else repr(value)
