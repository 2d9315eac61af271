"""
A function of a scenario: SAM's ``AWS::Serverless::Function``, and a few keys of ours.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)

from eventsim.errors import ValidationFailed
from eventsim.rules.aliases import check_name
from eventsim.rules.function_names import LATEST
from eventsim.scenario import unsimulated
from eventsim.scenario.durations import DurationForm, InitForm
from eventsim.scenario.elsewhere import InvokeAt
from eventsim.scenario.event_invoke import DeadLetterQueue, EventInvokeBlock
from eventsim.scenario.identities import ExecutionRole
from eventsim.scenario.mapping import (
    MappingProperties,
    SamBlock,
    mapping_kinds,
    properties_model,
    unknown_kind,
)
from eventsim.scenario.permissions import PermissionBlock, each_once
from eventsim.scenario.problem import refuse, refuse_below, show
from eventsim.scenario.run_in import (
    INLINE_ENDINGS,
    MODEL,
    RUN_IN_SCHEMA,
    RunIn,
    known_runtime,
    parse,
    resolved,
)
from eventsim.scenario.triggers import UrlConfig, is_trigger, trigger_properties
from eventsim.scenario.values import (
    FilePath,
    Flag,
    Percent,
    SystemText,
    Text,
    Whole,
    system_text,
)
from eventsim.types import Duration, RecursiveLoop

TIMEOUT_MAX = 900
INLINE_CODE_LENGTH_MAX = 4 * 1024 * 1024
INLINE_MODULE = "index"  # CloudFormation writes the code into this file

VariableName = Annotated[str, Field(pattern=r"^[a-zA-Z][a-zA-Z0-9_]+$")]
MappingName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]


def _event(value: Any) -> Any:
    """Refuse the events that SAM has and we do not, before their properties are looked at."""
    kind = value.get("Type") if isinstance(value, dict) else None
    if isinstance(kind, str) and not_simulated(kind):
        raise refuse_below((("Type",), f"is '{kind}', which is not simulated yet"))
    if is_trigger(kind) and isinstance(value, dict):
        return {"Properties": {}, **value}  # SAM lets a default route do without
    return value


def _properties(value: Any, info: ValidationInfo) -> BaseModel:
    """The properties as those of the source that the event's type means."""
    if is_trigger(info.data.get("type")):
        return trigger_properties(info.data["type"], value)
    kinds = (info.context or {}).get("kinds") or mapping_kinds()
    kind = kinds.get(info.data.get("type", "")) or unknown_kind(value)
    return properties_model(kind).model_validate(value)


class Event(SamBlock):
    """An event source mapping, or what a service pushes, as SAM writes it below its function."""

    type: Text = Field(examples=["Kinesis"])
    properties: Annotated[Any, PlainValidator(_properties)] = Field(
        examples=["{Stream: …, StartingPosition: TRIM_HORIZON}"]
    )


class Environment(SamBlock):
    """The environment variables of a function."""

    variables: dict[VariableName, SystemText] = Field(default_factory=dict)


def _handler(value: object) -> str | Callable[..., object]:
    if callable(value) or (isinstance(value, str) and value):
        return system_text(value)
    raise refuse(f"is {show(value)}; write module.function")


class VpcConfig(SamBlock):
    """The network of a function. Who may reach what is not simulated, its cold start is."""

    security_group_ids: tuple[Text, ...] = ()
    subnet_ids: tuple[Text, ...] = ()
    ipv6_allowed_for_dual_stack: Flag = False


class EphemeralStorage(SamBlock):
    """The size of /tmp, in MB."""

    size: Whole = Field(ge=512, le=10_240, examples=[512])


class ProvisionedConcurrencyConfig(SamBlock):
    """How many environments of the published alias are ready at all times."""

    provisioned_concurrent_executions: Whole = Field(ge=1, examples=[5])


def _architectures(value: tuple[str, ...]) -> tuple[str, ...]:
    if len(value) != 1:
        raise refuse(f"has {len(value)} items; write one of x86_64, arm64")
    return value


def _alias_name(value: str) -> str:
    try:
        check_name(value)
    except ValidationFailed as error:
        raise refuse(f": {error}") from None
    return value


AliasName = Annotated[str, AfterValidator(_alias_name), WithJsonSchema({"type": "string"})]
Architecture = Literal["x86_64", "arm64"]

# Accepted, since templates have them, and without an effect on a run: told as notes.
WITHOUT_EFFECT = {
    "KmsKeyArn": "nothing is encrypted here",
    "Tags": "nothing here asks for them",
    "EphemeralStorage": "the space below /tmp is that of this machine",
}

# What a function that lives elsewhere has there already.
_OF_HERE = (
    *("Handler", "CodeUri", "InlineCode", "Runtime", "MemorySize", "Environment"),
    *("Architectures", "VpcConfig", "EphemeralStorage", "ReservedConcurrentExecutions"),
    *("ProvisionedConcurrencyConfig", "AutoPublishAlias", "VersionDescription"),
    *("run_in", "duration", "init_duration", "async_handler", "package_bytes", "errors", "crashes"),
)
_OF_A_MODEL = ("errors", "crashes")


class FunctionBlock(ExecutionRole):
    """A function: how it is configured, what it is told apart by in virtual time, its events."""

    not_simulated: ClassVar[Collection[str]] = unsimulated.FUNCTION_PROPERTIES

    handler: Annotated[Any, PlainValidator(_handler), WithJsonSchema({"type": "string"})] = Field(
        None, examples=["orders.handler"]
    )
    code_uri: FilePath | None = None
    inline_code: SystemText | None = Field(None, max_length=INLINE_CODE_LENGTH_MAX)
    function_name: Text | None = Field(None, examples=["orders"])
    runtime: Annotated[Text, AfterValidator(known_runtime)] | None = None
    timeout: Whole = Field(3, ge=1, le=TIMEOUT_MAX)
    memory_size: Whole = Field(128, ge=128, le=10_240)
    environment: Environment = Environment()
    description: str = Field("", max_length=256)
    architectures: Annotated[tuple[Architecture, ...], AfterValidator(_architectures)] = ("x86_64",)
    vpc_config: VpcConfig = VpcConfig()
    ephemeral_storage: EphemeralStorage | None = None
    kms_key_arn: Text | None = None
    tags: dict[str, str] = Field(default_factory=dict)
    package_type: Literal["Zip"] = "Zip"
    reserved_concurrent_executions: Whole | None = Field(None, ge=0)
    provisioned_concurrency_config: ProvisionedConcurrencyConfig | None = None
    auto_publish_alias: AliasName | None = None
    version_description: str = Field("", max_length=256)
    dead_letter_queue: DeadLetterQueue | None = None
    event_invoke_config: EventInvokeBlock | None = None
    recursive_loop: RecursiveLoop = "Terminate"
    function_url_config: UrlConfig | None = None
    events: dict[MappingName, Annotated[Event, BeforeValidator(_event)]] = Field(
        default_factory=dict
    )

    permissions: Annotated[tuple[PermissionBlock, ...], AfterValidator(each_once)] | None = Field(
        None, alias="permissions"
    )
    run_in: Annotated[RunIn, PlainValidator(parse), WithJsonSchema(RUN_IN_SCHEMA)] | None = Field(
        None, alias="run_in"
    )
    duration: DurationForm = Field(
        Duration(), alias="duration", json_schema_extra={"default": "1ms"}
    )
    init_duration: InitForm = Field(
        0.1, alias="init_duration", json_schema_extra={"default": "100ms"}
    )
    errors: Percent = Field(0.0, alias="errors", json_schema_extra={"default": "0%"})
    crashes: Percent = Field(0.0, alias="crashes", json_schema_extra={"default": "0%"})
    invoke_at: InvokeAt | None = Field(None, alias="invoke_at")
    async_handler: Flag = Field(False, alias="async_handler")
    package_bytes: Whole = Field(0, ge=0, alias="package_bytes")
    duplicate_deliveries: float = Field(
        0.0, alias="duplicate_deliveries", ge=0, le=1, strict=True, examples=[0.01]
    )

    def values(self) -> dict[str, Any]:
        """The fields of ``types.Function`` but its name and its code folder."""
        runs = resolved(self.run_in, self.runtime)
        return {
            "handler": self.handler or "",
            "timeout": self.longest,
            "memory_size": self.memory_size,
            "environment": tuple(self.environment.variables.items()),
            "runtime": self.runtime,
            "description": self.description,
            "duration": self.duration,
            "init_duration": self.init_duration,
            "async_handler": self.async_handler,
            "architecture": self.architectures[0],
            "in_vpc": bool(self.vpc_config.subnet_ids),
            "package_bytes": self.package_bytes,
            "run_in": runs.kind,
            "command": runs.command,
            "error_rate": self.errors,
            "crash_rate": self.crashes,
        }

    def published(self, name: str) -> str:
        """What the function *name* is invoked by: its alias, if it has one."""
        alias = self.auto_publish_alias
        return f"{name}:{alias}" if alias else name

    def mappings(self) -> dict[str, MappingProperties]:
        """The properties of its event source mappings, by the names of the events."""
        found = ((name, event.properties) for name, event in self.events.items())
        return {name: each for name, each in found if isinstance(each, MappingProperties)}

    def triggers(self) -> dict[str, Event]:
        """The other events, by their names."""
        return {name: each for name, each in self.events.items() if is_trigger(each.type)}

    def destinations(self) -> Iterator[str]:
        """What the function's events send to, as it is written: SAM lets a role it makes do so."""
        for properties in self.mappings().values():
            on_failure = properties.settings().get("on_failure")
            if on_failure:
                yield on_failure
        if self.dead_letter_queue is not None:
            yield self.dead_letter_queue.target_arn
        if self.event_invoke_config is not None:
            yield from self.event_invoke_config.destinations()

    def event_values(self, arn: Callable[[str], str]) -> dict[str, Any]:
        """Those that asynchronous invocation has; *arn* gives the ARN that a text means.

        EventInvokeConfig is that of the alias, where SAM makes one.
        """
        config = (self.event_invoke_config or EventInvokeBlock()).config(arn)
        queue = self.dead_letter_queue
        return {
            "dead_letter": arn(queue.target_arn) if queue else None,
            "event_invoke": replace(config, qualifier=self.auto_publish_alias or LATEST),
            "recursive_loop": self.recursive_loop,
            "duplicate_deliveries": self.duplicate_deliveries,
        }

    def notes(self) -> Iterator[str]:
        """What is said about settings that have no effect on a run."""
        for name, field in type(self).model_fields.items():
            if name in self.model_fields_set and field.alias in WITHOUT_EFFECT:
                yield f"{field.alias} has no effect: {WITHOUT_EFFECT[field.alias]}"

    @property
    def is_model(self) -> bool:
        """Whether it runs no code."""
        return self.run_in is not None and self.run_in.kind == MODEL

    @property
    def longest(self) -> int:
        """The Timeout; of a function elsewhere that nobody told it of, the longest there is."""
        unknown = self.invoke_at is not None and "timeout" not in self.model_fields_set
        return TIMEOUT_MAX if unknown else self.timeout

    @model_validator(mode="after")
    def _agree(self) -> Self:
        """Nothing is written that would have no effect."""
        written = {type(self).model_fields[name].alias or name for name in self.model_fields_set}
        keys: tuple[str, ...] = ()
        text = ""
        if self.invoke_at is not None:
            keys, text = _OF_HERE, "is for functions that run here, and this one has invoke_at"
        elif not self.is_model:
            keys, text = _OF_A_MODEL, "is for run_in: model, which runs no code"
        without_effect = [((key, "[key]"), text) for key in keys if key in written]
        if without_effect:
            raise refuse_below(*without_effect)
        if self.inline_code is not None:
            self._agree_inline()
        if self.is_model:
            self._agree_without_code()
        if self.errors + self.crashes > 1:
            raise refuse_below((("crashes",), "and errors are over 100% together"))
        return self

    def _agree_inline(self) -> None:
        kind = resolved(self.run_in, self.runtime).kind
        if self.code_uri is not None:
            text = "and InlineCode are two places for the code; keep one of them"
            raise refuse_below((("CodeUri", "[key]"), text))
        if kind not in INLINE_ENDINGS:
            raise refuse_below((("InlineCode", "[key]"), f"is for Python and Node.js, not {kind}"))
        if self.handler is None:
            return  # told of Handler itself
        module = self.handler.rpartition(".")[0] if isinstance(self.handler, str) else ""
        if module != INLINE_MODULE:
            text = f"is {show(self.handler)}; InlineCode is a module called {INLINE_MODULE}, "
            raise refuse_below((("Handler",), f"{text}write {INLINE_MODULE}.handler"))

    def inline_file(self) -> tuple[str, str] | None:
        """The name and the text of the file that InlineCode is, where there is one."""
        if self.inline_code is None:
            return None
        ending = INLINE_ENDINGS[resolved(self.run_in, self.runtime).kind]
        return f"{INLINE_MODULE}{ending}", self.inline_code

    def _agree_without_code(self) -> None:
        if isinstance(self.duration, Duration) and self.duration.measured:
            raise refuse_below((("duration",), "is measured, and run_in: model runs nothing"))
        if self.async_handler:
            key = ("async_handler", "[key]")
            raise refuse_below((key, "is for functions that run code"))


# Of a function that is there: by UpdateFunctionCode, UpdateFunctionConfiguration,
# PutFunctionEventInvokeConfig and PutFunctionRecursionConfig.
UPDATABLE = {
    "Handler": "handler",
    "CodeUri": "code_uri",
    "Runtime": "runtime",
    "Timeout": "timeout",
    "MemorySize": "memory_size",
    "Environment": "environment",
    "Description": "description",
    "Architectures": "architecture",
    "VpcConfig": "in_vpc",
    "duration": "duration",
    "init_duration": "init_duration",
    "package_bytes": "package_bytes",
    "DeadLetterQueue": "dead_letter",
    "EventInvokeConfig": "event_invoke",
    "RecursiveLoop": "recursive_loop",
    "Role": "role",
}


def updated(properties: Mapping[str, Any], arn: Callable[[str], str] = str) -> dict[str, Any]:
    """The fields of ``types.Function`` that *properties* of a function change.

    A ``code_uri`` and a ``role`` are as they were written; *arn* gives the ARN of what a text
    names that events are sent to. Raises ValidationError for what is wrong with them.
    """
    block = FunctionBlock.model_validate({"Handler": "unchanged.handler", **properties})
    values = block.values() | block.event_values(arn)
    values |= {"code_uri": block.code_uri, "role": block.role}
    return {UPDATABLE[name]: values[UPDATABLE[name]] for name in properties if name in UPDATABLE}


def not_simulated(event_type: str) -> bool:
    """Whether SAM has this type of event and we have no source for it."""
    return event_type in unsimulated.EVENT_TYPES and event_type not in mapping_kinds()
