"""
CloudWatch alarms: which there are, and what they tell of a change, to a function or by a topic.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions.html
(What EventBridge gets of it is ``eventbridge alarm-state-change``.)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from eventsim.errors import EventsimError
from eventsim.rules import alarm_documents
from eventsim.rules.alarms import Alarm, ComparisonOperator, Statistic, TreatMissingData
from eventsim.rules.arns import arn, service_of
from eventsim.sources import _alarm_samples as samples
from eventsim.sources._sam import Name, SamProperties
from eventsim.types import InvocationType, Scene

SENDS_TO = (("AlarmActions",), ("OKActions",), ("InsufficientDataActions",))
INVOCATION_TYPES: tuple[InvocationType, ...] = ("Event",)
PRINCIPAL = "lambda.alarms.cloudwatch.amazonaws.com"
EVALUATED_SECONDS_MAX = 7 * 86_400


class Dimension(SamProperties):
    """One of the names that tell a metric from others of its name."""

    name: Name
    value: Name


class Resource(SamProperties):
    """A metric alarm in a scenario, in the words of PutMetricAlarm.

    Actions are functions and topics, by name or ARN. Of AWS/Lambda, Invocations, Errors, Duration
    and Throttles of each function are measured; others by a step ``put_metric``.
    """

    endless: ClassVar[bool] = True
    not_simulated: ClassVar[Collection[str]] = (
        *("EvaluateLowSampleCountPercentile", "ExtendedStatistic", "Metrics", "Tags"),
        "ThresholdMetricId",
    )

    type: Literal["alarm"] = Field(default="alarm", alias="type")
    namespace: Name = Field(examples=["AWS/Lambda"])
    metric_name: Name = Field(examples=["Errors"])
    dimensions: tuple[Dimension, ...] = Field(default=(), max_length=30)
    statistic: Statistic = "Average"
    unit: Name | None = None
    period: int = Field(default=60, ge=10, le=86_400)
    evaluation_periods: int = Field(default=1, ge=1)
    datapoints_to_alarm: int | None = Field(default=None, ge=1)
    threshold: float = Field(examples=[1])
    comparison_operator: ComparisonOperator = Field(examples=["GreaterThanOrEqualToThreshold"])
    treat_missing_data: TreatMissingData = "missing"
    alarm_description: str | None = None
    actions_enabled: bool = True
    alarm_actions: tuple[Name, ...] = Field(default=(), max_length=5)
    ok_actions: tuple[Name, ...] = Field(default=(), max_length=5, alias="OKActions")
    insufficient_data_actions: tuple[Name, ...] = Field(default=(), max_length=5)

    @model_validator(mode="after")
    def _can_be_evaluated(self) -> Self:
        if self.period not in (10, 20, 30) and self.period % 60:
            raise ValueError("Period is 10, 20, 30, or a multiple of 60")
        if (self.datapoints_to_alarm or 1) > self.evaluation_periods:
            raise ValueError("DatapointsToAlarm is over EvaluationPeriods")
        if self.period * self.evaluation_periods > EVALUATED_SECONDS_MAX:
            raise ValueError("Period times EvaluationPeriods is over seven days")
        return self


def alarm_of(name: str, resource: Resource, arn_of: Callable[[str], str]) -> Alarm:
    """The alarm of that name; *arn_of* gives the ARN of what an action names.

    Raises EventsimError for an action that is neither a function nor a topic.
    """

    def actions(texts: Sequence[str]) -> tuple[str, ...]:
        found = tuple(arn_of(text) for text in texts) if resource.actions_enabled else ()
        for each in found:
            if service_of(each) not in ("lambda", "sns"):
                raise EventsimError(f"alarm {name}: {each} is neither a function nor a topic")
        return found

    return Alarm(
        name,
        resource.namespace,
        resource.metric_name,
        resource.threshold,
        resource.comparison_operator,
        resource.statistic,
        resource.period,
        resource.evaluation_periods,
        resource.datapoints_to_alarm,
        resource.treat_missing_data,
        tuple((each.name, each.value) for each in resource.dimensions),
        resource.unit,
        resource.alarm_description,
        actions(resource.alarm_actions),
        actions(resource.ok_actions),
        actions(resource.insufficient_data_actions),
    )


def state_change(
    scene: Scene,
    *,
    name: samples.AlarmName = samples.ALARM_NAME,
    state: samples.NewState = "ALARM",
    previous_state: samples.OldState = None,
    namespace: samples.Namespace = samples.NAMESPACE,
    metric: samples.Metric = samples.METRIC,
    statistic: samples.MetricStatistic = "Sum",
    value: samples.Value = None,
    threshold: samples.Threshold = samples.THRESHOLD,
    period: samples.Period = samples.PERIOD,
    dimensions: samples.Dimensions = None,
    description: samples.Description = samples.DESCRIPTION,
) -> dict[str, Any]:
    """An alarm changed its state; the function is one of its actions."""
    change = samples.change(
        scene,
        name=name,
        state=state,
        previous_state=previous_state,
        namespace=namespace,
        metric=metric,
        statistic=statistic,
        value=value,
        threshold=threshold,
        period=period,
        dimensions=dimensions,
        description=description,
    )
    return alarm_documents.function_event(change)


def composite(
    scene: Scene,
    *,
    name: samples.AlarmName = "orders-unhealthy",
    state: samples.NewState = "ALARM",
    rule: Annotated[str, "the rule that combines alarms"] = "ALARM(orders-errors)",
    child: Annotated[str, "the alarm that decided"] = samples.ALARM_NAME,
    description: samples.Description = None,
) -> dict[str, Any]:
    """A composite alarm changed its state; the function is one of its actions."""
    change = samples.change(
        scene,
        name=child,
        state=state,
        previous_state=None,
        namespace=samples.NAMESPACE,
        metric=samples.METRIC,
        statistic="Sum",
        value=None,
        threshold=samples.THRESHOLD,
        period=samples.PERIOD,
        dimensions=None,
        description=None,
    )
    made = alarm_documents.function_event(change)
    place = arn("cloudwatch", scene.region, scene.account, f"alarm:{name}")
    described = {} if description is None else {"description": description}
    states = [alarm_documents.composite_state(change, was=was) for was in (False, True)]
    return {
        **made,
        "alarmArn": place,
        "alarmData": {
            "alarmName": name,
            "state": states[0],
            "previousState": states[1],
            "configuration": {**described, "alarmRule": rule},
        },
    }


def message(
    scene: Scene,
    *,
    name: samples.AlarmName = samples.ALARM_NAME,
    state: samples.NewState = "ALARM",
    previous_state: samples.OldState = None,
    namespace: samples.Namespace = samples.NAMESPACE,
    metric: samples.Metric = samples.METRIC,
    statistic: samples.MetricStatistic = "Sum",
    value: samples.Value = None,
    threshold: samples.Threshold = samples.THRESHOLD,
    period: samples.Period = samples.PERIOD,
    dimensions: samples.Dimensions = None,
    description: samples.Description = samples.DESCRIPTION,
    topic: Annotated[str, "the topic that it is published to"] = "alarms",
) -> dict[str, Any]:
    """The message to a topic about an alarm that changed its state, for ``sns --message``."""
    change = samples.change(
        scene,
        name=name,
        state=state,
        previous_state=previous_state,
        namespace=namespace,
        metric=metric,
        statistic=statistic,
        value=value,
        threshold=threshold,
        period=period,
        dimensions=dimensions,
        description=description,
        actions=(arn("sns", scene.region, scene.account, topic),),
    )
    return alarm_documents.notification(change)


EVENTS = (state_change, composite, message)


def source_arn(event: dict[str, Any], scene: Scene) -> str | None:
    """The alarm."""
    return event.get("alarmArn") or event.get("AlarmArn")
