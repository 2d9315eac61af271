"""
Functions: created, read, changed, deleted.

Where AWS is silent: a function is Pending, or its update InProgress, until the request is answered.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from eventsim.lambda_api import layers, settings, versions
from eventsim.lambda_api.deployed import Deployed, Version
from eventsim.lambda_api.refusing import Pages, check_revision, conflict, invalid
from eventsim.lambda_api.region import Call, Handler, Region
from eventsim.rules.function_names import LATEST, not_found


async def create_function(call: Call) -> dict[str, Any]:
    region, given = call.region, call.given
    name = region.named({"FunctionName": given["FunctionName"]}).name
    _check_free(region, name)
    configuration = settings.created(given)
    package = await region.package(given["Code"])
    _check_free(region, name)  # somebody may have been faster
    used = layers.used(region, given, package)
    latest = Version(configuration, package, region.revision(name), region.now(), used)
    deployed = Deployed(name, {LATEST: latest}, tags=dict(given.get("Tags") or {}))
    region.add(deployed)
    region.settle_soon(name, latest)
    return await _published(call, deployed)


async def get_function(call: Call) -> dict[str, Any]:
    region, (name, qualifier) = call.region, call.region.named(call.given)
    configuration = region.shown(name, qualifier)
    deployed = region.deployed(name)
    _, version = region.version(name, qualifier)
    reserved = region.environments.concurrency.reserved(name)
    return {
        "Configuration": configuration,
        "Code": {
            "RepositoryType": "S3",
            "Location": region.location(version.package),
        },
        "Tags": deployed.tags or None,
        "Concurrency": None if reserved is None else {"ReservedConcurrentExecutions": reserved},
    }


async def get_function_configuration(call: Call) -> dict[str, Any]:
    return call.region.shown(*call.region.named(call.given))


async def list_functions(call: Call) -> dict[str, Any]:
    region, given = call.region, call.given
    names, marker = Pages(given).cut(sorted(region.functions), str)
    if given.get("FunctionVersion") == "ALL":
        found = [
            region.shown(name, number)
            for name in names
            for number in region.functions[name].versions
        ]
    else:
        found = [region.shown(name) for name in names]
    return {"Functions": [_listed(each) for each in found], "NextMarker": marker}


async def update_function_code(call: Call) -> dict[str, Any]:
    region, given = call.region, call.given
    name = _unqualified(call)
    _check_idle(region, name)
    before = region.changeable(name).versions[LATEST]
    check_revision(given, before.revision)
    package = await region.package(given)
    deployed = region.changeable(name)
    before = deployed.versions[LATEST]
    check_revision(given, before.revision)
    configuration = dict(before.configuration)
    if given.get("Architectures"):
        configuration["Architectures"] = list(given["Architectures"])
    if given.get("DryRun"):
        shown = region.shown(name)
        return {**shown, "CodeSha256": package.sha256, "CodeSize": package.size}
    latest = replace(before, configuration=configuration, package=package)
    _update(region, deployed, latest, "its code was updated")
    return await _published(call, deployed)


async def update_function_configuration(call: Call) -> dict[str, Any]:
    region, name = call.region, _unqualified(call)
    _check_idle(region, name)
    deployed = region.changeable(name)
    before = deployed.versions[LATEST]
    check_revision(call.given, before.revision)
    configuration = settings.changed(before.configuration, call.given)
    used = before.layers
    if call.given.get("Layers") is not None:
        used = layers.used(region, call.given, before.package)
    latest = replace(before, configuration=configuration, layers=used)
    _update(region, deployed, latest, "it was configured")
    return region.shown(name)


async def delete_function(call: Call) -> dict[str, Any]:
    region, (name, qualifier) = call.region, call.region.named(call.given)
    deployed = region.changeable(name, qualifier)
    if qualifier is None:
        region.remove(name)
        return {"StatusCode": 204}
    if qualifier == LATEST:
        raise invalid("$LATEST version cannot be deleted without deleting the function.")
    if qualifier not in deployed.versions:
        raise not_found(region.place.arn(name, qualifier))
    versions.check_unused(region, name, qualifier)
    region.environments.remove(name, qualifier)
    region.permissions.forget(name, qualifier)
    region.leave(*deployed.versions.pop(qualifier).packages())
    deployed.event_invokes.pop(qualifier, None)
    deployed.provisioned.pop(qualifier, None)
    return {"StatusCode": 204}


def _unqualified(call: Call) -> str:
    name, qualifier = call.region.named(call.given)
    if qualifier not in (None, LATEST):
        raise invalid(f"Functions with a qualifier cannot be updated: {call.given['FunctionName']}")
    return name


def _check_free(region: Region, name: str) -> None:
    if name in region.functions:
        raise conflict(f"Function already exist: {name}")


def _check_idle(region: Region, name: str) -> None:
    """An update does not overtake another."""
    latest = region.changeable(name).versions[LATEST]
    if not latest.pending:
        return
    text = "The operation cannot be performed at this time. "
    if latest.state["State"] == "Active":
        raise conflict(f"{text}An update is in progress for resource: {region.place.arn(name)}")
    raise conflict(f"{text}The function is currently in the following state: Pending")


def _update(region: Region, deployed: Deployed, latest: Version, because: str) -> None:
    latest.revision, latest.modified = region.revision(deployed.name), region.now()
    latest.updating()
    region.update(deployed, latest, because)
    region.settle_soon(deployed.name, latest)


async def _published(call: Call, deployed: Deployed) -> dict[str, Any]:
    """What a request is answered with that may ask for a version at once."""
    region, name = call.region, deployed.name
    if not call.given.get("Publish"):
        return region.shown(name)
    return region.shown(name, versions.publish(region, deployed, None))


def _listed(configuration: dict[str, Any]) -> dict[str, Any]:
    """A list does not tell of states."""
    told = ("State", "LastUpdateStatus")
    return {key: each for key, each in configuration.items() if not key.startswith(told)}


OPERATIONS: dict[str, Handler] = {
    "CreateFunction": create_function,
    "GetFunction": get_function,
    "GetFunctionConfiguration": get_function_configuration,
    "ListFunctions": list_functions,
    "UpdateFunctionCode": update_function_code,
    "UpdateFunctionConfiguration": update_function_configuration,
    "DeleteFunction": delete_function,
}
