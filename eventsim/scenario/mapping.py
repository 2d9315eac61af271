"""
An event source mapping as SAM writes it below its function, one model for each kind of source.

A source's ``MAPPING`` says which settings it takes; what they are called and what they mean is
in ``rules.mapping_settings``. The limits are judged by ``rules.mapping``, in AWS's words.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-kinesis.html
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache, partial
from typing import Annotated, Any, ClassVar, Literal, cast

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    create_model,
)
from pydantic.alias_generators import to_pascal

from eventsim import registry
from eventsim.errors import UnknownPlugin
from eventsim.rules.filtering import fault
from eventsim.rules.mapping import PatternFault
from eventsim.rules.mapping_defaults import DEFAULTS
from eventsim.rules.mapping_errors import on_success, unsupported
from eventsim.rules.mapping_settings import (
    RESPONSE_TYPES,
    SETTINGS,
    STARTING_POSITIONS,
    Setting,
)
from eventsim.scenario import unsimulated
from eventsim.scenario.block import Block
from eventsim.scenario.problem import refuse, show
from eventsim.scenario.values import Flag, Text, Timestamp, Whole
from eventsim.types import MappingKind


class SamBlock(Block):
    """A mapping whose keys are AWS's own, in PascalCase."""

    model_config = ConfigDict(alias_generator=to_pascal)


def _pattern(value: Any) -> Any:
    if isinstance(value, dict):
        raise refuse(f"is a mapping; write it as JSON text: {show(json.dumps(value, default=str))}")
    return value


class Filter(SamBlock):
    """One pattern of FilterCriteria, as JSON text."""

    pattern: Annotated[str | None, BeforeValidator(_pattern)] = None


class FilterCriteria(SamBlock):
    """The patterns one of which a record must match; none let every record pass."""

    filters: tuple[Filter, ...] = ()


class OnFailure(SamBlock):
    """A queue, topic or bucket, by its name or ARN; SAM has its type besides."""

    destination: Text | None = Field(default=None, examples=["orders-dlq"])
    type: Literal["SQS", "SNS", "S3"] | None = None


class DestinationConfig(SamBlock):
    """Where a document about each discarded batch is sent."""

    refused: ClassVar[Mapping[str, str]] = {"OnSuccess": on_success(MappingKind("")).text}

    on_failure: OnFailure = OnFailure()


class ScalingConfig(SamBlock):
    """How many invocations there may be at once."""

    maximum_concurrency: Whole | None = None


def _metric(value: Any) -> Any:
    if value in ("ErrorCount", "KafkaMetrics"):
        raise refuse(f"is '{value}', which is not simulated yet; write EventCount")
    return value


class MetricsConfig(SamBlock):
    """The metrics of the mapping. Its EventCount metrics are kept whether asked for or not."""

    metrics: tuple[Annotated[Literal["EventCount"], BeforeValidator(_metric)], ...] = ()


class MappingProperties(SamBlock):
    """The properties of an event source mapping, those of its source's settings to be added."""

    not_simulated: ClassVar[Collection[str]] = unsimulated.MAPPING_PROPERTIES
    refused: ClassVar[Mapping[str, str]] = {}
    kind: ClassVar[MappingKind]

    resource: Text
    metrics_config: MetricsConfig | None = None

    def settings(self) -> dict[str, Any]:
        """The settings as fields of EventSourceMapping; ``on_failure`` as it is written."""
        found = {name: getattr(self, name) for name in type(self).model_fields if name in DEFAULTS}
        return {"starting_position": None, **found} if self.kind.is_queue else found


@lru_cache(maxsize=64)
def properties_model(kind: MappingKind) -> type[MappingProperties]:
    """The model of a mapping's properties for one kind of source."""
    fields: dict[str, Any] = {
        setting.field: (_shape(setting.name), _field(setting, kind))
        for setting in SETTINGS.values()
        if setting.name in kind.settings
    }
    resource = Field(alias=kind.resource_key, examples=["orders"])
    model = create_model(
        f"{kind.event}Properties",
        __base__=MappingProperties,
        __doc__=f"The settings of an event source mapping on {kind.event}.",
        resource=(Text, resource),
        **fields,
    )
    others = [name for name in SETTINGS if name not in kind.settings]
    model.refused = {name: unsupported(name, kind).text for name in others}
    model.kind = kind
    return model


def mapping_kinds(types: Iterable[str] = ()) -> dict[str, MappingKind]:
    """What each of SAM's types of event stands for: those of our sources, and of *types*."""
    kinds = {}
    for name in [*registry.names("sources"), *sorted(set(types))]:
        kind = kind_of(name)
        if kind:
            kinds[kind.event] = kind
    return kinds


def kind_of(resource_type: str) -> MappingKind | None:
    """What a mapping on a resource of this type may set; None if there is no such thing."""
    try:
        kind = getattr(registry.load("sources", resource_type), "MAPPING", None)
    except UnknownPlugin:
        return None  # told where the resource is
    return kind if isinstance(kind, MappingKind) else None


def pattern_fault(source: Any) -> PatternFault:
    """What says of a filter pattern why it is none for the records of a source's module."""
    key = getattr(source, "FILTER_KEY", None)
    return partial(fault, key=key, plain_text=getattr(source, "FILTER_PLAIN_TEXT", False))


def unknown_kind(properties: Any) -> MappingKind:
    """A stand-in for the kind of a type of event that nobody knows: everything may be set."""
    queue = isinstance(properties, dict) and "Queue" in properties and "Stream" not in properties
    return MappingKind("", "Queue" if queue else "Stream", frozenset(SETTINGS))


def readable_settings(kind: MappingKind, properties: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of EventSourceMapping that can be read, whatever is wrong with the others."""
    found = {}
    for name in kind.settings & properties.keys() & SETTINGS.keys():
        try:
            found[SETTINGS[name].field] = _adapter(name).validate_python(properties[name])
        except ValidationError:
            continue  # told by the model
    return found


@lru_cache(maxsize=len(SETTINGS))
def _adapter(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(_shape(name))


def _shape(name: str) -> Any:
    """The type of a setting as it is written, made into that of EventSourceMapping's field."""
    match name:
        case "StartingPosition":
            return str | None
        case "StartingPositionTimestamp":
            return Timestamp | None
        case "FilterCriteria":
            return Annotated[FilterCriteria, AfterValidator(_patterns)]
        case "FunctionResponseTypes":
            return tuple[str, ...]
        case "DestinationConfig":
            return Annotated[DestinationConfig, AfterValidator(_destination)]
        case "ScalingConfig":
            return Annotated[ScalingConfig, AfterValidator(_maximum_concurrency)]
        case "BisectBatchOnFunctionError" | "Enabled":
            return Flag
    return Whole


def _patterns(criteria: FilterCriteria) -> tuple[str, ...]:
    return tuple(each.pattern or "" for each in criteria.filters)


def _destination(config: DestinationConfig) -> str | None:
    return config.on_failure.destination


def _maximum_concurrency(config: ScalingConfig) -> int | None:
    return config.maximum_concurrency


def _field(setting: Setting, kind: MappingKind) -> Any:
    """A setting's alias and default, and its limits for editors; the refusal is Lambda's."""
    default = DEFAULTS[setting.field]
    if setting.name == "BatchSize":
        default = kind.batch_size
    elif setting.name == "StartingPosition":
        default = None

    def tell(schema: dict[str, Any]) -> None:
        if "$ref" in schema or default is None:
            schema.pop("default", None)
        if setting.name == "StartingPosition":
            names = [name for name in STARTING_POSITIONS if name in kind.starting_positions]
            schema.update(enum=names)
        elif setting.name == "FunctionResponseTypes":
            schema["items"] = {"enum": list(RESPONSE_TYPES)}
        elif setting.least is not None and not setting.inside:
            schema.update(minimum=setting.least, maximum=setting.most)

    examples = ["TRIM_HORIZON"] if setting.name == "StartingPosition" else None
    return Field(
        default,
        alias=setting.name,
        description=setting.says,
        examples=examples,
        json_schema_extra=cast(Any, tell),
    )
