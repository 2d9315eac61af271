"""
Where the parts of a scenario must agree with each other, with Lambda's rules and with the disk.

These checks read the plain values of the document and pass over whatever has the wrong shape,
so that they find everything even in a scenario that has other faults.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path as FilePath
from types import ModuleType
from typing import Any, NamedTuple, TypeVar, cast

from pydantic_core import PydanticCustomError

from eventsim import registry
from eventsim.errors import RecordingError, UnknownPlugin
from eventsim.rules.mapping import Refusal, already_exists, refusals
from eventsim.scenario.document import Document
from eventsim.scenario.function import mapping_events, not_simulated
from eventsim.scenario.problem import Path, Problem, meant
from eventsim.scenario.project import inside
from eventsim.scenario.values import moment, named, resource_name, seconds, timestamp
from eventsim.types import EventSourceMapping, StartingPosition

T = TypeVar("T")

_SETTINGS = {
    "BatchSize": "batch_size",
    "MaximumBatchingWindowInSeconds": "maximum_batching_window_in_seconds",
    "MaximumRetryAttempts": "maximum_retry_attempts",
}
_UNFIT = {
    "MAPPING": "which no mapping reads",
    "open_queue": "not a queue",
    "open_stream": "onto which no records are put",
}


class _Mapping(NamedTuple):
    """An event of a function, as it stands in the document."""

    path: Path
    function: str
    name: str
    type: Any
    properties: dict[str, Any]


def problems(document: Document, folder: FilePath, project: FilePath) -> Iterator[Problem]:
    """Everything that does not agree in *document*, whose paths start from *folder*."""
    root = document.value
    yield from _references(document)
    yield from _resources(root)
    yield from _mappings(root)
    yield from _timeline(root, folder, project)
    for name, block in _items(root, "functions"):
        if isinstance(block, dict) and isinstance(block.get("CodeUri"), str):
            path = ("functions", name, "CodeUri")
            yield from _folder(path, block["CodeUri"], folder, project)


def _references(document: Document) -> Iterator[Problem]:
    known = dict(_items(document.value, "resources"))
    for reference in document.references:
        if reference.name not in known:
            yield _no_resource(reference.path, reference.name, known)
        elif reference.arn and "Environment" in reference.path:
            text = " is the ARN of a resource, which is not simulated yet here; write the ARN"
            yield Problem(reference.path, text)


def _resources(root: dict[str, Any]) -> Iterator[Problem]:
    """A resource that needs another names one of the right type."""
    for name, block in _items(root, "resources"):
        module = _source(block)
        for keys, opener in getattr(module, "REFERENCES", {}).items():
            for path, text in _values(block, keys):
                yield from _resource(("resources", name, *path), text, root, opener)


def _source(resource: Any) -> ModuleType | None:
    """The module of a resource's type; None where there is none, which is told at the type."""
    kind = resource.get("type") if isinstance(resource, dict) else None
    try:
        return registry.load("sources", kind, ["Resource"]) if isinstance(kind, str) else None
    except UnknownPlugin:
        return None


def _values(block: Any, keys: tuple[str, ...], path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every text below *keys*, through lists, with its path."""
    if isinstance(block, list | tuple):
        for index, item in enumerate(block):
            yield from _values(item, keys, (*path, index))
    elif isinstance(block, dict) and keys:
        yield from _values(block.get(keys[0]), keys[1:], (*path, keys[0]))
    elif isinstance(block, str) and block and not keys:
        yield path, block


def _mappings(root: dict[str, Any]) -> Iterator[Problem]:
    resources = dict(_items(root, "resources"))
    now = (_read(moment, root.get("start")) or datetime(2026, 1, 1, tzinfo=UTC)).timestamp()
    first: dict[tuple[str, str], str] = {}
    for mapping in _each_mapping(root):
        stream = mapping.properties.get("Stream")
        if isinstance(stream, str) and stream:
            path = (*mapping.path, "Properties", "Stream")
            yield from _resource(path, stream, root, "MAPPING")
            yield from _type(mapping, resources.get(resource_name(stream)))
            name = f"{mapping.function}.{mapping.name}"
            existing = first.setdefault((mapping.function, resource_name(stream)), name)
            if existing != name:
                refusal = already_exists(resource_name(stream), mapping.function, existing)
                yield _refused((*mapping.path, "Properties"), refusal)
        else:
            yield from _type(mapping, None)
        for refusal in refusals(_settings(mapping), now):
            yield _refused((*mapping.path, "Properties", refusal.field), refusal)


def _each_mapping(root: dict[str, Any]) -> Iterator[_Mapping]:
    for function, block in _items(root, "functions"):
        for name, event in _items(block, "Events"):
            properties = event.get("Properties") if isinstance(event, dict) else None
            if isinstance(properties, dict) and not _not_simulated(event.get("Type")):
                path = ("functions", function, "Events", name)
                yield _Mapping(path, function, name, event.get("Type"), properties)


def _not_simulated(event_type: Any) -> bool:
    return isinstance(event_type, str) and not_simulated(event_type)


def _type(mapping: _Mapping, resource: Any) -> Iterator[Problem]:
    """The event's type is one of a source, and of the source that its stream is of."""
    if not isinstance(mapping.type, str):
        return
    path, known = (*mapping.path, "Type"), mapping_events()
    kind = getattr(_source(resource), "MAPPING", None)
    wanted = kind.event if kind else None
    if wanted and mapping.type != wanted:
        text = f" is '{mapping.type}', but its stream is {resource['type']}; write {wanted}"
        yield Problem(path, text)
    elif not wanted and mapping.type not in known:
        yield Problem(
            path, f" is '{mapping.type}', which no source answers to{meant(mapping.type, known)}"
        )


def _settings(mapping: _Mapping) -> EventSourceMapping:
    """The mapping as far as its values have the right shape, defaults elsewhere."""
    given = mapping.properties
    numbers = {
        field: given[key]
        for key, field in _SETTINGS.items()
        if isinstance(given.get(key), int) and not isinstance(given[key], bool)
    }
    since = _read(timestamp, given.get("StartingPositionTimestamp"))
    position = given.get("StartingPosition")
    if not isinstance(position, str | None):
        position = "TRIM_HORIZON" if since is None else "AT_TIMESTAMP"
    return EventSourceMapping(
        name=mapping.name,
        source="",
        event_source_arn="",
        function_name=mapping.function,
        starting_position=cast(StartingPosition, position),
        starting_position_timestamp=since,
        **numbers,
    )


def _timeline(root: dict[str, Any], folder: FilePath, project: FilePath) -> Iterator[Problem]:
    steps = root.get("timeline")
    run_for = _read(seconds, root.get("run_for"))
    for index, step in enumerate(steps if isinstance(steps, list | tuple) else ()):
        if not isinstance(step, dict):
            continue
        path = ("timeline", index)
        at = _read(seconds, step.get("at"))
        if at is not None and run_for is not None and at > run_for:
            text = f" is {step['at']}, after the run has ended; run_for is {root['run_for']}"
            yield Problem((*path, "at"), text)
        yield from _step(path, step, root, folder, project)


def _step(
    path: Path, step: dict[str, Any], root: dict[str, Any], folder: FilePath, project: FilePath
) -> Iterator[Problem]:
    known = registry.names("steps")
    for verb in (key for key in map(str, step) if key in known or "." in key):
        try:
            model = registry.load("steps", verb, wants=["Step"]).Step
        except UnknownPlugin:
            continue  # told where the step is read
        for key in model.resource_keys:
            if isinstance(step.get(key), str) and step[key]:
                yield from _resource((*path, key), step[key], root, model.resource_opener)
        for key in model.shard_keys:
            if isinstance(step.get(key), str) and "/" in step[key]:
                name = step[key].rpartition("/")[0]
                yield from _resource((*path, key), name, root, "open_stream")
        for key in model.recording_keys:
            if isinstance(step.get(key), str) and step[key]:
                yield from _recording((*path, key), step[key], folder, project)


def _resource(
    path: Path, text: str, root: dict[str, Any], wants: str | None = None
) -> Iterator[Problem]:
    """A name is that of a resource whose source has what is wanted of it; an ARN is one of this
    account and region besides.
    """
    name, region, account = named(text)
    known = dict(_items(root, "resources"))
    if name not in known:
        yield _no_resource(path, name, known)
    elif wants is not None:
        yield from _unfit(path, name, known[name], wants)
    ours = root.get("region", "us-east-1"), root.get("account", "123456789012")
    if region is not None and (region, account) not in (ours, ("", "")):  # as in a bucket's ARN
        text = (
            f" is in {region}, account {account}; the scenario is in {ours[0]}, account {ours[1]}"
        )
        yield Problem(path, text)


def _unfit(path: Path, name: str, resource: Any, wants: str) -> Iterator[Problem]:
    """The resource is of a type that cannot be used so; told with the types that can."""
    module = _source(resource)
    if module is None or hasattr(module, wants):
        return
    types = registry.names("sources")
    fit = [each for each in types if hasattr(registry.load("sources", each), wants)]
    why = _UNFIT.get(wants, f"has no {wants}")
    there = f"there are: {', '.join(fit)}" if fit else "there are none"
    yield Problem(path, f" is '{name}', of type {resource['type']}, {why}; {there}")


def _recording(path: Path, text: str, folder: FilePath, project: FilePath) -> Iterator[Problem]:
    try:
        file = inside(text, folder, project)
        if not file.is_file():
            raise ValueError("is not there" if not file.exists() else "is not a file")
        registry.load("recordings", "jsonl").check_header(file)
    except ValueError as error:
        yield Problem(path, f" is '{text}', which {error}")
    except OSError as error:
        yield Problem(path, f" is '{text}', which cannot be read: {error.strerror}")
    except RecordingError as error:
        yield Problem(path, f" is '{text}': {str(error).removeprefix(f'{file}').lstrip(':')}")


def _folder(path: Path, text: str, folder: FilePath, project: FilePath) -> Iterator[Problem]:
    try:
        code = inside(text, folder, project) if text else folder
        if not code.is_dir():
            raise ValueError("is not there" if not code.exists() else "is not a folder")
    except (ValueError, OSError) as error:
        yield Problem(path, f" is '{text}', which {error}")


def _no_resource(path: Path, name: str, known: dict[str, Any]) -> Problem:
    return Problem(path, f" is '{name}', which is no resource of the scenario{meant(name, known)}")


def _refused(path: Path, refusal: Refusal) -> Problem:
    return Problem(path, f": {refusal.code}: {refusal.message}")


def _items(block: Any, key: str) -> Iterator[tuple[str, Any]]:
    """The items of a mapping in a mapping, if that is what they are."""
    inner = block.get(key) if isinstance(block, dict) else None
    if isinstance(inner, dict):
        yield from ((name, value) for name, value in inner.items() if isinstance(name, str))


def _read(reader: Callable[[Any], T], value: Any) -> T | None:
    """A value as *reader* reads it; None where there is none, or one that is told elsewhere."""
    try:
        return None if value is None else reader(value)
    except PydanticCustomError:
        return None
