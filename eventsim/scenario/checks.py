"""
Where the parts of a scenario must agree with each other, with Lambda's rules and with the disk.

These checks read the plain values of the document and pass over whatever has the wrong shape,
so that they find everything even in a scenario that has other faults.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Any

from eventsim import registry
from eventsim.errors import InvokeError, RecordingError, UnknownPlugin
from eventsim.rules.function_names import parse
from eventsim.rules.function_settings import package_refusal
from eventsim.scenario import run_in
from eventsim.scenario.block import Step
from eventsim.scenario.document import Document
from eventsim.scenario.durations import TIMED, Recorded, Timed
from eventsim.scenario.event_checks import event_problems
from eventsim.scenario.function_checks import alias_problems, function_problems, update_problems
from eventsim.scenario.load_checks import load_problems
from eventsim.scenario.lookup import (
    items,
    no_resource,
    place_of,
    read,
    resource_problems,
    resource_types,
    settings_of,
    source_of,
    values_at,
)
from eventsim.scenario.mapping_checks import mapping_names, mapping_problems
from eventsim.scenario.notification_checks import notification_problems
from eventsim.scenario.problem import Path, Problem, meant, where
from eventsim.scenario.project import inside, package_bytes
from eventsim.scenario.records import record_problems
from eventsim.scenario.role_checks import role_problems
from eventsim.scenario.trigger_checks import ALWAYS_THERE, trigger_problems
from eventsim.scenario.triggers import is_trigger, trigger_models
from eventsim.scenario.values import START, moment, seconds


def problems(document: Document, folder: FilePath, project: FilePath) -> Iterator[Problem]:
    """Everything that does not agree in *document*, whose paths start from *folder*."""
    root = document.value
    yield from _references(document)
    yield from _resources(root)
    yield from _triggers(root)
    yield from notification_problems(root)
    yield from mapping_problems(root)
    yield from trigger_problems(root)
    yield from role_problems(root, read(moment, root.get("start")) or START)
    yield from event_problems(root)
    yield from _timeline(root, folder, project)
    yield from load_problems(root, folder, project)
    yield from function_problems(root)
    yield from _functions(root, folder, project)


def _functions(root: dict[str, Any], folder: FilePath, project: FilePath) -> Iterator[Problem]:
    for name, block in items(root, "functions"):
        path = ("functions", name)
        if not isinstance(block, dict):
            continue
        if block.get("run_in") != "model" and not {"Handler", "invoke_at"} & block.keys():
            text = f"no Handler in {where(path)}; write Handler: orders.handler"
            yield Problem((*path, "Handler"), text)
        yield from run_in.problems(path, block, folder, project)
        if isinstance(block.get("CodeUri"), str):
            yield from _folder((*path, "CodeUri"), block["CodeUri"], folder, project)
        for key in TIMED:
            recorded = block[key].get("recorded") if isinstance(block.get(key), dict) else None
            if isinstance(recorded, str) and recorded:
                yield from _reports((*path, key, "recorded"), recorded, key, folder, project)


def _reports(
    path: Path, text: str, key: Timed, folder: FilePath, project: FilePath
) -> Iterator[Problem]:
    try:
        Recorded(text).read(_file(text, folder, project), key)
    except ValueError as error:
        yield Problem(path, f" is '{text}', which {error}")
    except OSError as error:
        yield Problem(path, f" is '{text}', which cannot be read: {error.strerror}")


def _references(document: Document) -> Iterator[Problem]:
    known = dict(items(document.value, "resources"))
    others = {name for key in ("functions", "identities") for name, _ in items(document.value, key)}
    for reference in document.references:
        if reference.name not in known and reference.name not in others:
            yield no_resource(reference.path, reference.name, known)
        elif reference.arn and "Environment" in reference.path:
            text = " is the ARN of a resource, which is not simulated yet here; write the ARN"
            yield Problem(reference.path, text)


def _resources(root: dict[str, Any]) -> Iterator[Problem]:
    """A resource that needs another names one of the right type."""
    for name, block in items(root, "resources"):
        module = source_of(block.get("type")) if isinstance(block, dict) else None
        for keys, opener in getattr(module, "REFERENCES", {}).items():
            for path, text in values_at(block, keys):
                yield from resource_problems(("resources", name, *path), text, root, opener)


def _triggers(root: dict[str, Any]) -> Iterator[Problem]:
    """What requests come to, and what else pushes, names functions and resources that are there."""
    functions = [name for name, _ in items(root, "functions")]
    for name, _ in items(root, "resources"):
        settings = settings_of(name, root)
        for keys, text in getattr(settings, "functions", list)():
            if text.partition(":")[0] not in functions:
                yield _nobody(("resources", name, *keys), text, "function", functions)
    for name, block in items(root, "functions"):
        for event_name, event in items(block, "Events"):
            kind = event.get("Type") if isinstance(event, dict) else None
            properties = event.get("Properties") if isinstance(event, dict) else None
            if isinstance(kind, str) and is_trigger(kind) and isinstance(properties, dict):
                model = trigger_models()[kind][1]
                key = getattr(model, "refers", ("",))[0]
                path: Path = ("functions", name, "Events", event_name, "Properties")
                if isinstance(properties.get(key), str):
                    problems = resource_problems((*path, key), properties[key], root, "open_fronts")
                    yield from problems


def _timeline(root: dict[str, Any], folder: FilePath, project: FilePath) -> Iterator[Problem]:
    steps = root.get("timeline")
    run_for = read(seconds, root.get("run_for"))
    for index, step in enumerate(steps if isinstance(steps, list | tuple) else ()):
        if not isinstance(step, dict):
            continue
        path = ("timeline", index)
        at = read(seconds, step.get("at"))
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
        meant_so = [each for mark, each in model.meanings.items() if mark in step]
        for key, opener in meant_so[:1]:
            if isinstance(step.get(key), str) and step[key]:
                yield from resource_problems((*path, key), step[key], root, opener)
        if meant_so:
            continue
        for key in model.resource_keys:
            if isinstance(step.get(key), str) and step[key]:
                opener = model.resource_opener
                yield from resource_problems((*path, key), step[key], root, opener)
        for key in model.shard_keys:
            if isinstance(step.get(key), str) and "/" in step[key]:
                name = step[key].rpartition("/")[0]
                yield from resource_problems((*path, key), name, root, "open_stream")
        yield from record_problems(path, step, model, root)
        for key in model.recording_keys:
            if isinstance(step.get(key), str) and step[key]:
                yield from _recording((*path, key), step[key], folder, project)
        yield from _named(path, step, root, model)
        yield from _changed(path, step, root, model, folder, project)
        yield from model.problems(step, path)


def _changed(
    path: Path,
    step: dict[str, Any],
    root: dict[str, Any],
    model: type[Step],
    folder: FilePath,
    project: FilePath,
) -> Iterator[Problem]:
    """What a step changes is a mapping or a function, and may be changed so."""
    functions = [name for name, _ in items(root, "functions")]
    mappings = mapping_names(root)
    for key in model.changeable_keys:
        text = step.get(key)
        if isinstance(text, str) and text in functions:
            yield from update_problems((*path, "Properties"), step.get("Properties"), text, root)
            code = dict(items(step, "Properties")).get("CodeUri")
            if isinstance(code, str) and code:
                yield from _folder((*path, "Properties", "CodeUri"), code, folder, project)
        elif isinstance(text, str) and text not in mappings:
            known = [*mappings, *functions]
            yield _nobody((*path, key), text, "mapping and no function", known)


def _named(
    path: Path, step: dict[str, Any], root: dict[str, Any], model: type[Step]
) -> Iterator[Problem]:
    """A mapping or a function that a step names is there."""
    functions = [name for name, _ in items(root, "functions")]
    mappings = mapping_names(root)
    for key in model.function_keys:
        if isinstance(step.get(key), str) and step[key] not in functions:
            yield _nobody((*path, key), step[key], "function", functions)
    for key in model.target_keys:
        if isinstance(step.get(key), str) and step[key]:
            yield from _target((*path, key), step[key], root, functions)
    for key in model.receiver_keys:
        name = step[key].partition(":")[0] if isinstance(step.get(key), str) else ""
        if name and name not in functions and name != ALWAYS_THERE:
            if name in resource_types(root):
                yield from resource_problems((*path, key), name, root, "open_bus")
            else:
                yield _nobody((*path, key), name, "function and no bus", functions)
    for key in model.alias_keys:
        yield from alias_problems((*path, key), step.get(key), functions)
    for key in model.mapping_keys:
        if isinstance(step.get(key), str) and step[key] not in mappings:
            yield _nobody((*path, key), step[key], "mapping", mappings)
    for key in model.deletable_keys:
        if isinstance(step.get(key), str) and step[key] and step[key] not in mappings:
            yield from resource_problems((*path, key), step[key], root, "open_stream")


def _target(path: Path, text: str, root: dict[str, Any], functions: list[str]) -> Iterator[Problem]:
    """A function is named as callers name it; whether its qualifier is there shows in the run."""
    try:
        name = parse(text, None, place_of(root)).name
    except InvokeError as error:
        yield Problem(path, f": {error}")
        return
    if name not in functions:
        yield _nobody(path, name, "function", functions)


def _nobody(path: Path, name: str, what: str, known: list[str]) -> Problem:
    return Problem(path, f" is '{name}', which is no {what} of the scenario{meant(name, known)}")


def _recording(path: Path, text: str, folder: FilePath, project: FilePath) -> Iterator[Problem]:
    try:
        file = _file(text, folder, project)
        registry.load("recordings", "jsonl").check_header(file)
    except ValueError as error:
        yield Problem(path, f" is '{text}', which {error}")
    except OSError as error:
        yield Problem(path, f" is '{text}', which cannot be read: {error.strerror}")
    except RecordingError as error:
        yield Problem(path, f" is '{text}': {str(error).removeprefix(f'{file}').lstrip(':')}")


def _file(text: str, folder: FilePath, project: FilePath) -> FilePath:
    """The file that *text* names. Raises ValueError for one that is not to be read."""
    file = inside(text, folder, project)
    if not file.is_file():
        raise ValueError("is not there" if not file.exists() else "is not a file")
    return file


def _folder(path: Path, text: str, folder: FilePath, project: FilePath) -> Iterator[Problem]:
    try:
        code = inside(text, folder, project) if text else folder
        if not code.is_dir():
            raise ValueError("is not there" if not code.exists() else "is not a folder")
    except (ValueError, OSError) as error:
        yield Problem(path, f" is '{text}', which {error}")
        return
    if code not in {folder, project}:  # where a folder is all there is, nobody packs all of it
        refusal = package_refusal(unzipped_bytes=package_bytes(code))
        if refusal is not None:
            yield Problem(path, f" is '{text}': {refusal.text}")
