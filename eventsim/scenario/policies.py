"""
The policies of a role or a user, as SAM writes them below a function.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html#sam-function-policies
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from eventsim.errors import PolicyError
from eventsim.rules.arns import ACCOUNT, REGION
from eventsim.rules.managed_policies import managed, template
from eventsim.rules.policies import Policy, PolicyKind, parse_policy
from eventsim.rules.roles import with_arns
from eventsim.scenario.problem import Path, refuse, refuse_below, show

Arns = Mapping[str, Sequence[str]]

_NAME = re.compile(r"[a-zA-Z0-9_.-]+")
_SOME_ARN = ("arn:aws:name:::",)


@dataclass(frozen=True, slots=True)
class GivenPolicy:
    """A policy as it stands in a scenario: its document, or a template of SAM with parameters."""

    document: Any
    template: str | None = None

    def policy(
        self, arns: Arns, region: str, account: str, kind: PolicyKind = "identity"
    ) -> Policy:
        """The policy, names of the scenario in it made ARNs. Raises PolicyError."""
        if self.template is not None:
            return parse_policy(template(self.template, self.document, region, account))
        return parse_policy(with_arns(self.document, arns), kind)


def bare_names(document: Any) -> Iterator[tuple[Path, str]]:
    """The names that stand in a document where an ARN would, with their places."""
    statements = document.get("Statement") if isinstance(document, Mapping) else None
    listed: list[tuple[Path, Any]] = [(("Statement",), statements)]
    if isinstance(statements, list | tuple):
        listed = [(("Statement", index), each) for index, each in enumerate(statements)]
    for path, statement in listed:
        for key in ("Resource", "NotResource"):
            value = statement.get(key) if isinstance(statement, Mapping) else None
            texts: list[tuple[Path, Any]] = [((*path, key), value)]
            if isinstance(value, list | tuple):
                texts = [((*path, key, index), each) for index, each in enumerate(value)]
            yield from (pair for pair in texts if is_name(pair[1]))


def is_name(value: Any) -> bool:
    """Whether a text is a name, and not an ARN, a pattern or a variable."""
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def _document(value: Any, path: Path = (), kind: PolicyKind = "identity") -> GivenPolicy:
    names = {name: _SOME_ARN for _, name in bare_names(value)}
    try:
        parse_policy(with_arns(value, names), kind)
    except PolicyError as error:
        where = (*path, *error.path)
        if not where:
            raise refuse(error.reason) from None
        raise refuse_below((where, f" {error.reason}".strip())) from None
    return GivenPolicy(value)


def _policy(value: Any, path: Path) -> GivenPolicy:
    if isinstance(value, str) and value:
        return _at(path, lambda: GivenPolicy(managed(value)))
    if not isinstance(value, dict):
        wanted = "a managed policy's name, a document with its Statement, or a SAM policy template"
        raise _refused(path, f"is {show(value)}; write {wanted}")
    if "Statement" in value or len(value) != 1:
        return _document(value, path)
    name, parameters = next(iter(value.items()))

    def check() -> GivenPolicy:
        template(name, parameters, REGION, ACCOUNT)
        return GivenPolicy(parameters, name)

    return _at(path, check)


def _at(path: Path, make: Any) -> GivenPolicy:
    try:
        found: GivenPolicy = make()
    except ValueError as error:
        raise _refused(path, str(error)) from None
    return found


def _refused(path: Path, text: str) -> Exception:
    error: PydanticCustomError = refuse(text)
    return refuse_below((path, text)) if path else error


def _policies(value: Any) -> tuple[GivenPolicy, ...]:
    if isinstance(value, list | tuple):
        return tuple(_policy(each, (index,)) for index, each in enumerate(value))
    return (_policy(value, ()),)


def _boundary(value: Any) -> GivenPolicy:
    return _policy(value, ())


def _trust(value: Any) -> GivenPolicy:
    return _document(value, kind="trust")


_ONE_SCHEMA: dict[str, Any] = {"anyOf": [{"type": "string", "minLength": 1}, {"type": "object"}]}
_MANY_SCHEMA: dict[str, Any] = {
    "anyOf": [*_ONE_SCHEMA["anyOf"], {"type": "array", "items": _ONE_SCHEMA}]
}

GivenPolicies = Annotated[
    tuple[GivenPolicy, ...], PlainValidator(_policies), WithJsonSchema(_MANY_SCHEMA)
]
Boundary = Annotated[GivenPolicy, PlainValidator(_boundary), WithJsonSchema(_ONE_SCHEMA)]
TrustPolicy = Annotated[GivenPolicy, PlainValidator(_trust), WithJsonSchema({"type": "object"})]
