"""
Who may invoke a function, a version or an alias.

https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html
"""

from __future__ import annotations

import json
from typing import Any

from eventsim.lambda_api.refusing import check_revision, not_here
from eventsim.lambda_api.region import Call, Handler
from eventsim.rules.function_policies import Permission, check_qualifier

_FIELDS = {
    "StatementId": "statement_id",
    "Principal": "principal",
    "Action": "action",
    "SourceArn": "source_arn",
    "SourceAccount": "source_account",
    "EventSourceToken": "event_source_token",
    "PrincipalOrgID": "principal_org_id",
    "FunctionUrlAuthType": "function_url_auth_type",
}


async def add_permission(call: Call) -> dict[str, Any]:
    region, given = call.region, call.given
    if given.get("InvokedViaFunctionUrl") is not None:
        raise not_here("InvokedViaFunctionUrl")
    name, qualifier = region.named(given)
    deployed = region.deployed(name, qualifier)
    check_qualifier(qualifier)
    check_revision(given, deployed.policy_revisions.get(qualifier, given.get("RevisionId", "")))
    values = {field: given[key] for key, field in _FIELDS.items() if key in given}
    statement = region.permissions.add(name, Permission(**values, qualifier=qualifier))
    deployed.policy_revisions[qualifier] = region.revision(name)
    return {"Statement": json.dumps(statement, separators=(",", ":"))}


async def remove_permission(call: Call) -> dict[str, Any]:
    region, given = call.region, call.given
    name, qualifier = region.named(given)
    deployed = region.deployed(name, qualifier)
    check_revision(given, deployed.policy_revisions.get(qualifier, given.get("RevisionId", "")))
    region.permissions.remove(name, given["StatementId"], qualifier)
    deployed.policy_revisions[qualifier] = region.revision(name)
    return {}


async def get_policy(call: Call) -> dict[str, Any]:
    region, (name, qualifier) = call.region, call.region.named(call.given)
    deployed = region.deployed(name, qualifier)
    policy = region.permissions.get(name, qualifier)
    revision = deployed.policy_revisions.setdefault(qualifier, region.revision(name))
    return {"Policy": policy, "RevisionId": revision}


OPERATIONS: dict[str, Handler] = {
    "AddPermission": add_permission,
    "RemovePermission": remove_permission,
    "GetPolicy": get_policy,
}
