"""
Who says that an event is right: for each source and event a consumer that we did not write.

One module of this package for each part of the sources, with two tables:

* ``VALIDATORS``: ``{(source, event): Validator}``, events named as ``eventsim generate`` names
  them. ``powertools``, ``typed``, ``data_class`` and ``schema`` below make the usual ones; any
  other is ``Validator("what it is", check)``, where ``check(event)`` raises what it likes for an
  event that it does not accept.
* ``TIMES``: ``{source: (form, ...)}``, the forms of ``FORMS`` in which the source writes dates as
  text, and the ``UNITS`` of those that are numbers. A source that writes none is left out.

A gap of a consumer (a key that AWS sends and its model lacks) is allowed by its path and with the
reason, never all of them. An allowance that no event needs fails the contract.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import typing
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, NamedTuple

import botocore.session
import jsonschema
import typing_extensions
from aws_lambda_powertools.utilities.data_classes.common import DictWrapper
from botocore.validate import ParamValidator
from pydantic import BaseModel, TypeAdapter, ValidationError

from eventsim.rules.paths import write

PAGES = ("https://docs.aws.amazon.com/", "https://developer.amazon.com/")

# How services write moments as text.
FORMS = {
    "iso_seconds": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    "iso_milliseconds": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
    "iso_offset": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000",
    "iso_no_zone": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}",
    "common_log": r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000",
}


# And as numbers, in seconds.
UNITS = {"epoch_seconds": 1.0, "epoch_milliseconds": 0.001}


class Refused(AssertionError):
    """A consumer does not accept an event."""


@dataclass(frozen=True)
class Validator:
    """A consumer by name; ``check`` raises for an event that it does not accept.

    ``gaps`` are the paths of what it lacks, with the reason; ``needed`` are those that an event
    has made use of.
    """

    name: str
    check: Callable[[Any], object]
    gaps: Mapping[str, str] = field(default_factory=dict)
    needed: set[str] = field(default_factory=set, compare=False)


class Tables(NamedTuple):
    """The tables of all modules together."""

    validators: dict[tuple[str, str], Validator]
    times: dict[str, tuple[str, ...]]


def powertools(name: str, gaps: Mapping[str, str] | None = None) -> Validator:
    """A model of Powertools for AWS Lambda (Python) by name; unknown keys are refused.

    *gaps* are keys that AWS sends and the model does not know: ``{"Records.*.x": "why"}``.
    """
    model: type[BaseModel] = getattr(
        importlib.import_module("aws_lambda_powertools.utilities.parser.models"), name
    )
    return _strict(
        f"Powertools `{name}`", lambda event: model.model_validate(event, extra="forbid"), gaps
    )


def typed(name: str, gaps: Mapping[str, str] | None = None) -> Validator:
    """A ``TypedDict`` of aws-lambda-typing by name; unknown keys are refused."""
    before = typing.TypedDict
    if not hasattr(typing, "ReadOnly"):  # pydantic reads those of typing from Python 3.12 on only
        typing.TypedDict = typing_extensions.TypedDict  # for a moment
    try:
        shape = getattr(importlib.import_module("aws_lambda_typing.events"), name)
    finally:
        typing.TypedDict = before
    adapter: TypeAdapter[Any] = TypeAdapter(shape)
    return _strict(
        f"aws-lambda-typing `{name}`",
        lambda event: adapter.validate_python(event, extra="forbid"),
        gaps,
    )


def schema(page: str, document: Mapping[str, Any]) -> Validator:
    """A JSON Schema of ours, where nobody else has one, after the page that it names."""
    if not page.startswith(PAGES):
        raise ValueError(f"{page} is no page of AWS's documentation")
    jsonschema.Draft202012Validator.check_schema(document)
    validator = jsonschema.Draft202012Validator(document)
    return Validator(f"JSON Schema after [{page.rpartition('/')[2]}]({page})", validator.validate)


def data_class(
    shape: type[DictWrapper], page: str, document: Mapping[str, Any], *never_sent: str
) -> Validator:
    """A data class of Powertools, which is asked for all that it can tell but what is *never_sent*.

    It reads what it is asked for and knows nothing of other keys: our schema refuses those.
    """
    ours = schema(page, document)

    def check(event: Any) -> None:
        ours.check(event)
        _read(shape(deepcopy(event)), frozenset(never_sent))

    return Validator(f"Powertools data class `{shape.__name__}`, {ours.name}", check)


def _read(value: Any, never_sent: frozenset[str]) -> None:
    if isinstance(value, DictWrapper):
        for name in set(dir(type(value))) - never_sent:
            if isinstance(getattr(type(value), name), property):
                _read(getattr(value, name), never_sent)
    elif isinstance(value, dict):
        for inner in value.values():
            _read(inner, never_sent)
    elif isinstance(value, list | Iterator):
        for inner in value:
            _read(inner, never_sent)


def in_botocore(service: str, name: str) -> Callable[[Any], None]:
    """A shape of a service's API in botocore: what it does not know, or lacks, is refused."""
    shape = botocore.session.get_session().get_service_model(service).shape_for(name)

    def check(value: Any) -> None:
        report = ParamValidator().validate(value, shape)
        if report.has_errors():
            raise Refused(f"botocore's `{name}` refuses it: {report.generate_report()}")

    return check


def whole(properties: Mapping[str, Any], *optional: str) -> dict[str, Any]:
    """The schema of an object that has these properties, all but the optional, and no other."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def tables() -> Tables:
    """All modules' tables. Raises ValueError where two say something of the same."""
    validators: dict[tuple[str, str], Validator] = {}
    times: dict[str, tuple[str, ...]] = {}
    for module in _modules():
        for table, found in ((validators, "VALIDATORS"), (times, "TIMES")):
            added: dict[Any, Any] = getattr(module, found, {})
            if twice := table.keys() & added.keys():
                raise ValueError(f"{module.__name__} has {found} that others have: {twice}")
            typing.cast("dict[Any, Any]", table).update(added)
    return Tables(validators, times)


def _modules() -> Iterator[ModuleType]:
    for info in pkgutil.iter_modules(__path__):
        yield importlib.import_module(f"{__name__}.{info.name}")


def _strict(
    name: str, validate: Callable[[Any], object], gaps: Mapping[str, str] | None
) -> Validator:
    allowed = {re.compile(_pattern(path)): path for path in gaps or {}}
    needed: set[str] = set()

    def check(event: Any) -> None:
        faults = []
        try:
            validate(deepcopy(event))  # some models change what they look at
        except ValidationError as error:
            for fault in error.errors(include_url=False, include_context=False):
                place = ".".join(str(part) for part in fault["loc"])
                gap = next((path for p, path in allowed.items() if p.fullmatch(place)), None)
                if gap is None or fault["type"] != "extra_forbidden":
                    faults.append(f"{write(fault['loc'])}: {fault['msg']} ({fault['input']!r})")
                else:
                    needed.add(gap)
        if faults:
            raise Refused(f"{name} refuses it: " + "; ".join(faults))

    return Validator(name, check, gaps or {}, needed)


def _pattern(path: str) -> str:
    return re.escape(path).replace(r"\*", "[^.]*")
