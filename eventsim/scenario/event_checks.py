"""
Where a function's asynchronous invocation must agree with the scenario and with Lambda's rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from eventsim.rules.arns import service_of
from eventsim.rules.event_invoke import dead_letter_refusals, nothing, refusals
from eventsim.scenario.event_invoke import SERVICES
from eventsim.scenario.lookup import items, resource_problems, resource_types, sent_to_arn, target
from eventsim.scenario.problem import Path, Problem, meant
from eventsim.types import EventInvokeConfig

_SETTINGS = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")


def event_problems(root: dict[str, Any]) -> Iterator[Problem]:
    """Everything that does not agree in the asynchronous invocation of the functions."""
    for name, block in items(root, "functions"):
        if isinstance(block, dict):
            yield from function_event_problems(("functions", name), block, name, root)


def function_event_problems(
    path: Path, block: dict[str, Any], name: str, root: dict[str, Any]
) -> Iterator[Problem]:
    """Those of *name*, whose properties, or what an update has of them, are *block*."""
    if isinstance(queue := block.get("DeadLetterQueue"), dict):
        yield from _dead_letter((*path, "DeadLetterQueue"), queue, root)
    if isinstance(config := block.get("EventInvokeConfig"), dict):
        yield from _config((*path, "EventInvokeConfig"), config, name, root)


def _dead_letter(path: Path, queue: dict[str, Any], root: dict[str, Any]) -> Iterator[Problem]:
    text = queue.get("TargetArn")
    if not isinstance(text, str) or not text:
        return
    place = (*path, "TargetArn")
    found = list(resource_problems(place, text, root))
    yield from found
    if found:
        return
    arn = sent_to_arn(text, root)
    wrong = list(dead_letter_refusals(arn))
    yield from (Problem(place, f": {refusal.text}") for refusal in wrong)
    if not wrong:
        yield from _type((*path, "Type"), queue.get("Type"), arn, "its target")


def _config(
    path: Path, config: dict[str, Any], function: str, root: dict[str, Any]
) -> Iterator[Problem]:
    if not any(key in config for key in _SETTINGS):
        yield Problem(path, f": {nothing().text}")
        return
    arns: dict[str, str] = {}
    for key, destination in items(config, "DestinationConfig"):
        text = destination.get("Destination") if isinstance(destination, dict) else None
        if isinstance(text, str) and text:
            place = (*path, "DestinationConfig", key)
            found = list(_destination((*place, "Destination"), text, root))
            yield from found
            if not found:
                arns[key] = sent_to_arn(text, root)
                yield from _type((*place, "Type"), destination.get("Type"), arns[key])
    default = EventInvokeConfig()
    value = EventInvokeConfig(
        _whole(config.get("MaximumRetryAttempts"), default.maximum_retry_attempts),
        _whole(config.get("MaximumEventAgeInSeconds"), default.maximum_event_age_in_seconds),
        arns.get("OnSuccess"),
        arns.get("OnFailure"),
    )
    known = {sent_to_arn(name, root) for name, _ in items(root, "functions")}

    def exists(arn: str) -> bool:
        return ":".join(arn.split(":")[:7]) in known

    for refusal in refusals(value, sent_to_arn(function, root), exists):
        yield Problem((*path, refusal.field, *refusal.path), f": {refusal.text}")


def _destination(path: Path, text: str, root: dict[str, Any]) -> Iterator[Problem]:
    """The text is that of a resource or of a function; what is right of an ARN, Lambda says."""
    types, functions = resource_types(root), dict(items(root, "functions"))
    if service_of(text) == "lambda" or (text in functions and text not in types):
        return
    name = target(text, types).resource
    resources = dict(items(root, "resources"))
    if service_of(text) and name not in resources and service_of(text) not in SERVICES.values():
        return
    if name not in resources:
        hint = meant(name, [*resources, *functions])
        yield Problem(path, f" is '{text}', which is no resource and no function{hint}")
        return
    yield from resource_problems(path, text, root)


def _type(path: Path, given: Any, arn: str, whose: str = "its destination") -> Iterator[Problem]:
    """The type that SAM has beside an ARN is that of its service."""
    service = service_of(arn)
    if isinstance(given, str) and SERVICES.get(given, service) != service:
        right = next((name for name, each in SERVICES.items() if each == service), "")
        yield Problem(path, f" is '{given}', but {whose} is {service}; write {right}")


def _whole(value: Any, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else default
