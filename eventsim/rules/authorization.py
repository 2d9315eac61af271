"""
Whether a request is allowed, of all the policies that have a say in it.

By default it is denied; a Deny anywhere decides. Within one account an Allow of the identity's
policies or of the resource's is enough; across accounts it takes both. A service has no policies
of its own: the resource's decides alone. A permissions boundary only narrows.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from eventsim.rules.policies import Policy, Request
from eventsim.rules.principals import Asker

IDENTITY, RESOURCE, BOUNDARY = (
    "identity-based policy",
    "resource-based policy",
    "permissions boundary",
)


class Policies(NamedTuple):
    """What has a say: the identity's own policies and boundary, and that of the resource."""

    identity: Sequence[Policy] = ()
    resource: Policy | None = None
    boundary: Policy | None = None


def denial(request: Request, policies: Policies, account: str) -> str | None:
    """Why the request is denied, in AWS's words, or None if it is allowed.

    *account* owns the resource.
    """
    for policy, kind in _each(policies):
        if policy.denies(request):
            article = "a"
            if kind == IDENTITY:
                article = "an"
            return f"with an explicit deny in {article} {kind}"
    missing = _missing(request, policies, account)
    return None if missing is None else f"because no {missing} allows the {request.action} action"


def denied(asker: Asker, action: str, resource: str, why: str) -> str:
    """The whole text of a denial."""
    return (
        f"User: {asker.name} is not authorized to perform: {action} on resource: {resource} {why}"
    )


def _each(policies: Policies) -> list[tuple[Policy, str]]:
    found = [(policy, IDENTITY) for policy in policies.identity]
    if policies.resource is not None:
        found.append((policies.resource, RESOURCE))
    if policies.boundary is not None:
        found.append((policies.boundary, BOUNDARY))
    return found


def _missing(request: Request, policies: Policies, account: str) -> str | None:
    """The kind of policy whose Allow is missing, or None."""
    asker, boundary = request.asker, policies.boundary
    to = frozenset() if policies.resource is None else policies.resource.allows(request)
    if asker.is_service:
        return None if to else RESOURCE
    inside = boundary is None or bool(boundary.allows(request))
    own = asker.is_root or any(policy.allows(request) for policy in policies.identity)
    if asker.account == account:
        if "itself" in to:
            return None  # a user or a session of its own, whom no boundary narrows
        own = own or bool(to - {"account"})
    if not own:
        return IDENTITY
    if not inside:
        return BOUNDARY
    return None if asker.account == account or to else RESOURCE
