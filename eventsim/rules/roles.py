"""
Execution roles: who may assume them, and what Lambda needs of them.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
"""

from __future__ import annotations

import hashlib
from base64 import b32encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from eventsim.rules.arns import arn, partition, service_of
from eventsim.rules.managed_policies import allow, document
from eventsim.rules.policies import Policy, Request
from eventsim.rules.principals import Asker

LAMBDA = "lambda.amazonaws.com"
CANNOT_BE_ASSUMED = "The role defined for the function cannot be assumed by Lambda."


class Need(NamedTuple):
    """Something a role must be allowed: any one of *actions* on *resource*."""

    actions: tuple[str, ...]
    resource: str


# What Lambda does with a destination or a dead-letter queue, by its service.
_SENDING = {
    "sqs": ("sqs:SendMessage", ""),
    "sns": ("sns:Publish", ""),
    "s3": ("s3:PutObject", "/*"),
    "lambda": ("lambda:InvokeFunction", ""),
    "events": ("events:PutEvents", ""),
}


def sending(target: str) -> Need:
    """What a role needs to send to the queue, topic, bucket, function or bus of that ARN.

    Raises ValueError for the ARN of anything else.
    """
    service = service_of(target)
    if service not in _SENDING:
        raise ValueError(f"nothing is sent to {target}")
    action, below = _SENDING[service]
    return Need((action,), f"{target}{below}")


def grants_sending(targets: Iterable[str]) -> list[dict[str, Any]]:
    """What SAM adds to a role it makes, for each destination of the function."""
    needs = [sending(target) for target in targets]
    return [document(allow(*need.actions, on=need.resource)) for need in needs]


def unmet(needs: Iterable[Need], may: Callable[[str, str], bool]) -> Need | None:
    """The first need that a role does not meet; *may* is asked about an action and a resource."""
    for need in needs:
        if not any(may(action, need.resource) for action in need.actions):
            return need
    return None


def role_arn(name: str, region: str, account: str, path: str = "/") -> str:
    """The ARN of a role; *path* begins and ends with a slash."""
    return arn("iam", region, account, f"role{path}{name}")


def trusts_lambda(trust: Policy, region: str) -> bool:
    """Whether a trust policy lets Lambda assume the role."""
    request = Request("sts:AssumeRole", "", Asker(LAMBDA, partition=partition(region)), {})
    return bool(trust.allows(request)) and not trust.denies(request)


def access_key_id(role: str, function: str) -> str:
    """The id of the temporary credentials of a function: the same for the same role."""
    digest = hashlib.sha256(f"{role}\0{function}".encode()).digest()
    return f"ASIA{b32encode(digest)[:16].decode()}"


def with_arns(document: Any, arns: Mapping[str, Sequence[str]]) -> Any:
    """A policy document with ARNs where it names resources of the scenario.

    A name that is none of them stays, and is no resource to IAM.
    """
    if not isinstance(document, Mapping):
        return document
    statements = document.get("Statement")
    if isinstance(statements, list | tuple):
        return {**document, "Statement": [_named(each, arns) for each in statements]}
    return {**document, "Statement": _named(statements, arns)} if statements else document


def _named(statement: Any, arns: Mapping[str, Sequence[str]]) -> Any:
    if not isinstance(statement, Mapping):
        return statement
    found = dict(statement)
    for key in found.keys() & {"Resource", "NotResource"}:
        value = found[key]
        if isinstance(value, list | tuple):
            found[key] = [arn for each in value for arn in _arns(each, arns)]
        elif isinstance(value, str) and value in arns:
            found[key] = list(arns[value])
    return found


def _arns(value: Any, arns: Mapping[str, Sequence[str]]) -> Sequence[Any]:
    return arns.get(value, (value,)) if isinstance(value, str) else (value,)
