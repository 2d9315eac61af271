"""
EventBridge Scheduler: schedules with a role of their own; no function's policy is asked.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/what-is-scheduler.html
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-schedulev2.html
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from eventsim.errors import InvokeError, ValidationFailed
from eventsim.rules.arns import arn
from eventsim.rules.bus_rules import FINAL, Naming, Rule, Target
from eventsim.rules.scheduler import Timer, timer
from eventsim.rules.target_inputs import TargetInput, constant
from eventsim.sources._eventbridge_envelope import envelope
from eventsim.sources._sam import DeadLetterConfig, Name, RetryPolicyBlock, SamProperties, State
from eventsim.types import InvocationType, Scene

INVOCATION_TYPES: tuple[InvocationType, ...] = ("Event",)
PRINCIPAL = None
GROUP = "default"
ScheduleName = Annotated[str, Field(pattern=r"^[0-9a-zA-Z\-_.]{1,64}$")]


def scheduled(
    scene: Scene,
    *,
    schedule: Annotated[str, "the schedule's name"] = "every-night",
    group: Annotated[str, "its schedule group"] = GROUP,
) -> dict[str, Any]:
    """A schedule without an Input of its own fired."""
    place = schedule_arn(scene.region, scene.account, group, schedule)
    return envelope(scene, "aws.scheduler", "Scheduled Event", "{}", [place])


EVENTS = (scheduled,)


def schedule_arn(region: str, account: str, group: str, name: str) -> str:
    """The ARN of a schedule."""
    return arn("scheduler", region, account, f"schedule/{group}/{name}")


def retried(error: InvokeError) -> bool:
    """Whether another attempt may help."""
    return error.code not in FINAL


def fired(scene: Scene, rule: Rule) -> dict[str, Any]:
    """The event that a schedule makes unless it has an Input."""
    return scheduled(scene, schedule=rule.name, group=rule.group)


class FlexibleTimeWindow(SamProperties):
    """Within how many minutes of its time a schedule may fire."""

    mode: Literal["OFF", "FLEXIBLE"] = "OFF"
    maximum_window_in_minutes: int | None = Field(default=None, ge=1, le=1440)

    @model_validator(mode="after")
    def _has_a_width(self) -> Self:
        if (self.mode == "FLEXIBLE") != (self.maximum_window_in_minutes is not None):
            raise ValueError("MaximumWindowInMinutes goes with Mode FLEXIBLE")
        return self


def _moment(value: Any) -> Any:
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    return value


Moment = Annotated[datetime | None, BeforeValidator(_moment)]


class ScheduleV2(SamProperties):
    """The function is told whenever a schedule of EventBridge Scheduler fires."""

    references: ClassVar = {("DeadLetterConfig", "Arn"): "open_queue"}
    endless: ClassVar = True
    not_simulated: ClassVar = ("KmsKeyArn", "OmitName", "PermissionsBoundary", "RoleArn")

    schedule_expression: Name = Field(examples=["rate(5 minutes)"])
    schedule_expression_timezone: str | None = None
    flexible_time_window: FlexibleTimeWindow = FlexibleTimeWindow()
    start_date: Moment = None
    end_date: Moment = None
    name: ScheduleName | None = None
    group_name: ScheduleName = GROUP
    description: str = ""
    state: State = "ENABLED"
    input: str | None = None
    retry_policy: RetryPolicyBlock = RetryPolicyBlock()
    dead_letter_config: DeadLetterConfig | None = None

    @model_validator(mode="after")
    def _can_fire(self) -> Self:
        try:
            self.timer(datetime(1970, 1, 1, tzinfo=UTC))
            self.target_input()
        except ValidationFailed as error:
            raise ValueError(error.message) from None
        return self

    def timer(self, since: datetime) -> Timer:
        """When it fires. Raises ValidationFailed for an expression or a zone that is none."""
        return timer(
            self.schedule_expression,
            since,
            zone=self.schedule_expression_timezone,
            start=self.start_date,
            end=self.end_date,
            window=60 * (self.flexible_time_window.maximum_window_in_minutes or 0),
        )

    def target_input(self) -> TargetInput:
        """What the function is given. Raises ValidationFailed for an Input that is not JSON."""
        return TargetInput() if self.input is None else constant(self.input)

    def rule(self, naming: Naming) -> Rule:
        """The schedule that SAM makes."""
        name = self.name or naming.name
        dead = self.dead_letter_config
        target = Target(
            name,
            naming.target,
            self.target_input(),
            self.retry_policy.policy(),
            None if dead is None else naming.arn(dead.arn),
        )
        return Rule(
            name,
            schedule_arn(naming.region, naming.account, self.group_name, name),
            (target,),
            timer=self.timer(naming.since),
            group=self.group_name,
            enabled=self.state == "ENABLED",
        )


SAM_EVENTS = {"ScheduleV2": ScheduleV2}
