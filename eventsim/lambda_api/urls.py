"""
Function URLs, each served at a host and at a path of its own.

Who may use one with AuthType NONE is not asked: AWS wants a permission for that, and the console
and SAM add it.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunctionUrlConfig.html
"""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from eventsim import registry
from eventsim.errors import ResourceNotFound
from eventsim.front import PushCalling, Served
from eventsim.lambda_api.deployed import Url
from eventsim.lambda_api.refusing import Pages, conflict, invalid, missing, not_here
from eventsim.lambda_api.region import Call, Handler, Region
from eventsim.push import Pusher
from eventsim.rules.function_names import LATEST
from eventsim.types import Trigger

SOURCE = "function_url"


async def create_function_url_config(call: Call) -> dict[str, Any]:
    region, (name, qualifier) = call.region, call.region.named(call.given)
    deployed = region.changeable(name, qualifier)
    region.version(name, qualifier)
    if qualifier == LATEST or (qualifier or "").isdecimal():
        raise invalid("A function URL is of a function or of an alias, and of no version")
    if qualifier in deployed.urls:
        raise conflict(f"FunctionUrlConfig exists for this Lambda function: {name}")
    now = region.now()
    settings = _settings(call.given, {"AuthType": call.given["AuthType"]})
    deployed.urls[qualifier] = _served(region, name, qualifier, settings, now)
    shown = _shown(region, name, qualifier)
    del shown["LastModifiedTime"]
    return shown


async def get_function_url_config(call: Call) -> dict[str, Any]:
    return _shown(call.region, *call.region.named(call.given))


async def update_function_url_config(call: Call) -> dict[str, Any]:
    region, (name, qualifier) = call.region, call.region.named(call.given)
    before = _url(region, name, qualifier)
    deployed = region.changeable(name, qualifier)
    settings = _settings(call.given, before.settings)
    deployed.urls[qualifier] = _served(region, name, qualifier, settings, before.created)
    return _shown(region, name, qualifier)


async def delete_function_url_config(call: Call) -> dict[str, Any]:
    region, (name, qualifier) = call.region, call.region.named(call.given)
    gone = _url(region, name, qualifier)
    del region.changeable(name, qualifier).urls[qualifier]
    region.ground.urls.remove(gone.front)
    return {}


async def list_function_url_configs(call: Call) -> dict[str, Any]:
    region, name = call.region, call.region.named(call.given).name
    urls = region.deployed(name).urls
    page, marker = Pages(call.given).cut(sorted(urls, key=str), str)
    return {
        "FunctionUrlConfigs": [_shown(region, name, qualifier) for qualifier in page],
        "NextMarker": marker,
    }


def _settings(given: Any, before: dict[str, Any]) -> dict[str, Any]:
    found = {**before, **{key: given[key] for key in ("AuthType", "Cors") if key in given}}
    if given.get("InvokeMode", "BUFFERED") != "BUFFERED":
        raise not_here(f"InvokeMode {given['InvokeMode']}")
    return found


def _served(
    region: Region, name: str, qualifier: str | None, settings: dict[str, Any], created: str
) -> Url:
    """Serve the URL with these settings from now on. Raises InvokeError for what it cannot have."""
    module = registry.load("sources", SOURCE, wants=["Config", "UrlFront", "open_fronts"])
    target = name if qualifier is None else f"{name}:{qualifier}"
    try:
        config = module.Config.model_validate(settings)
    except ValidationError as error:
        raise invalid(error.errors()[0]["msg"]) from None
    (front,) = module.open_fronts(region.scene(), {}, [Trigger(target, target, config)])
    domain = front.hosts[-1]
    identity = domain.partition(".")[0]
    host = f"{identity}.lambda-url.{region.place.region}.localhost"
    front.hosts = (domain, host)
    ground = region.ground
    pusher = Pusher(region, ground.journal, ground.clock, ground.chance)
    calling = PushCalling(SOURCE, module, pusher, ground.journal, region.scene, ground.start_soon)
    key = f"{identity}.{region.place.region}"
    ground.urls.add(Served(front, calling).app(), key)
    port = ground.base.rpartition(":")[2]
    return Url(f"http://{host}:{port}/", settings, created, region.now(), key)


def _url(region: Region, name: str, qualifier: str | None) -> Url:
    deployed = region.deployed(name, qualifier)
    if qualifier not in deployed.urls:
        raise _missing()
    return deployed.urls[qualifier]


def _missing() -> ResourceNotFound:
    return missing("The resource you requested does not exist.")


def _shown(region: Region, name: str, qualifier: str | None) -> dict[str, Any]:
    url = _url(region, name, qualifier)
    return {
        "FunctionUrl": url.url,
        "FunctionArn": region.place.arn(name, qualifier),
        "AuthType": url.settings["AuthType"],
        "Cors": url.settings.get("Cors"),
        "CreationTime": url.created,
        "LastModifiedTime": url.modified,
        "InvokeMode": "BUFFERED",
    }


OPERATIONS: dict[str, Handler] = {
    "CreateFunctionUrlConfig": create_function_url_config,
    "GetFunctionUrlConfig": get_function_url_config,
    "UpdateFunctionUrlConfig": update_function_url_config,
    "DeleteFunctionUrlConfig": delete_function_url_config,
    "ListFunctionUrlConfigs": list_function_url_configs,
}
