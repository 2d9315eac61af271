"""
Tags, recursion, runtime management, and what an account may have.

https://docs.aws.amazon.com/lambda/latest/api/API_GetAccountSettings.html
https://docs.aws.amazon.com/lambda/latest/api/API_TagResource.html
"""

from __future__ import annotations

from typing import Any

from eventsim.lambda_api.deployed import Deployed
from eventsim.lambda_api.refusing import invalid, missing
from eventsim.lambda_api.region import Call, Handler
from eventsim.rules.function_names import LATEST
from eventsim.rules.limits import PACKAGE_BYTES_MAX, UNZIPPED_BYTES_MAX

CODE_BYTES_MAX = 80_530_636_800
TAGS_MAX = 50


async def get_account_settings(call: Call) -> dict[str, Any]:
    region = call.region
    packages = [each for one in region.functions.values() for each in one.packages()]
    concurrency = region.environments.concurrency
    return {
        "AccountLimit": {
            "TotalCodeSize": CODE_BYTES_MAX,
            "CodeSizeUnzipped": UNZIPPED_BYTES_MAX,
            "CodeSizeZipped": PACKAGE_BYTES_MAX,
            "ConcurrentExecutions": concurrency.account,
            "UnreservedConcurrentExecutions": concurrency.unreserved,
        },
        "AccountUsage": {
            "TotalCodeSize": sum(each.size for each in packages),
            "FunctionCount": len(region.functions),
        },
    }


async def list_tags(call: Call) -> dict[str, Any]:
    return {"Tags": _tagged(call)}


async def tag_resource(call: Call) -> dict[str, Any]:
    tags = _tagged(call)
    after = {**tags, **call.given["Tags"]}
    if len(after) > TAGS_MAX:
        raise invalid(f"Number of tags exceeds resource tag limit of {TAGS_MAX}.")
    tags.update(after)
    return {}


async def untag_resource(call: Call) -> dict[str, Any]:
    tags = _tagged(call)
    for key in call.given["TagKeys"]:
        tags.pop(key, None)
    return {}


def _tagged(call: Call) -> dict[str, str]:
    """The tags of a function or of an event source mapping, by its ARN. Raises InvokeError."""
    region, arn = call.region, call.given["Resource"]
    parts = arn.split(":")
    if len(parts) == 7 and parts[5] == "event-source-mapping":
        if parts[6] not in region.mappings.by_uuid:
            raise missing(f"The resource you requested does not exist: {arn}")
        tags: dict[str, str] = region.mappings.by_uuid[parts[6]].tags
        return tags
    name, qualifier = region.named({"FunctionName": arn})
    if qualifier is not None:
        text = "Tags on function aliases and versions are not supported. Please specify a function"
        raise invalid(f"{text} ARN.")
    return region.deployed(name).tags


async def put_function_recursion_config(call: Call) -> dict[str, Any]:
    deployed = _unqualified(call, change=True)
    loop = call.given["RecursiveLoop"]
    call.region.environments.update(deployed.name, "its recursion was set", recursive_loop=loop)
    deployed.recursive_loop = loop
    return {"RecursiveLoop": loop}


async def get_function_recursion_config(call: Call) -> dict[str, Any]:
    deployed = _unqualified(call)
    return {
        "RecursiveLoop": call.region.environments.functions.latest(deployed.name).recursive_loop
    }


async def get_runtime_management_config(call: Call) -> dict[str, Any]:
    region, (name, qualifier) = call.region, call.region.named(call.given)
    region.version(name, qualifier)
    arn = region.place.arn(name, qualifier or LATEST)
    return {"UpdateRuntimeOn": "Auto", "FunctionArn": arn}


async def get_function_code_signing_config(call: Call) -> dict[str, Any]:
    """No function has one, since CreateFunction takes none."""
    return {"FunctionName": _unqualified(call).name, "CodeSigningConfigArn": ""}


def _unqualified(call: Call, change: bool = False) -> Deployed:
    name, qualifier = call.region.named(call.given)
    if qualifier is not None:
        raise invalid(f"An unqualified function is wanted, not {call.given['FunctionName']}")
    return call.region.changeable(name) if change else call.region.deployed(name)


OPERATIONS: dict[str, Handler] = {
    "GetAccountSettings": get_account_settings,
    "ListTags": list_tags,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
    "PutFunctionRecursionConfig": put_function_recursion_config,
    "GetFunctionRecursionConfig": get_function_recursion_config,
    "GetRuntimeManagementConfig": get_runtime_management_config,
    "GetFunctionCodeSigningConfig": get_function_code_signing_config,
}
