"""An alarm that changes its state, as somebody tells it: the parts of its three forms."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from eventsim.rules.alarm_documents import Change, Standing
from eventsim.rules.alarms import Alarm, Datapoint, State, Statistic, evaluate
from eventsim.types import Scene

AlarmName = Annotated[str, "the alarm's name"]
NewState = Annotated[State, "the state that it has now"]
OldState = Annotated[State | None, "the state before; another one than now unless given"]
Namespace = Annotated[str, "the metric's namespace"]
Metric = Annotated[str, "the metric's name"]
MetricStatistic = Annotated[Statistic, "what the values of a period are made into"]
Value = Annotated[float | None, "the data point that decided; on the right side unless given"]
Threshold = Annotated[float, "what it is compared with"]
Period = Annotated[int, "seconds of one period"]
Dimensions = Annotated[dict[str, str] | None, "the metric's dimensions"]
Description = Annotated[str | None, "the alarm's description"]

ALARM_NAME, NAMESPACE, METRIC = "orders-errors", "AWS/Lambda", "Errors"
DIMENSIONS = {"FunctionName": "orders"}
THRESHOLD, PERIOD = 1.0, 60
DESCRIPTION = "The function that takes orders fails."
CONFIGURED_BEFORE = timedelta(days=30)


def change(
    scene: Scene,
    *,
    name: str,
    state: State,
    previous_state: State | None,
    namespace: str,
    metric: str,
    statistic: Statistic,
    value: float | None,
    threshold: float,
    period: int,
    dimensions: dict[str, str] | None,
    description: str | None,
    actions: tuple[str, ...] = (),
) -> Change:
    """The change as the alarm would have come to it by one data point, a period ago another."""
    alarm = Alarm(
        name,
        namespace,
        metric,
        threshold,
        "GreaterThanOrEqualToThreshold",
        statistic,
        period,
        dimensions=tuple((DIMENSIONS if dimensions is None else dimensions).items()),
        description=description,
        alarm_actions=actions,
        ok_actions=actions,
    )
    old = previous_state or ("ALARM" if state == "OK" else "OK")
    before = _standing(alarm, old, state, None, scene, periods_ago=3)
    after = _standing(alarm, state, old, value, scene, periods_ago=0)
    configured = scene.at - CONFIGURED_BEFORE
    return Change(alarm, before, after, scene.region, scene.account, scene.uuid(), configured)


def _standing(
    alarm: Alarm, state: State, other: State, value: float | None, scene: Scene, periods_ago: int
) -> Standing:
    since = scene.at - timedelta(seconds=alarm.period * periods_ago)
    if state == "INSUFFICIENT_DATA":
        return Standing(state, evaluate(alarm, (), other).reason, since)
    usual = alarm.threshold + 4 if state == "ALARM" else alarm.threshold - 1
    minute = (since - timedelta(seconds=alarm.period)).replace(second=0, microsecond=0)
    point = Datapoint(minute, usual if value is None else value)
    verdict = evaluate(alarm, (point,), other)
    return Standing(state, verdict.reason, since, verdict.evaluated)
