"""
How asynchronous events of a function, a version or an alias are tried, and who hears of their end.

https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from eventsim.errors import InvokeError
from eventsim.lambda_api.deployed import Deployed, EventInvoke
from eventsim.lambda_api.refusing import Pages, missing, of_refusal
from eventsim.lambda_api.region import Call, Handler, Region
from eventsim.rules import event_invoke as rules
from eventsim.rules.function_names import LATEST
from eventsim.types import EventInvokeConfig

_SETTINGS = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")


async def put_function_event_invoke_config(call: Call) -> dict[str, Any]:
    return _put(call, EventInvokeConfig())


async def update_function_event_invoke_config(call: Call) -> dict[str, Any]:
    _, _, _, _, found = _found(call)
    return _put(call, found.config)


async def get_function_event_invoke_config(call: Call) -> dict[str, Any]:
    region, _, name, qualifier, found = _found(call)
    return _shown(region, name, qualifier, found)


async def delete_function_event_invoke_config(call: Call) -> dict[str, Any]:
    region, deployed, name, qualifier, _ = _found(call)
    region.changeable(name)
    del deployed.event_invokes[qualifier]
    _apply(region, deployed)
    return {}


async def list_function_event_invoke_configs(call: Call) -> dict[str, Any]:
    region, name = call.region, call.region.named(call.given).name
    found = region.deployed(name).event_invokes
    page, marker = Pages(call.given).cut(sorted(found), str)
    configs = [_shown(region, name, qualifier, found[qualifier]) for qualifier in page]
    return {"FunctionEventInvokeConfigs": configs, "NextMarker": marker}


def _put(call: Call, before: EventInvokeConfig) -> dict[str, Any]:
    region, given = call.region, call.given
    name, asked = region.named(given)
    qualifier = asked or LATEST
    if not any(given.get(key) is not None for key in _SETTINGS):
        raise of_refusal(rules.nothing())
    deployed = region.changeable(name, qualifier)
    region.version(name, qualifier)
    config = _config(given, replace(before, qualifier=qualifier))

    def exists(arn: str) -> bool:
        try:
            region.environments.find(arn)
        except InvokeError:
            return False
        return True

    for refusal in rules.refusals(config, region.place.arn(name, qualifier), exists):
        raise of_refusal(refusal)
    now = region.ground.clock.timestamp()
    made = deployed.event_invokes[qualifier] = EventInvoke(config, round(now, 3))
    _apply(region, deployed)
    return _shown(region, name, qualifier, made)


def _config(given: Mapping[str, Any], before: EventInvokeConfig) -> EventInvokeConfig:
    """The configuration after a request; what it does not name stays as it was."""
    changes: dict[str, Any] = {}
    if given.get("MaximumRetryAttempts") is not None:
        changes["maximum_retry_attempts"] = given["MaximumRetryAttempts"]
    if given.get("MaximumEventAgeInSeconds") is not None:
        changes["maximum_event_age_in_seconds"] = given["MaximumEventAgeInSeconds"]
    to = given.get("DestinationConfig")
    if to is not None:
        for key, field in (("OnSuccess", "on_success"), ("OnFailure", "on_failure")):
            if key in to:
                changes[field] = (to[key] or {}).get("Destination") or None
    return replace(before, **changes)


def _apply(region: Region, deployed: Deployed) -> None:
    configs = tuple(each.config for each in deployed.event_invokes.values())
    region.environments.update(
        deployed.name, "its EventInvokeConfig was set", further_event_invokes=configs
    )


def _found(call: Call) -> tuple[Region, Deployed, str, str, EventInvoke]:
    """Raises ResourceNotFound where there is none."""
    region, (name, asked) = call.region, call.region.named(call.given)
    qualifier = asked or LATEST
    deployed = region.functions.get(name)
    found = None if deployed is None else deployed.event_invokes.get(qualifier)
    if deployed is None or found is None:
        arn = region.place.arn(name, qualifier)
        raise missing(f"The function {arn} doesn't have an EventInvokeConfig")
    return region, deployed, name, qualifier, found


def _shown(region: Region, name: str, qualifier: str, found: EventInvoke) -> dict[str, Any]:
    config = found.config
    return {
        "FunctionArn": region.place.arn(name, qualifier),
        "LastModified": found.modified,
        "MaximumRetryAttempts": config.maximum_retry_attempts,
        "MaximumEventAgeInSeconds": config.maximum_event_age_in_seconds,
        "DestinationConfig": {
            "OnSuccess": _to(config.on_success),
            "OnFailure": _to(config.on_failure),
        },
    }


def _to(arn: str | None) -> dict[str, str]:
    return {} if arn is None else {"Destination": arn}


OPERATIONS: dict[str, Handler] = {
    "PutFunctionEventInvokeConfig": put_function_event_invoke_config,
    "UpdateFunctionEventInvokeConfig": update_function_event_invoke_config,
    "GetFunctionEventInvokeConfig": get_function_event_invoke_config,
    "DeleteFunctionEventInvokeConfig": delete_function_event_invoke_config,
    "ListFunctionEventInvokeConfigs": list_function_event_invoke_configs,
}
