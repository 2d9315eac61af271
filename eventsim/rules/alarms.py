"""
When a metric alarm changes its state, and why.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html

Where AWS is silent: two periods more than EvaluationPeriods are looked at, as in the tables of that
page, so that late data points are still found.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
Statistic = Literal["SampleCount", "Average", "Sum", "Minimum", "Maximum"]
ComparisonOperator = Literal[
    "GreaterThanOrEqualToThreshold",
    "GreaterThanThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
]
TreatMissingData = Literal["missing", "ignore", "breaching", "notBreaching"]

RANGE_BEYOND = 2
_COMPARED: dict[ComparisonOperator, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to the threshold"),
    "GreaterThanThreshold": (operator.gt, "greater than the threshold"),
    "LessThanThreshold": (operator.lt, "less than the threshold"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to the threshold"),
}
_TREATED: dict[TreatMissingData, State] = {"breaching": "ALARM", "notBreaching": "OK"}
_STATISTICS: dict[Statistic, Callable[[Sequence[float]], float]] = {
    "SampleCount": lambda values: float(len(values)),
    "Average": lambda values: sum(values) / len(values),
    "Sum": lambda values: float(sum(values)),
    "Minimum": lambda values: float(min(values)),
    "Maximum": lambda values: float(max(values)),
}


@dataclass(frozen=True, slots=True)
class Alarm:
    """A metric alarm, in the fields of PutMetricAlarm. Actions are ARNs."""

    name: str
    namespace: str
    metric_name: str
    threshold: float
    comparison_operator: ComparisonOperator = "GreaterThanOrEqualToThreshold"
    statistic: Statistic = "Average"
    period: int = 60
    evaluation_periods: int = 1
    datapoints_to_alarm: int | None = None
    treat_missing_data: TreatMissingData = "missing"
    dimensions: tuple[tuple[str, str], ...] = ()
    unit: str | None = None
    description: str | None = None
    alarm_actions: tuple[str, ...] = ()
    ok_actions: tuple[str, ...] = ()
    insufficient_data_actions: tuple[str, ...] = ()

    @property
    def needed(self) -> int:
        """How many data points have to breach the threshold."""
        return self.datapoints_to_alarm or self.evaluation_periods

    def actions(self, state: State) -> tuple[str, ...]:
        """Whom a change to *state* is told."""
        return {
            "ALARM": self.alarm_actions,
            "OK": self.ok_actions,
            "INSUFFICIENT_DATA": self.insufficient_data_actions,
        }[state]


class Datapoint(NamedTuple):
    """What a metric came to in one period; None where nothing was measured in it."""

    at: datetime
    value: float | None
    samples: int = 1


class Verdict(NamedTuple):
    """The state that follows, why, and the data points that it was judged by, newest first."""

    state: State
    reason: str
    evaluated: tuple[Datapoint, ...]


def statistic_of(alarm: Alarm, values: Sequence[float]) -> float | None:
    """What the values of one period come to."""
    return _STATISTICS[alarm.statistic](values) if values else None


def evaluate(alarm: Alarm, window: Sequence[Datapoint], before: State) -> Verdict:
    """The state after *window*, the last periods with the oldest first."""
    real = [point for point in window if point.value is not None][-alarm.evaluation_periods :]
    missing = alarm.evaluation_periods - len(real)
    breaching = sum(_breaches(alarm, point) for point in real)
    evaluated = tuple(reversed(real))
    state = _state(alarm, len(real), missing, breaching, before)
    if not real:
        return Verdict(state, _reason_without_data(alarm, state, missing), evaluated)
    return Verdict(state, _reason(alarm, evaluated, state, before), evaluated)


def _state(alarm: Alarm, real: int, missing: int, breaching: int, before: State) -> State:
    match alarm.treat_missing_data:
        case "breaching":
            return "ALARM" if breaching + missing >= alarm.needed else "OK"
        case "notBreaching":
            return "ALARM" if breaching >= alarm.needed else "OK"
    if not real:
        return before if alarm.treat_missing_data == "ignore" else "INSUFFICIENT_DATA"
    if breaching < min(alarm.needed, real):
        return "OK"
    if breaching < alarm.needed and alarm.treat_missing_data == "ignore":
        return before
    return "ALARM"


def _breaches(alarm: Alarm, point: Datapoint) -> bool:
    compare, _ = _COMPARED[alarm.comparison_operator]
    return point.value is not None and compare(point.value, alarm.threshold)


def _reason(alarm: Alarm, evaluated: Sequence[Datapoint], state: State, before: State) -> str:
    alarming = state == "ALARM"
    counted = [point for point in evaluated if _breaches(alarm, point) is alarming]
    shown = ", ".join(f"{point.value} ({point.at:%d/%m/%y %H:%M:%S})" for point in counted)
    were = "was" if len(counted) == 1 else "were"
    relation = f"{'' if alarming else 'not '}{_COMPARED[alarm.comparison_operator][1]}"
    least = alarm.needed if alarming else alarm.evaluation_periods - alarm.needed + 1
    change = "OK -> ALARM" if alarming else "ALARM -> OK"
    told = [
        f"{len(counted)} out of the last {len(evaluated)} datapoints [{shown}] {were} {relation} "
        f"({alarm.threshold})"
    ]
    missing = alarm.evaluation_periods - len(evaluated)
    treated = _TREATED.get(alarm.treat_missing_data) == state
    parts = (told if counted else []) + ([_treated(missing, state)] if missing and treated else [])
    minimum = f"(minimum {_plural(least, 'datapoint')} for {change} transition)"
    return f"Threshold Crossed: {' and '.join(parts or told)} {minimum}."


def _reason_without_data(alarm: Alarm, state: State, missing: int) -> str:
    points = _plural(missing, "datapoint")
    were = "was" if missing == 1 else "were"
    if state == "INSUFFICIENT_DATA":
        return f"Insufficient Data: {points} {were} unknown."
    received = f"no datapoints were received for {_plural(missing, 'period')}"
    return f"Threshold Crossed: {received} and {_treated(missing, state)}."


def _treated(missing: int, state: State) -> str:
    points = "missing datapoint was" if missing == 1 else "missing datapoints were"
    treated = "Breaching" if state == "ALARM" else "NonBreaching"
    return f"{missing} {points} treated as [{treated}]"


def _plural(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
