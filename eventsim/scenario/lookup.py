"""
Looking around in the plain values of a scenario, whatever shape they have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticCustomError

from eventsim import registry
from eventsim.errors import UnknownPlugin
from eventsim.rules.arns import ACCOUNT, REGION, arn, service_of
from eventsim.rules.function_names import Place
from eventsim.scenario.problem import Path, Problem, meant
from eventsim.scenario.values import resource_name

T = TypeVar("T")

_UNFIT = {
    "MAPPING": "which no mapping reads",
    "open_bucket": "not a bucket",
    "open_bus": "not a bus",
    "open_queue": "not a queue",
    "open_topic": "not a topic",
    "open_fronts": "to which no requests come",
    "open_stream": "onto which no records are put",
}


class Target(NamedTuple):
    """The resource that a text means, and the part of it: nothing for the whole of it."""

    resource: str
    part: str = ""

    @property
    def key(self) -> str:
        """The target as a plain name: ``orders``, ``orders/fast`` for its consumer."""
        return f"{self.resource}/{self.part}" if self.part else self.resource


def items(block: Any, key: str) -> Iterator[tuple[str, Any]]:
    """The items of a mapping in a mapping, if that is what they are."""
    inner = block.get(key) if isinstance(block, dict) else None
    if isinstance(inner, dict):
        yield from ((name, value) for name, value in inner.items() if isinstance(name, str))


def read(reader: Callable[[Any], T], value: Any) -> T | None:
    """A value as *reader* reads it; None where there is none, or one that is told elsewhere."""
    try:
        return None if value is None else reader(value)
    except PydanticCustomError:
        return None


def resource_types(root: Any) -> dict[str, str]:
    """The types of the resources that have one, by their names."""
    return {
        name: block["type"]
        for name, block in items(root, "resources")
        if isinstance(block, dict) and isinstance(block.get("type"), str)
    }


def resource_settings(model: type[BaseModel], block: dict[str, Any]) -> dict[str, Any]:
    """What a resource's own model is given: without the type, unless it has a field for it."""
    if "type" in model.model_fields:
        return block
    return {key: item for key, item in block.items() if key != "type"}


def target(text: str, types: dict[str, str]) -> Target:
    """The resource that a name or an ARN means, among resources of these *types*.

    A source's module may have a function ``stream_name``: of a text that names a part of a
    resource (``orders/consumer/fast``, or its ARN) it returns the name of the resource and
    of the part, nothing for the whole; of any other text, None as the part.
    """
    for kind in sorted(set(types.values())):
        stream_name = getattr(source_of(kind), "stream_name", None)
        name, part = stream_name(text) if stream_name else (text, None)
        if part is not None:
            return Target(name, part)
    return Target(resource_name(text))


def resource_problems(
    path: Path, text: str, root: dict[str, Any], wants: str | None = None
) -> Iterator[Problem]:
    """A name is that of a resource whose source has what is wanted of it; an ARN is one of its
    service, account and region besides.
    """
    types = resource_types(root)
    known = dict(items(root, "resources"))
    name = target(text, types).resource
    if name not in known:
        yield no_resource(path, name, known)
    elif wants is not None:
        yield from _unfit(path, name, known[name], wants)
    parts = text.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn":
        return
    service, kind = parts[2], types.get(name, "")
    ours = root.get("region", REGION), root.get("account", ACCOUNT)
    theirs = parts[3] or ours[0], parts[4] or ours[1]  # a bucket's ARN has neither
    if theirs != ours:
        text = f" is in {theirs[0]}, account {theirs[1]}"
        yield Problem(path, f"{text}; the scenario is in {ours[0]}, account {ours[1]}")
    elif kind in registry.names("sources") and service != service_name(kind):
        yield Problem(path, f" is an ARN of {service}, but {name} is {kind}")


def service_name(kind: str) -> str:
    """What the service of a type of resource is called in ARNs."""
    return str(getattr(source_of(kind), "ARN_SERVICE", kind))


def sent_to_arn(text: str, root: dict[str, Any]) -> str:
    """The ARN that a text means: a resource's, a function's by its name, or itself."""
    place, types = place_of(root), resource_types(root)
    name = target(text, types).resource
    if name in types and service_of(text) != "lambda":
        service = service_name(types[name])
        resource = f"event-bus/{name}" if service == "events" else name
        return arn(service, place.region, place.account, resource)
    if ":" not in text and text in dict(items(root, "functions")):
        return place.arn(text)
    return text


def values_at(block: Any, keys: tuple[str, ...], path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every text below *keys*, through lists, with its path; ``*`` is any key."""
    if isinstance(block, list | tuple):
        for index, item in enumerate(block):
            yield from values_at(item, keys, (*path, index))
    elif isinstance(block, dict) and keys:
        for key in block if keys[0] == "*" else keys[:1]:
            yield from values_at(block.get(key), keys[1:], (*path, key))
    elif isinstance(block, str) and block and not keys:
        yield path, block


def place_of(root: dict[str, Any]) -> Place:
    """The region and the account of the scenario."""
    region, account = root.get("region"), root.get("account")
    return Place(
        region if isinstance(region, str) else REGION,
        account if isinstance(account, str) else ACCOUNT,
    )


def _unfit(path: Path, name: str, resource: Any, wants: str) -> Iterator[Problem]:
    """The resource is of a type that cannot be used so; told with the types that can."""
    module = source_of(resource.get("type")) if isinstance(resource, dict) else None
    if module is None or hasattr(module, wants):
        return
    types = registry.names("sources")
    fit = [each for each in types if hasattr(registry.load("sources", each), wants)]
    why = _UNFIT.get(wants, f"has no {wants}")
    there = f"there are: {', '.join(fit)}" if fit else "there are none"
    yield Problem(path, f" is '{name}', of type {resource['type']}, {why}; {there}")


def no_resource(path: Path, name: str, known: dict[str, Any]) -> Problem:
    """There is no resource of that name."""
    return Problem(path, f" is '{name}', which is no resource of the scenario{meant(name, known)}")


def source_of(kind: Any) -> ModuleType | None:
    """The module of a type of resource; None where there is none, which is told at the type."""
    try:
        return registry.load("sources", kind, ["Resource"]) if isinstance(kind, str) else None
    except UnknownPlugin:
        return None


def settings_of(name: str, root: Any) -> BaseModel | None:
    """The resource *name* as its source reads it; None where it cannot, which is told there."""
    block = dict(items(root, "resources")).get(name)
    module = source_of(block.get("type")) if isinstance(block, dict) else None
    if module is None or not isinstance(block, dict):
        return None
    model: type[BaseModel] = module.Resource
    try:
        return model.model_validate(resource_settings(model, block))
    except ValidationError:
        return None
