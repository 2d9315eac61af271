"""
Events as SAM writes them below a function, for sources that push.

A source has ``SAM_EVENTS``: the model of the properties of each of SAM's types of event that are
its own. What a model says becomes of it: ``rule(naming)`` gives a rule of a bus, or a schedule.
``references`` are the keys that name a resource, with the opener that its source must have;
``endless`` says that it goes on for as long as the run does.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic.alias_generators import to_pascal

from eventsim.errors import PatternError, ValidationFailed
from eventsim.rules.bus_rules import ATTEMPTS_MAX, EVENT_AGE_MAX, RetryPolicy
from eventsim.rules.patterns import compile_pattern
from eventsim.rules.target_inputs import UNCHANGED, TargetInput, constant, part, transformer

Name = Annotated[str, Field(min_length=1, max_length=256)]
State = Literal["ENABLED", "DISABLED"]


class SamProperties(BaseModel):
    """Keys are AWS's own, in PascalCase."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_pascal)

    not_simulated: ClassVar[Collection[str]] = ()
    references: ClassVar[Mapping[tuple[str, ...], str]] = {}
    endless: ClassVar[bool] = False


class DeadLetterConfig(SamProperties):
    """The queue that takes the events which could not be delivered."""

    arn: Name = Field(examples=["!GetAtt failed.Arn"])
    type: Literal["SQS"] = "SQS"


class RetryPolicyBlock(SamProperties):
    """For how long, and how often, a delivery is tried again."""

    maximum_event_age_in_seconds: int = Field(default=EVENT_AGE_MAX, ge=60, le=EVENT_AGE_MAX)
    maximum_retry_attempts: int = Field(default=ATTEMPTS_MAX, ge=0, le=ATTEMPTS_MAX)

    def policy(self) -> RetryPolicy:
        """The same as the rules know it."""
        return RetryPolicy(self.maximum_event_age_in_seconds, self.maximum_retry_attempts)


class InputTransformer(SamProperties):
    """A template, and the parts of the event that it names."""

    input_paths_map: dict[str, str] = Field(default_factory=dict)
    input_template: Name


class Delivered(SamProperties):
    """What a target is given, how often that is tried, and who is told in vain."""

    references: ClassVar[Mapping[tuple[str, ...], str]] = {
        ("DeadLetterConfig", "Arn"): "open_queue"
    }

    input: str | None = None
    input_path: str | None = None
    input_transformer: InputTransformer | None = None
    retry_policy: RetryPolicyBlock = RetryPolicyBlock()
    dead_letter_config: DeadLetterConfig | None = None

    @model_validator(mode="after")
    def _one_input(self) -> Self:
        given = [self.input, self.input_path, self.input_transformer]
        if sum(each is not None for each in given) > 1:
            raise ValueError("only one of Input, InputPath and InputTransformer may be given")
        self.target_input()
        return self

    def target_input(self) -> TargetInput:
        """What a target is given. Raises ValueError for what is none."""
        try:
            if self.input is not None:
                return constant(self.input)
            if self.input_path is not None:
                return part(self.input_path)
            if self.input_transformer is not None:
                given = self.input_transformer
                return transformer(given.input_template, given.input_paths_map)
        except ValidationFailed as error:
            raise ValueError(str(error.message)) from None
        return UNCHANGED


def pattern_text(value: Any) -> Any:
    """An event pattern as JSON text, however it is written. Raises ValueError for what is none."""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    try:
        compile_pattern(text)
    except PatternError as error:
        raise ValueError(f"is no event pattern: {error}") from None
    return text


_PATTERN_SCHEMA = {"anyOf": [{"type": "object"}, {"type": "string"}]}
PatternText = Annotated[str, BeforeValidator(pattern_text), WithJsonSchema(_PATTERN_SCHEMA)]
BusName = Annotated[str, Field(min_length=1)]
