"""
Layers: published, listed, and put on the paths of functions that have them.

A layer lies in a folder of its own: what is in its ``python``, ``nodejs``, ``bin`` and ``lib`` is
found, the last layer first, and ``/opt`` is not there. Who may use a layer is not asked.

https://docs.aws.amazon.com/lambda/latest/dg/chapter-layers.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from eventsim.lambda_api.deployed import Layer, Published
from eventsim.lambda_api.packages import Package
from eventsim.lambda_api.refusing import Pages, invalid, missing
from eventsim.lambda_api.region import Call, Handler, Region
from eventsim.rules.arns import arn
from eventsim.rules.limits import UNZIPPED_BYTES_MAX

LAYERS_MAX = 5
_TOLD = ("Description", "CompatibleArchitectures", "CompatibleRuntimes", "LicenseInfo")


async def publish_layer_version(call: Call) -> dict[str, Any]:
    region, given = call.region, call.given
    name = _name(given)
    package = await region.package(given["Content"])
    number = region.layers.numbers.get(name, 0) + 1
    region.layers.numbers[name] = number
    told = {key: given.get(key) for key in _TOLD}
    version_arn = f"{_arn(region, name)}:{number}"
    made = Published(number, version_arn, package, region.now(), told)
    region.layers.versions.setdefault(name, {})[number] = made
    region.ground.packages.use(package)
    return _whole(region, name, made)


async def get_layer_version(call: Call) -> dict[str, Any]:
    region, name = call.region, _name(call.given)
    return _whole(region, name, _found(region, name, call.given["VersionNumber"]))


async def get_layer_version_by_arn(call: Call) -> dict[str, Any]:
    region, (name, number) = call.region, _parts(call.given["Arn"])
    return _whole(region, name, _found(region, name, number))


async def delete_layer_version(call: Call) -> dict[str, Any]:
    region, name = call.region, _name(call.given)
    gone = region.layers.versions.get(name, {}).pop(call.given["VersionNumber"], None)
    if gone is not None:
        region.leave(gone.package)
    return {}


async def list_layers(call: Call) -> dict[str, Any]:
    region, given = call.region, call.given
    latest = {name: _fitting(region, name, given)[:1] for name in sorted(region.layers.versions)}
    page, marker = Pages(given).cut([name for name, found in latest.items() if found], str)
    found = [
        {
            "LayerName": name,
            "LayerArn": _arn(region, name),
            "LatestMatchingVersion": latest[name][0].shown(),
        }
        for name in page
    ]
    return {"Layers": found, "NextMarker": marker}


async def list_layer_versions(call: Call) -> dict[str, Any]:
    region, given = call.region, call.given
    fitting = _fitting(region, _name(given), given)
    page, marker = Pages(given).cut(fitting, lambda each: str(each.number))
    return {"LayerVersions": [each.shown() for each in page], "NextMarker": marker}


def used(region: Region, given: Mapping[str, Any], package: Package) -> tuple[Layer, ...]:
    """The layers that a request names, in its order.

    Raises InvokeError for one that is not there, and for too much of them.
    """
    arns = given.get("Layers") or ()
    if len(arns) > LAYERS_MAX:
        raise invalid(f"Exceeded the maximum number of layers: {LAYERS_MAX}")
    found = tuple(Layer(each, _of_arn(region, each).package) for each in arns)
    size = package.unzipped + sum(layer.package.unzipped for layer in found)
    if size > UNZIPPED_BYTES_MAX:
        raise invalid(
            "Function code combined with layers exceeds the maximum allowed size of "
            f"{UNZIPPED_BYTES_MAX} bytes. The actual size is {size} bytes."
        )
    return found


def _of_arn(region: Region, text: str) -> Published:
    parts = text.split(":")
    if len(parts) == 8 and parts[7].isdecimal() and text.startswith(_arn(region, parts[6])):
        found = region.layers.versions.get(parts[6], {}).get(int(parts[7]))
        if found is not None:
            return found
    raise invalid(f"Layer version {text} does not exist.")


def _fitting(region: Region, name: str, given: Mapping[str, Any]) -> list[Published]:
    """The versions of a layer that fit a request, newest first."""
    versions: Iterator[Published] = reversed(region.layers.versions.get(name, {}).values())
    return [each for each in versions if each.fits(given)]


def _found(region: Region, name: str, number: int) -> Published:
    found = region.layers.versions.get(name, {}).get(number)
    if found is None:
        raise missing("The resource you requested does not exist.")
    return found


def _whole(region: Region, name: str, version: Published) -> dict[str, Any]:
    package = version.package
    return {
        **version.shown(),
        "LayerArn": _arn(region, name),
        "Content": {
            "Location": region.location(package),
            "CodeSha256": package.sha256,
            "CodeSize": package.size,
        },
    }


def _name(given: Mapping[str, Any]) -> str:
    """The name of a layer, which may be given by its ARN."""
    return str(given["LayerName"]).rpartition(":")[2]


def _parts(text: str) -> tuple[str, int]:
    name, _, number = text.rpartition(":")
    if not number.isdecimal():
        raise invalid(f"{text} is no ARN of a version of a layer")
    return name.rpartition(":")[2], int(number)


def _arn(region: Region, name: str) -> str:
    return arn("lambda", region.place.region, region.place.account, f"layer:{name}")


OPERATIONS: dict[str, Handler] = {
    "PublishLayerVersion": publish_layer_version,
    "GetLayerVersion": get_layer_version,
    "GetLayerVersionByArn": get_layer_version_by_arn,
    "DeleteLayerVersion": delete_layer_version,
    "ListLayers": list_layers,
    "ListLayerVersions": list_layer_versions,
}
