"""
What CloudWatch tells of an alarm that changed its state: to a function, to a bus, by a topic.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from eventsim.rules.alarms import Alarm, Datapoint, State
from eventsim.rules.arns import arn
from eventsim.rules.regions import display_name
from eventsim.rules.timestamps import iso_offset

SOURCE = "aws.cloudwatch"
DETAIL_TYPE = "CloudWatch Alarm State Change"
SUBJECT_CHARACTERS_MAX = 100
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


@dataclass(frozen=True, slots=True)
class Standing:
    """A state that an alarm is in: since when, why, and by which data points, newest first."""

    state: State
    reason: str
    since: datetime
    evaluated: tuple[Datapoint, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """An alarm went from one state to another."""

    alarm: Alarm
    before: Standing
    after: Standing
    region: str
    account: str
    metric_id: str  # what the alarm's metric is called in its configuration
    configured: datetime

    @property
    def arn(self) -> str:
        """The ARN of the alarm."""
        return arn("cloudwatch", self.region, self.account, f"alarm:{self.alarm.name}")


def function_event(change: Change) -> dict[str, Any]:
    """What a function gets that is an action of the alarm."""
    return {
        "source": SOURCE,
        "alarmArn": change.arn,
        "accountId": change.account,
        "time": iso_offset(change.after.since),
        "region": change.region,
        "alarmData": detail(change),
    }


def detail(change: Change) -> dict[str, Any]:
    """What an event on a bus tells."""
    return {
        "alarmName": change.alarm.name,
        "state": _standing(change.alarm, change.after),
        "previousState": _standing(change.alarm, change.before),
        "configuration": _configuration(change),
    }


def subject(change: Change) -> str:
    """The subject of the notification; SNS has room for so many characters."""
    place = display_name(change.region)
    text = f'{change.after.state}: "{change.alarm.name}" in {place}'
    return text[:SUBJECT_CHARACTERS_MAX]


def notification(change: Change) -> dict[str, Any]:
    """What the message to a topic is, as JSON text."""
    alarm = change.alarm
    return {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": change.account,
        "AlarmConfigurationUpdatedTimestamp": iso_offset(change.configured),
        "NewStateValue": change.after.state,
        "NewStateReason": change.after.reason,
        "StateChangeTime": iso_offset(change.after.since),
        "Region": display_name(change.region),
        "AlarmArn": change.arn,
        "OldStateValue": change.before.state,
        "OKActions": list(alarm.ok_actions),
        "AlarmActions": list(alarm.alarm_actions),
        "InsufficientDataActions": list(alarm.insufficient_data_actions),
        "Trigger": _trigger(alarm),
    }


def _trigger(alarm: Alarm) -> dict[str, Any]:
    needed = {} if alarm.datapoints_to_alarm is None else {"DatapointsToAlarm": alarm.needed}
    return {
        "MetricName": alarm.metric_name,
        "Namespace": alarm.namespace,
        "StatisticType": "Statistic",
        "Statistic": alarm.statistic.upper(),
        "Unit": alarm.unit,
        "Dimensions": [{"value": value, "name": name} for name, value in alarm.dimensions],
        "Period": alarm.period,
        "EvaluationPeriods": alarm.evaluation_periods,
        **needed,
        "ComparisonOperator": alarm.comparison_operator,
        "Threshold": alarm.threshold,
        "TreatMissingData": alarm.treat_missing_data,
        "EvaluateLowSampleCountPercentile": "",
    }


def _configuration(change: Change) -> dict[str, Any]:
    alarm = change.alarm
    metric = {
        "namespace": alarm.namespace,
        "name": alarm.metric_name,
        "dimensions": dict(alarm.dimensions),
    }
    unit = {} if alarm.unit is None else {"unit": alarm.unit}
    statistic = {"metric": metric, "period": alarm.period, "stat": alarm.statistic, **unit}
    described = {} if alarm.description is None else {"description": alarm.description}
    metrics = [{"id": change.metric_id, "metricStat": statistic, "returnData": True}]
    return {**described, "metrics": metrics}


def _standing(alarm: Alarm, standing: Standing) -> dict[str, Any]:
    data = {"reasonData": _reason_data(alarm, standing)} if standing.evaluated else {}
    return {
        "value": standing.state,
        "reason": standing.reason,
        **data,
        "timestamp": iso_offset(standing.since),
    }


def _reason_data(alarm: Alarm, standing: Standing) -> str:
    points = standing.evaluated
    start = min(point.at for point in points)
    data = {
        "version": "1.0",
        "queryDate": iso_offset(standing.since),
        "startDate": iso_offset(start),
        "statistic": alarm.statistic,
        "period": alarm.period,
        "recentDatapoints": [point.value for point in reversed(points)],
        "threshold": alarm.threshold,
        "evaluatedDatapoints": _evaluated(points),
    }
    return orjson.dumps(data).decode()


def _evaluated(points: Sequence[Datapoint]) -> list[dict[str, Any]]:
    return [
        {
            "timestamp": iso_offset(point.at),
            "sampleCount": float(point.samples),
            "value": point.value,
        }
        for point in points
    ]


def composite_state(change: Change, *, was: bool) -> dict[str, Any]:
    """The state, or the one before it, of a composite alarm that *change*, of a child, decided."""
    standing = change.before if was else change.after
    transition = f"transitioned to {standing.state} at {_in_words(standing.since)}"
    child = {"arn": change.arn, "state": _state_of(standing)}
    return {
        "value": standing.state,
        "reason": f"{change.arn} {transition}",
        "reasonData": orjson.dumps({"triggeringAlarms": [child]}).decode(),
        "timestamp": iso_offset(standing.since),
    }


def _in_words(at: datetime) -> str:
    utc = at.astimezone(UTC)
    day, month = _DAYS[utc.weekday()], _MONTHS[utc.month - 1]
    return f"{day} {utc.day:02} {month}, {utc:%Y %H:%M:%S} UTC"


def _state_of(standing: Standing) -> dict[str, str]:
    return {"value": standing.state, "timestamp": iso_offset(standing.since)}
