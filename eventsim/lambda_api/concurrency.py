"""
Reserved and provisioned concurrency.

https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionConcurrency.html
https://docs.aws.amazon.com/lambda/latest/api/API_PutProvisionedConcurrencyConfig.html
"""

from __future__ import annotations

from typing import Any

from eventsim.errors import InvokeError
from eventsim.lambda_api.deployed import Provisioned
from eventsim.lambda_api.refusing import Pages, coded, invalid
from eventsim.lambda_api.region import Call, Handler, Region
from eventsim.rules.function_names import LATEST

_ONLY_FUNCTIONS = (
    "This operation is permitted on Lambda functions only. Aliases and versions do not support "
    "this operation. Please specify either a function name or an unqualified function ARN."
)


async def put_function_concurrency(call: Call) -> dict[str, Any]:
    name = _function(call)
    call.region.changeable(name)
    number = call.given["ReservedConcurrentExecutions"]
    call.region.environments.concurrency.reserve(name, number)
    return {"ReservedConcurrentExecutions": number}


async def get_function_concurrency(call: Call) -> dict[str, Any]:
    name = _function(call)
    call.region.deployed(name)
    reserved = call.region.environments.concurrency.reserved(name)
    return {"ReservedConcurrentExecutions": reserved}


async def delete_function_concurrency(call: Call) -> dict[str, Any]:
    name = _function(call)
    call.region.changeable(name)
    call.region.environments.concurrency.reserve(name, None)
    return {}


async def put_provisioned_concurrency_config(call: Call) -> dict[str, Any]:
    region, (name, qualifier) = call.region, call.region.named(call.given)
    deployed = region.changeable(name)
    number = call.given["ProvisionedConcurrentExecutions"]
    if qualifier in (None, LATEST):
        raise invalid(
            "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
        )
    assert qualifier is not None
    version, _ = region.version(name, qualifier)
    if version == LATEST:
        raise invalid("Alias with $LATEST cannot have provisioned concurrency.")
    had = region.environments.provisioned(name, qualifier)
    more = number - (had[0] if had else 0)
    concurrency = region.environments.concurrency
    concurrency.provision(name, more)  # refused here, and not in the background
    concurrency.provision(name, -more)
    made = deployed.provisioned[qualifier] = Provisioned(number, region.now())

    async def provide() -> None:
        await region.environments.provision(name, qualifier, number)
        made.failed = region.environments.provisioned(name, qualifier) is None

    region.ground.start_soon(provide)
    return _shown(made, (number, 0))


async def get_provisioned_concurrency_config(call: Call) -> dict[str, Any]:
    region, name, qualifier = _published(call)
    made = region.deployed(name).provisioned.get(qualifier)
    if made is None:
        raise _no_config()
    have = region.environments.provisioned(name, qualifier)
    return _shown(made, have)


async def delete_provisioned_concurrency_config(call: Call) -> dict[str, Any]:
    region, name, qualifier = _published(call)
    region.changeable(name).provisioned.pop(qualifier, None)
    region.environments.unprovision(name, qualifier)
    return {}


async def list_provisioned_concurrency_configs(call: Call) -> dict[str, Any]:
    region, name = call.region, call.region.named(call.given).name
    made = region.deployed(name).provisioned
    qualifiers, marker = Pages(call.given).cut(sorted(made), str)
    found = []
    for qualifier in qualifiers:
        have = region.environments.provisioned(name, qualifier)
        arn = region.place.arn(name, qualifier)
        found.append({"FunctionArn": arn, **_shown(made[qualifier], have)})
    return {"ProvisionedConcurrencyConfigs": found, "NextMarker": marker}


def _function(call: Call) -> str:
    name, qualifier = call.region.named(call.given)
    if qualifier is not None:
        raise invalid(_ONLY_FUNCTIONS)
    return name


def _published(call: Call) -> tuple[Region, str, str]:
    region, (name, qualifier) = call.region, call.region.named(call.given)
    region.deployed(name)
    if qualifier is None or qualifier == LATEST:
        raise invalid("The function resource provided must be an alias or a published version.")
    region.version(name, qualifier)
    return region, name, qualifier


def _no_config() -> InvokeError:
    text = "No Provisioned Concurrency Config found for this function"
    return coded("ProvisionedConcurrencyConfigNotFoundException", text, 404)


def _shown(made: Provisioned, have: tuple[int, int] | None) -> dict[str, Any]:
    available = have[1] if have else 0
    status = "READY" if available == made.requested else "IN_PROGRESS"
    return {
        "RequestedProvisionedConcurrentExecutions": made.requested,
        "AvailableProvisionedConcurrentExecutions": available,
        "AllocatedProvisionedConcurrentExecutions": available,
        "Status": "FAILED" if made.failed else status,
        "StatusReason": "FUNCTION_ERROR_INIT_FAILURE" if made.failed else None,
        "LastModified": made.modified,
    }


OPERATIONS: dict[str, Handler] = {
    "PutFunctionConcurrency": put_function_concurrency,
    "GetFunctionConcurrency": get_function_concurrency,
    "DeleteFunctionConcurrency": delete_function_concurrency,
    "PutProvisionedConcurrencyConfig": put_provisioned_concurrency_config,
    "GetProvisionedConcurrencyConfig": get_provisioned_concurrency_config,
    "DeleteProvisionedConcurrencyConfig": delete_provisioned_concurrency_config,
    "ListProvisionedConcurrencyConfigs": list_provisioned_concurrency_configs,
}
