"""
The records that a step writes down, in the shape that the source of their resource gives them.

A source's module may have ``RecordBlock``, a pydantic model whose ``record`` returns what its
stream takes; it may look at the resource's settings, ``info.context["resource"]``. Where it has
none, a record is what the step itself says it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol, cast

from pydantic import BaseModel, ValidationError

from eventsim.scenario.block import Step, validated
from eventsim.scenario.lookup import resource_types, settings_of, source_of, target
from eventsim.scenario.problem import Path, Problem, problems_of
from eventsim.types import PutRecord


class Recorded(Protocol):
    """A record as a scenario writes it."""

    def record(self) -> PutRecord:
        """What the stream takes."""


def put_record(kind: str, value: Any, default: type[BaseModel]) -> PutRecord:
    """What a stream of the source *kind* takes for a record that ``record_problems`` let pass."""
    return cast(Recorded, validated(own_block(kind) or default, value)).record()


def own_block(kind: str) -> type[BaseModel] | None:
    """The shape that a source gives its records, if it has one of its own."""
    return getattr(source_of(kind), "RecordBlock", None)


def record_problems(
    path: Path, step: Mapping[str, Any], model: type[Step], root: dict[str, Any]
) -> Iterator[Problem]:
    """What is wrong with the records of a step, where it is known what they are put onto."""
    types = resource_types(root)
    for key, resource_key in model.record_keys.items():
        text, given = step.get(resource_key), step.get(key)
        name = target(text, types).resource if isinstance(text, str) and text else ""
        if source_of(types.get(name)) is None:
            continue  # told where the resource is
        block = own_block(types[name])
        context = {"resource": settings_of(name, root)}
        for index, value in enumerate(given if isinstance(given, list | tuple) else ()):
            try:
                validated(block or model.record_block, value, context)
            except ValidationError as error:
                yield from problems_of(error, (*path, key, index))
        if block is not None:
            yield from _no_recordings(path, step, model, types[name])


def _no_recordings(
    path: Path, step: Mapping[str, Any], model: type[Step], kind: str
) -> Iterator[Problem]:
    for key in model.recording_keys:
        if key in step:
            text = f" is a recording, and those of {kind} are not simulated yet; write records"
            yield Problem((*path, key), text)
