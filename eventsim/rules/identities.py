"""
Roles and users with their policies, and what a request says of whoever makes it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from eventsim.rules.arns import region_of
from eventsim.rules.authorization import Policies, denial, denied
from eventsim.rules.policies import Policy, Request
from eventsim.rules.policy_texts import Context
from eventsim.rules.principals import SESSION, Asker
from eventsim.types import Caller


@dataclass(frozen=True, slots=True)
class Identity:
    """A role or a user, by its ARN, with its own policies and its permissions boundary."""

    arn: str
    policies: tuple[Policy, ...] = ()
    boundary: Policy | None = None


def role_denial(
    identity: Identity, action: str, resource: str, now: datetime, session: str = SESSION
) -> str | None:
    """AWS's text for what a role may not do in its *session*, or None if it may."""
    asker = Asker.of(identity.arn, session)
    request = Request(action, resource, asker, context_of(asker, resource, now))
    policies = Policies(identity.policies, None, identity.boundary)
    why = denial(request, policies, asker.account)
    return None if why is None else denied(asker, action, resource, why)


def context_of(asker: Asker, resource: str, now: datetime, caller: Caller | None = None) -> Context:
    """The condition keys of a request, as far as we know them."""
    found = {
        "aws:CurrentTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws:EpochTime": str(int(now.timestamp())),
        "aws:PrincipalIsAWSService": str(asker.is_service).lower(),
        "aws:RequestedRegion": region_of(resource) if resource.count(":") > 4 else "",
        **dict(_of_asker(asker)),
        **dict(_of_caller(caller)),
    }
    return {key.lower(): (value,) for key, value in found.items() if value}


def _of_asker(asker: Asker) -> Iterator[tuple[str, str]]:
    if asker.is_service:
        yield "aws:PrincipalServiceName", asker.name
        return
    yield "aws:PrincipalAccount", asker.account
    if asker.role:
        yield "aws:PrincipalArn", f"arn:{asker.partition}:iam::{asker.account}:role/{asker.role}"
        yield "aws:PrincipalType", "AssumedRole"
    else:
        yield "aws:PrincipalArn", asker.name
        yield "aws:PrincipalType", "Account" if asker.is_root else "User"
    if ":user/" in asker.name:
        yield "aws:username", asker.name.rpartition("/")[2]


def _of_caller(caller: Caller | None) -> Iterator[tuple[str, str]]:
    if caller is None:
        return
    yield "aws:SourceArn", caller.source_arn or ""
    yield "aws:SourceAccount", caller.source_account or ""
    yield "lambda:EventSourceToken", caller.event_source_token or ""
    yield "aws:PrincipalOrgID", caller.principal_org_id or ""
