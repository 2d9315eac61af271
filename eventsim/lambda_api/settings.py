"""
A function's configuration as the API has it, and what of it makes a function of ours.

Kept and shown, and without effect: TracingConfig, VpcConfig, KMSKeyArn, EphemeralStorage,
SnapStart. What would have an effect that is not simulated is refused.

https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from eventsim.errors import InvokeError
from eventsim.lambda_api.deployed import Version
from eventsim.lambda_api.refusing import coded, invalid, not_here, of_refusal
from eventsim.rules.event_invoke import dead_letter_refusals
from eventsim.rules.function_settings import environment_refusals
from eventsim.types import Function

MEMORY_SIZE_MAX = 10_240
TIMEOUT_MAX = 900
KEPT = (
    *("Description", "Timeout", "MemorySize", "Runtime", "Handler", "Role", "Environment"),
    *("DeadLetterConfig", "TracingConfig", "VpcConfig", "KMSKeyArn", "EphemeralStorage"),
    *("SnapStart", "LoggingConfig"),
)
_REFUSED = (
    *("FileSystemConfigs", "ImageConfig", "TenancyConfig", "CapacityProviderConfig"),
    *("DurableConfig", "CodeSigningConfigArn", "PublishTo"),
)
_RUN_IN = {"python": "python", "nodejs": "node", "provided": "bootstrap"}
_DEFAULTS: dict[str, Any] = {
    "Description": "",
    "Timeout": 3,
    "MemorySize": 128,
    "TracingConfig": {"Mode": "PassThrough"},
    "EphemeralStorage": {"Size": 512},
}


def created(given: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration of a new function.

    Raises InvokeError for what Lambda refuses, and for what is not simulated.
    """
    if given.get("PackageType", "Zip") != "Zip":
        raise not_here(f"PackageType {given['PackageType']}")
    for key in ("Runtime", "Handler"):
        if not given.get(key):
            raise invalid(f"{key} is mandatory for functions created with deployment packages")
    architectures = given.get("Architectures") or ["x86_64"]
    begun = {**_DEFAULTS, "PackageType": "Zip", "Architectures": list(architectures)}
    return changed(begun, given)


def changed(before: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration after a request, checked as a whole. Raises InvokeError."""
    for name in _REFUSED:
        if given.get(name):
            raise not_here(name)
    after = {**before, **{name: given[name] for name in KEPT if name in given}}
    for name in ("DeadLetterConfig", "VpcConfig", "Environment"):
        if not any((after.get(name) or {}).values()):
            after.pop(name, None)  # an empty one takes it away
    if not after.get("KMSKeyArn"):
        after.pop("KMSKeyArn", None)
    _check(after)
    return after


def _check(configuration: Mapping[str, Any]) -> None:
    run_in(configuration["Runtime"])
    variables = (configuration.get("Environment") or {}).get("Variables") or {}
    target = (configuration.get("DeadLetterConfig") or {}).get("TargetArn")
    for found in (*environment_refusals(variables), *dead_letter_refusals(target)):
        raise of_refusal(found)
    for name, most in (("memorySize", MEMORY_SIZE_MAX), ("timeout", TIMEOUT_MAX)):
        value = configuration[name[0].upper() + name[1:]]
        if value > most:
            raise coded(
                "ValidationException",
                f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy "
                f"constraint: Member must have value less than or equal to {most}",
            )
    if (configuration.get("LoggingConfig") or {}).get("LogFormat", "Text") != "Text":
        raise not_here("LoggingConfig with LogFormat JSON")
    if (configuration.get("SnapStart") or {}).get("ApplyOn", "None") != "None":
        raise not_here("SnapStart")


def run_in(runtime: str) -> str:
    """What of ours runs a Lambda runtime. Raises InvokeError where nothing does."""
    for begins, ours in _RUN_IN.items():
        if runtime.startswith(begins):
            return ours
    raise _no_runtime(runtime)


def _no_runtime(runtime: str) -> InvokeError:
    return invalid(
        f"Runtime {runtime} is not run by eventsim; there are: python, nodejs and provided, "
        "of any version"
    )


def function_of(name: str, version: Version) -> Function:
    """The function that a version describes."""
    configuration, package = version.configuration, version.package
    variables = (configuration.get("Environment") or {}).get("Variables") or {}
    logging = configuration.get("LoggingConfig") or {}
    shown = {key: configuration.get(key) for key in (*KEPT, "Architectures")}
    layers = [layer.package for layer in version.layers]
    return Function(
        name,
        configuration["Handler"],
        package.folder,
        timeout=configuration["Timeout"],
        memory_size=configuration["MemorySize"],
        environment=tuple(variables.items()),
        runtime=configuration["Runtime"],
        run_in=run_in(configuration["Runtime"]),
        architecture=configuration["Architectures"][0],
        in_vpc="VpcConfig" in configuration,
        description=configuration["Description"],
        dead_letter=(configuration.get("DeadLetterConfig") or {}).get("TargetArn"),
        log_group=logging.get("LogGroup") or "",
        layers=tuple(layer.folder for layer in layers),
        fingerprint=json.dumps(shown, sort_keys=True) + package.sha256,
    )


def of_scenario(function: Function) -> dict[str, Any]:
    """The configuration of a function that a scenario describes."""
    handler = function.handler
    text = handler if isinstance(handler, str) else getattr(handler, "__name__", "handler")
    found: dict[str, Any] = {
        **_DEFAULTS,
        "PackageType": "Zip",
        "Architectures": [function.architecture],
        "Description": function.description,
        "Timeout": function.timeout,
        "MemorySize": function.memory_size,
        "Handler": text,
        "Role": function.role or "",
    }
    if function.runtime is not None:
        found["Runtime"] = function.runtime
    if function.environment:
        found["Environment"] = {"Variables": dict(function.environment)}
    if function.dead_letter is not None:
        found["DeadLetterConfig"] = {"TargetArn": function.dead_letter}
    return found


def shown(name: str, arn: str, number: str, version: Version) -> dict[str, Any]:
    """FunctionConfiguration as it is answered."""
    configuration, package = version.configuration, version.package
    found = dict(configuration)
    if version.layers:
        found["Layers"] = [
            {"Arn": layer.arn, "CodeSize": layer.package.size} for layer in version.layers
        ]
    logging = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"}
    found["LoggingConfig"] = {**logging, **(configuration.get("LoggingConfig") or {})}
    found["SnapStart"] = {"ApplyOn": "None", "OptimizationStatus": "Off"}
    if "VpcConfig" in found:
        asked = cast("dict[str, Any]", found["VpcConfig"])
        found["VpcConfig"] = {"SubnetIds": [], "SecurityGroupIds": [], "VpcId": "", **asked}
    return {
        **found,
        "FunctionName": name,
        "FunctionArn": arn,
        "Version": number,
        "CodeSha256": package.sha256,
        "CodeSize": package.size,
    }
