"""
Where a function must agree with its profile, its account and Lambda's rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from eventsim.errors import InvokeError, ValidationFailed
from eventsim.rules.aliases import check_name
from eventsim.rules.concurrency import (
    CONCURRENT_EXECUTIONS,
    check_provisioned,
    check_reservation,
)
from eventsim.rules.function_settings import (
    environment_refusals,
    package_refusal,
    profile_refusals,
)
from eventsim.rules.mapping_errors import Refusal
from eventsim.rules.profiles import PROFILES, Profile
from eventsim.scenario import run_in
from eventsim.scenario.event_checks import function_event_problems
from eventsim.scenario.function import UPDATABLE, FunctionBlock, updated
from eventsim.scenario.lookup import items
from eventsim.scenario.problem import Path, Problem, meant, problems_of


def function_problems(root: dict[str, Any]) -> Iterator[Problem]:
    """Everything that does not agree in the functions of the scenario."""
    profile = _profile(root)
    for name, block in items(root, "functions"):
        if isinstance(block, dict):
            yield from _settings(("functions", name), block, profile)
            yield from _published(("functions", name), block)
            yield from _named(("functions", name), name, block)
    yield from _reservations(root)


def alias_problems(path: Path, text: Any, functions: list[str]) -> Iterator[Problem]:
    """A text is that of a function of the scenario and an alias, which need not be there yet."""
    if not isinstance(text, str) or not text:
        return
    name, colon, alias = text.partition(":")
    if not colon or not alias:
        yield Problem(path, f" is '{text}'; write function:alias, such as {name}:live")
    elif name not in functions:
        known = meant(name, functions)
        yield Problem(path, f" is '{text}', and there is no function '{name}'{known}")
    else:
        try:
            check_name(alias)
        except ValidationFailed as error:
            yield Problem(path, f": {error}")


def update_problems(path: Path, properties: Any, name: str, root: Any) -> Iterator[Problem]:
    """Properties are those of a function, and ones that an update may change."""
    if not isinstance(properties, dict):
        return
    known = {field.alias or key for key, field in FunctionBlock.model_fields.items()}
    for key in properties:
        if key in known and key not in UPDATABLE:
            text = f"'{key}' of a function cannot be updated; there are: {', '.join(UPDATABLE)}"
            yield Problem((*path, key), text, at_key=True)
    try:
        updated(
            {key: value for key, value in properties.items() if key not in known - {*UPDATABLE}}
        )
    except ValidationError as error:
        yield from problems_of(error, path)
    yield from _settings(path, properties, _profile(root))
    yield from function_event_problems(path, properties, name, root)
    runtime = properties.get("Runtime")
    yield from run_in.update_problems(
        (*path, "Runtime"), runtime, dict(items(root, "functions")).get(name)
    )


def _profile(root: Any) -> Profile:
    name = root.get("profile", "today") if isinstance(root, dict) else "today"
    return PROFILES["2017" if str(name) == "2017" else "today"]


def _settings(path: Path, block: Mapping[str, Any], profile: Profile) -> Iterator[Problem]:
    memory, timeout = _whole(block.get("MemorySize")), _whole(block.get("Timeout"))
    for refusal in profile_refusals(memory, timeout, profile):
        yield _refused(path, refusal)
    environment = block.get("Environment")
    variables = environment.get("Variables") if isinstance(environment, dict) else None
    if isinstance(variables, dict):
        texts = {k: v for k, v in variables.items() if isinstance(k, str) and isinstance(v, str)}
        for refusal in environment_refusals(texts):
            yield _refused(path, refusal)
    too_large = package_refusal(zipped_bytes=_whole(block.get("package_bytes")) or 0)
    if too_large is not None:
        yield Problem((*path, "package_bytes"), f": {too_large.text}")


def _published(path: Path, block: Mapping[str, Any]) -> Iterator[Problem]:
    provisioned = _provisioned(block)
    if provisioned is None:
        return
    place = (*path, "ProvisionedConcurrencyConfig")
    if "AutoPublishAlias" not in block:
        yield Problem(place, " needs an alias to be for; write AutoPublishAlias: live besides")
    reserved = _whole(block.get("ReservedConcurrentExecutions"))
    try:
        check_provisioned(reserved, provisioned)
    except InvokeError as error:
        yield Problem((*place, "ProvisionedConcurrentExecutions"), f": {error}")


def _named(path: Path, key: str, block: Mapping[str, Any]) -> Iterator[Problem]:
    """A function is called by its key: everything else in the scenario names it so."""
    name = block.get("FunctionName")
    if isinstance(name, str) and name and name != key:
        text = f" is '{name}', and the function is called by its key; write {name}: for {key}:"
        yield Problem((*path, "FunctionName"), text)


def _reservations(root: dict[str, Any]) -> Iterator[Problem]:
    """What is reserved leaves enough of the account's concurrency to the others."""
    account = _whole(root.get("concurrent_executions")) or CONCURRENT_EXECUTIONS
    reserved: dict[str, int] = {}
    for name, block in items(root, "functions"):
        number = (
            _whole(block.get("ReservedConcurrentExecutions")) if isinstance(block, dict) else None
        )
        if number is None:
            continue
        try:
            check_reservation(account, reserved, name, number)
        except InvokeError as error:
            yield Problem(("functions", name, "ReservedConcurrentExecutions"), f": {error}")
        reserved[name] = number


def _provisioned(block: Mapping[str, Any]) -> int | None:
    config = block.get("ProvisionedConcurrencyConfig")
    number = config.get("ProvisionedConcurrentExecutions") if isinstance(config, dict) else None
    return _whole(number)


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _refused(path: Path, refusal: Refusal) -> Problem:
    return Problem((*path, refusal.field, *refusal.path), f": {refusal.text}")
