"""
Rules as a scenario writes them: below a function as in SAM, or with the bus that they are on.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-eventbridgerule.html
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-schedule.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-events-rule.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from eventsim.errors import ValidationFailed
from eventsim.rules.bus_rules import DEFAULT_BUS, Naming, Rule, Target, rule_arn
from eventsim.rules.patterns import Pattern, compile_pattern
from eventsim.rules.scheduler import Timer, timer
from eventsim.rules.target_inputs import Path, parse_path
from eventsim.sources._refusing import RefusalCode
from eventsim.sources._sam import (
    BusName,
    Delivered,
    Name,
    PatternText,
    SamProperties,
    State,
)

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
RULES_MAX = 300
TARGETS_MAX = 5
ARCHIVES_MAX = 10

RuleName = Annotated[str, Field(pattern=r"^[\.\-_A-Za-z0-9]{1,64}$")]


def target_of(given: Delivered, id_: str, arn: str, naming: Naming) -> Target:
    """The target of that ARN as *given* says it is told."""
    dead = given.dead_letter_config
    return Target(
        id_,
        arn,
        given.target_input(),
        given.retry_policy.policy(),
        None if dead is None else naming.arn(dead.arn),
    )


class _Switched(Delivered):
    state: State = "ENABLED"

    @property
    def is_on(self) -> bool:
        return self.state == "ENABLED"


class TargetBlock(SamProperties):
    """The id that a target has."""

    id: Name


class EventBridgeRule(_Switched):
    """The function is told of the events on a bus that match a pattern."""

    references: ClassVar = {**Delivered.references, ("EventBusName",): "open_bus"}

    pattern: PatternText = Field(examples=["{source: [com.example.orders]}"])
    event_bus_name: BusName = DEFAULT_BUS
    rule_name: RuleName | None = None
    target: TargetBlock | None = None

    def rule(self, naming: Naming) -> Rule:
        """The rule that SAM makes."""
        bus = naming.arn(self.event_bus_name).rpartition("/")[2]
        name = self.rule_name or naming.name
        id_ = self.target.id if self.target else f"{naming.name}LambdaTarget"
        return Rule(
            name,
            rule_arn(naming.region, naming.account, bus, name),
            (target_of(self, id_, naming.target, naming),),
            bus,
            pattern=compile_pattern(self.pattern),
            enabled=self.is_on,
        )


class CloudWatchEvent(EventBridgeRule):
    """The same, as it was called before EventBridge."""

    enabled: bool = True

    @property
    def is_on(self) -> bool:
        return self.enabled and self.state == "ENABLED"


def _expression(value: str, make: Callable[[str], object]) -> str:
    try:
        make(value)
    except ValidationFailed as error:
        raise ValueError(error.message) from None
    return value


class Schedule(_Switched):
    """The function is told whenever a schedule fires."""

    endless: ClassVar = True
    not_simulated: ClassVar = ("RoleArn",)

    schedule: Name = Field(examples=["rate(5 minutes)"])
    name: RuleName | None = None
    description: str = ""
    enabled: bool = True

    @model_validator(mode="after")
    def _is_schedule(self) -> Self:
        _expression(self.schedule, parse_schedule)
        return self

    @property
    def is_on(self) -> bool:
        return self.enabled and self.state == "ENABLED"

    def rule(self, naming: Naming) -> Rule:
        """The rule that SAM makes; schedules are on the default bus."""
        name = self.name or naming.name
        return Rule(
            name,
            rule_arn(naming.region, naming.account, DEFAULT_BUS, name),
            (target_of(self, f"{naming.name}LambdaTarget", naming.target, naming),),
            timer=timer_of(self.schedule, naming),
            enabled=self.is_on,
        )


def parse_schedule(text: str) -> object:
    """Raises ValidationFailed for what a rule's schedule cannot be."""
    if text.startswith("at("):
        raise ValidationFailed("at(…) is for EventBridge Scheduler, which SAM calls ScheduleV2")
    return schedule_of(text)


def schedule_of(text: str) -> Timer:
    """The timer of an expression alone, to see that it is one."""
    return timer(text, _NEVER)


def timer_of(text: str, naming: Naming) -> Timer:
    """The timer of a rule that is made as the run begins."""
    return timer(text, naming.since)


class SqsParameters(SamProperties):
    """The group of messages to a FIFO queue."""

    message_group_id: Name


class KinesisParameters(SamProperties):
    """Where in an event the partition key of a stream's record is; its id unless given."""

    partition_key_path: Name


class BusTarget(Delivered):
    """A function, queue, topic, stream or bus that is told, by its name or ARN."""

    arn: Name = Field(examples=["orders"])
    id: Name | None = None
    sqs_parameters: SqsParameters | None = None
    kinesis_parameters: KinesisParameters | None = None

    @model_validator(mode="after")
    def _is_path(self) -> Self:
        self.key_path()
        return self

    def key_path(self) -> Path | None:
        """The place of the partition key. Raises ValueError for what is no path."""
        if self.kinesis_parameters is None:
            return None
        try:
            return parse_path(self.kinesis_parameters.partition_key_path)
        except ValidationFailed as error:
            raise ValueError(error.message) from None

    def target(self, naming: Naming, index: int) -> Target:
        """The same as the rules know it."""
        told = target_of(self, self.id or f"Target{index}", naming.arn(self.arn), naming)
        fifo = self.sqs_parameters
        group = None if fifo is None else fifo.message_group_id
        return replace(told, message_group_id=group, partition_key_path=self.key_path())


class BusRule(SamProperties):
    """A rule of a bus, as AWS::Events::Rule has it."""

    event_pattern: PatternText | None = None
    schedule_expression: str | None = Field(None, examples=["rate(5 minutes)"])
    state: State = "ENABLED"
    description: str = ""
    targets: tuple[BusTarget, ...] = Field(max_length=TARGETS_MAX)

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if (self.event_pattern is None) == (self.schedule_expression is None):
            raise ValueError("a rule has one of EventPattern and ScheduleExpression")
        if self.schedule_expression is not None:
            _expression(self.schedule_expression, parse_schedule)
        return self

    def rule(self, name: str, bus: str, naming: Naming) -> Rule:
        """The same as the rules know it."""
        pattern = None if self.event_pattern is None else compile_pattern(self.event_pattern)
        schedule = self.schedule_expression
        return Rule(
            name,
            rule_arn(naming.region, naming.account, bus, name),
            tuple(each.target(naming, index) for index, each in enumerate(self.targets)),
            bus,
            pattern=pattern,
            timer=None if schedule is None else timer_of(schedule, naming),
            enabled=self.state == "ENABLED",
        )


class Archive(SamProperties):
    """Keeps the events of a bus that match a pattern, all of them without one."""

    event_pattern: PatternText | None = None
    retention_days: int = Field(0, ge=0)
    description: str = ""

    def pattern(self) -> Pattern | None:
        """The pattern, compiled."""
        return None if self.event_pattern is None else compile_pattern(self.event_pattern)


class Resource(BaseModel):
    """A bus in a scenario: ``audit: {type: eventbridge}``, with its ``rules`` and ``archives``.

    ``refuse: AccessDeniedException`` lets a simulated bus refuse every event with that code.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["eventbridge"] = "eventbridge"
    refuse: RefusalCode | None = None
    rules: dict[RuleName, BusRule] = Field(default_factory=dict, max_length=RULES_MAX)
    archives: dict[RuleName, Archive] = Field(default_factory=dict, max_length=ARCHIVES_MAX)

    @property
    def endless(self) -> bool:
        """Whether something of it goes on for as long as the run does."""
        return any(rule.schedule_expression is not None for rule in self.rules.values())

    def bus_rules(self, bus: str, naming: Naming) -> Iterator[Rule]:
        """The rules of the bus of that name."""
        for name, block in self.rules.items():
            yield block.rule(name, bus, naming)
