"""
Published versions.

https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from eventsim.lambda_api.deployed import Deployed
from eventsim.lambda_api.refusing import Pages, check_revision, conflict, invalid
from eventsim.lambda_api.region import Call, Handler, Region
from eventsim.rules.function_names import LATEST


async def publish_version(call: Call) -> dict[str, Any]:
    region, given = call.region, call.given
    name = region.named(given).name
    deployed = region.changeable(name)
    latest = deployed.versions[LATEST]
    wanted, has = given.get("CodeSha256"), latest.package.sha256
    if wanted and wanted != has:
        raise invalid(
            f"CodeSHA256 ({wanted}) is different from current CodeSHA256 in $LATEST ({has}). "
            "Please try again with the CodeSHA256 in $LATEST."
        )
    check_revision(given, latest.revision)
    return region.shown(name, publish(region, deployed, given.get("Description")))


async def list_versions_by_function(call: Call) -> dict[str, Any]:
    region, given = call.region, call.given
    name = region.named(given).name
    numbers, marker = Pages(given).cut(list(region.deployed(name).versions), str)
    return {"Versions": [region.shown(name, number) for number in numbers], "NextMarker": marker}


def publish(region: Region, deployed: Deployed, description: str | None) -> str:
    """The number of the version that $LATEST is published as; the last one if nothing changed."""
    number = region.environments.publish(deployed.name, description)
    if number in deployed.versions:
        return number
    latest = deployed.versions[LATEST]
    configuration = dict(latest.configuration)
    if description is not None:
        configuration["Description"] = description
    version = replace(
        latest,
        configuration=configuration,
        revision=region.revision(deployed.name),
        state=dict(latest.state),
    )
    deployed.versions[number] = version
    region.use(*version.packages())
    if version.pending:
        region.settle_soon(deployed.name, version)
    return number


def check_unused(region: Region, name: str, number: str) -> None:
    """Raises ResourceConflictException for a version that an alias leads to."""
    for alias, (version, weights) in region.environments.functions.aliases(name).items():
        if number == version or number in dict(weights):
            text = f"Version {number} of the function {name} is used by the alias {alias}"
            raise conflict(text)


OPERATIONS: dict[str, Handler] = {
    "PublishVersion": publish_version,
    "ListVersionsByFunction": list_versions_by_function,
}
