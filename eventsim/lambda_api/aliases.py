"""
Aliases, with the share of calls that goes to a second version.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html
"""

from __future__ import annotations

from typing import Any

from eventsim.errors import ResourceNotFound
from eventsim.lambda_api.deployed import AliasText
from eventsim.lambda_api.refusing import Pages, check_revision, conflict, missing
from eventsim.lambda_api.region import Call, Handler, Region
from eventsim.rules import aliases as rules


async def create_alias(call: Call) -> dict[str, Any]:
    region, given = call.region, call.given
    name, alias = region.named({"FunctionName": given["FunctionName"]}).name, given["Name"]
    deployed = region.changeable(name)
    rules.check_name(alias)
    rules.check_weights(given["FunctionVersion"], _weights(given))
    if alias in deployed.aliases:
        raise conflict(f"Alias already exists: {region.place.arn(name, alias)}")
    _shift(region, name, alias, given["FunctionVersion"], _weights(given))
    text = AliasText(given.get("Description") or "", region.revision(name))
    deployed.aliases[alias] = text
    return shown(region, name, alias)


async def get_alias(call: Call) -> dict[str, Any]:
    region, given = call.region, call.given
    name = region.named({"FunctionName": given["FunctionName"]}).name
    region.deployed(name)
    return shown(region, name, given["Name"])


async def update_alias(call: Call) -> dict[str, Any]:
    region, given = call.region, call.given
    name, alias = region.named({"FunctionName": given["FunctionName"]}).name, given["Name"]
    deployed = region.changeable(name)
    text = deployed.aliases.get(alias)
    now = region.environments.functions.alias(name, alias)
    if text is None or now is None:
        raise _missing(region, name, alias)
    check_revision(given, text.revision)
    version = given.get("FunctionVersion") or now.version
    weights = dict(now.weights) if given.get("RoutingConfig") is None else _weights(given)
    _shift(region, name, alias, version, weights)
    description = given.get("Description", text.description)
    deployed.aliases[alias] = AliasText(description, region.revision(name))
    region.ground.start_soon(region.environments.follow, name, alias)
    return shown(region, name, alias)


async def delete_alias(call: Call) -> dict[str, Any]:
    region, given = call.region, call.given
    name, alias = region.named({"FunctionName": given["FunctionName"]}).name, given["Name"]
    deployed = region.changeable(name)
    if deployed.aliases.pop(alias, None) is not None:
        region.environments.unprovision(name, alias)
        region.environments.functions.remove_alias(name, alias)
        region.permissions.forget(name, alias)
        deployed.event_invokes.pop(alias, None)
        deployed.provisioned.pop(alias, None)
    return {}


async def list_aliases(call: Call) -> dict[str, Any]:
    region, given = call.region, call.given
    name = region.named({"FunctionName": given["FunctionName"]}).name
    region.deployed(name)
    aliases, version = region.environments.functions.aliases(name), given.get("FunctionVersion")
    wanted = [alias for alias, each in aliases.items() if version in (None, each.version)]
    page, marker = Pages(given).cut(sorted(wanted), str)
    return {"Aliases": [shown(region, name, alias) for alias in page], "NextMarker": marker}


def shown(region: Region, name: str, alias: str) -> dict[str, Any]:
    """AliasConfiguration. Raises ResourceNotFound."""
    found = region.environments.functions.alias(name, alias)
    if found is None:
        text = f"Cannot find alias arn: {region.place.arn(name, alias)}"
        raise missing(text)
    text_of = region.deployed(name).aliases.get(alias) or AliasText("", "")
    routing = {"AdditionalVersionWeights": dict(found.weights)} if found.weights else None
    return {
        "AliasArn": region.place.arn(name, alias),
        "Name": alias,
        "FunctionVersion": found.version,
        "Description": text_of.description,
        "RoutingConfig": routing,
        "RevisionId": text_of.revision,
    }


def _missing(region: Region, name: str, alias: str) -> ResourceNotFound:
    return missing(f"Alias not found: {region.place.arn(name, alias)}")


def _weights(given: Any) -> dict[str, float]:
    return dict((given.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {})


def _shift(region: Region, name: str, alias: str, version: str, weights: dict[str, float]) -> None:
    """Raises InvokeError for what Lambda does not take."""
    region.environments.shift(name, alias, version, weights)


OPERATIONS: dict[str, Handler] = {
    "CreateAlias": create_alias,
    "GetAlias": get_alias,
    "UpdateAlias": update_alias,
    "DeleteAlias": delete_alias,
    "ListAliases": list_aliases,
}
