"""
A function's policy: what AddPermission makes of its parameters, and what it refuses.

The function, each version and each alias have a policy of their own, and a statement is about
the very ARN that it was added to.

https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from eventsim.errors import PermissionRefused
from eventsim.rules.arns import partition
from eventsim.rules.function_names import LATEST
from eventsim.rules.principals import principal_element

POLICY_BYTES_MAX = 20_480
INVOKE = "lambda:InvokeFunction"

Statement = Mapping[str, Any]

_SOURCE_ARN = (
    r"arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?"
    r"-[a-z]+-\d{1})?:(\d{12})?:(.*)"
)
# AWS's own, to the letter: its error shows them.
_PATTERNS = {
    "statementId": r"([a-zA-Z0-9-_]+)",
    "action": r"(lambda:[*]|lambda:[a-zA-Z]+|[*])",
    "principal": r"[^\s]+",
    "sourceArn": _SOURCE_ARN,
    "sourceAccount": r"\d{12}",
    "eventSourceToken": r"[a-zA-Z0-9._\-]+",
    "principalOrgID": r"o-[a-z0-9]{10,32}",
    "qualifier": r"\$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+",
}
_LENGTHS = {"statementId": 100, "eventSourceToken": 256, "qualifier": 128}
_AUTH_TYPES = ("NONE", "AWS_IAM")


@dataclass(frozen=True, slots=True)
class Permission:
    """The parameters of AddPermission, without the function's name."""

    statement_id: str
    principal: str
    action: str = INVOKE
    source_arn: str | None = None
    source_account: str | None = None
    event_source_token: str | None = None
    principal_org_id: str | None = None
    function_url_auth_type: str | None = None
    qualifier: str | None = None


def statement(permission: Permission, arn: str, region: str) -> dict[str, Any]:
    """The statement that the policy of *arn* gets.

    Raises PermissionRefused, with AWS's texts, for parameters that AddPermission does not take.
    """
    check(permission)
    try:
        principal = principal_element(permission.principal, partition(region))
    except ValueError:
        text = "The provided principal was invalid. Please check the principal and try again."
        raise PermissionRefused("InvalidParameterValueException", text) from None
    found: dict[str, Any] = {
        "Sid": permission.statement_id,
        "Effect": "Allow",
        "Principal": principal,
        "Action": permission.action,
        "Resource": arn,
    }
    conditions = dict(_conditions(permission))
    return found | ({"Condition": conditions} if conditions else {})


def _conditions(permission: Permission) -> Iterator[tuple[str, dict[str, str]]]:
    equals = {
        "AWS:SourceAccount": permission.source_account,
        "lambda:EventSourceToken": permission.event_source_token,
        "lambda:FunctionUrlAuthType": permission.function_url_auth_type,
        "aws:PrincipalOrgID": permission.principal_org_id,
    }
    given = {key: value for key, value in equals.items() if value is not None}
    if given:
        yield "StringEquals", given
    if permission.source_arn is not None:
        yield "ArnLike", {"AWS:SourceArn": permission.source_arn}


def check(permission: Permission) -> None:
    """Raises PermissionRefused, with AWS's text, for the first parameter of a wrong form."""
    values = {
        "statementId": permission.statement_id,
        "action": permission.action,
        "principal": permission.principal,
        "sourceArn": permission.source_arn,
        "sourceAccount": permission.source_account,
        "eventSourceToken": permission.event_source_token,
        "principalOrgID": permission.principal_org_id,
        "qualifier": permission.qualifier,
    }
    for name, value in values.items():
        if value is not None:
            _check(name, value)
    auth_type = permission.function_url_auth_type
    if auth_type is not None and auth_type not in _AUTH_TYPES:
        wanted = f"Member must satisfy enum value set: [{', '.join(_AUTH_TYPES)}]"
        raise _not_valid("functionUrlAuthType", auth_type, wanted)
    check_qualifier(permission.qualifier)


def check_qualifier(qualifier: str | None) -> None:
    """Raises PermissionRefused for $LATEST, which has no policy of its own."""
    if qualifier == LATEST:
        text = "We currently do not support adding policies for $LATEST."
        raise PermissionRefused("InvalidParameterValueException", text)


def _check(name: str, value: str) -> None:
    if not re.fullmatch(_PATTERNS[name], value):
        wanted = f"Member must satisfy regular expression pattern: {_PATTERNS[name]}"
        raise _not_valid(name, value, wanted)
    most = _LENGTHS.get(name)
    if most is not None and len(value) > most:
        wanted = f"Member must have length less than or equal to {most}"
        raise _not_valid(name, value, wanted)


def _not_valid(name: str, value: str, wanted: str) -> PermissionRefused:
    text = f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint"
    return PermissionRefused("ValidationException", f"{text}: {wanted}")


def added(statements: Mapping[str, Statement], new: Statement) -> dict[str, Statement]:
    """The statements by their ids, with one more.

    Raises PermissionRefused when its id is taken, or the policy would be longer than 20 KB.
    """
    sid = new["Sid"]
    if sid in statements:
        text = (
            f"The statement id ({sid}) provided already exists. Please provide a new statement "
            "id, or remove the existing statement."
        )
        raise PermissionRefused("ResourceConflictException", text, 409)
    found = {**statements, sid: new}
    size = len(policy_text(found).encode())
    if size > POLICY_BYTES_MAX:
        text = f"The final policy size ({size}) is bigger than the limit ({POLICY_BYTES_MAX})."
        raise PermissionRefused("PolicyLengthExceededException", text)
    return found


def removed(statements: Mapping[str, Statement], sid: str) -> dict[str, Statement]:
    """The statements without that one. Raises PermissionRefused where it is not."""
    if not statements:
        raise _not_found("No policy is associated with the given resource.")
    if sid not in statements:
        raise _not_found(f"Statement {sid} is not found in resource policy.")
    return {key: each for key, each in statements.items() if key != sid}


def policy_of(statements: Mapping[str, Statement]) -> dict[str, Any]:
    """The whole document, as GetPolicy has it. Raises PermissionRefused where there is none."""
    if not statements:
        raise _not_found("The resource you requested does not exist.")
    return {"Version": "2012-10-17", "Id": "default", "Statement": list(statements.values())}


def policy_text(statements: Mapping[str, Statement]) -> str:
    """The same as JSON text."""
    return json.dumps(policy_of(statements), separators=(",", ":"))


def _not_found(text: str) -> PermissionRefused:
    return PermissionRefused("ResourceNotFoundException", text, 404)
