"""When an alarm changes its state: the tables of CloudWatch's page, and its words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsim.rules.alarms import (
    Alarm,
    ComparisonOperator,
    Datapoint,
    State,
    evaluate,
    statistic_of,
)

AT = datetime(2026, 1, 1, tzinfo=UTC)
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
KEPT = "as before"


def alarm(**settings: Any) -> Alarm:
    return Alarm("a", "N", "M", **{"threshold": 1.0, "evaluation_periods": 3, **settings})


def window(points: str) -> list[Datapoint]:
    """``0 - X``: a data point that is fine, none, and one that breaches."""
    values = {"0": 0.0, "-": None, "X": 5.0}
    return [
        Datapoint(AT + timedelta(minutes=n), values[point])
        for n, point in enumerate(points.split())
    ]


# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
@pytest.mark.parametrize(
    ("needed", "points", "states"),
    [
        (3, "0 - X - X", ("OK", "OK", "OK", "OK")),
        (3, "- - - - 0", ("OK", "OK", "OK", "OK")),
        (3, "- - - - -", ("INSUFFICIENT_DATA", KEPT, "ALARM", "OK")),
        (3, "0 X X - X", ("ALARM", "ALARM", "ALARM", "ALARM")),
        (3, "- - X - -", ("ALARM", KEPT, "ALARM", "OK")),
        (2, "0 - X - X", ("ALARM", "ALARM", "ALARM", "ALARM")),
        (2, "0 0 X 0 X", ("ALARM", "ALARM", "ALARM", "ALARM")),
        (2, "0 - X - -", ("OK", "OK", "ALARM", "OK")),
        (2, "- - - - 0", ("OK", "OK", "ALARM", "OK")),
        (2, "- - - - X", ("ALARM", KEPT, "ALARM", "OK")),
    ],
)
@pytest.mark.parametrize("before", ["OK", "ALARM", "INSUFFICIENT_DATA"])
def test_missing_data_is_treated_as_in_the_tables_of_cloudwatch(
    needed: int, points: str, states: tuple[str, ...], before: State
) -> None:
    found = tuple(
        evaluate(
            alarm(datapoints_to_alarm=needed, treat_missing_data=treatment), window(points), before
        ).state
        for treatment in TREATMENTS
    )
    assert found == tuple(before if state == KEPT else state for state in states)


@pytest.mark.parametrize(
    ("operator", "states"),
    [
        ("GreaterThanOrEqualToThreshold", ("OK", "ALARM", "ALARM")),
        ("GreaterThanThreshold", ("OK", "OK", "ALARM")),
        ("LessThanThreshold", ("ALARM", "OK", "OK")),
        ("LessThanOrEqualToThreshold", ("ALARM", "ALARM", "OK")),
    ],
)
def test_each_operator_compares_as_it_says(
    operator: ComparisonOperator, states: tuple[str, ...]
) -> None:
    one = alarm(comparison_operator=operator, evaluation_periods=1)
    found = [evaluate(one, [Datapoint(AT, value)], "OK").state for value in (0.0, 1.0, 2.0)]
    assert tuple(found) == states


def test_every_operator_is_tried() -> None:
    assert len(get_args(ComparisonOperator)) == 4


@pytest.mark.parametrize(
    ("statistic", "value"),
    [("SampleCount", 3.0), ("Average", 2.0), ("Sum", 6.0), ("Minimum", 1.0), ("Maximum", 3.0)],
)
def test_a_period_comes_to_its_statistic(statistic: Any, value: float) -> None:
    assert statistic_of(alarm(statistic=statistic), [1, 2, 3]) == value
    assert statistic_of(alarm(statistic=statistic), []) is None


@given(st.text("0X-", min_size=3, max_size=8), st.sampled_from(TREATMENTS), st.integers(1, 3))
def test_only_the_last_real_data_points_count(points: str, treatment: Any, needed: int) -> None:
    one = alarm(treat_missing_data=treatment, datapoints_to_alarm=needed)
    real = [each for each in window(" ".join(points)) if each.value is not None]
    verdict = evaluate(one, window(" ".join(points)), "OK")
    assert list(reversed(verdict.evaluated)) == real[-3:]
    if len(real) >= 3:
        breaching = sum(each.value == 5.0 for each in real[-3:])
        assert verdict.state == ("ALARM" if breaching >= needed else "OK")


def test_the_reason_is_in_cloudwatchs_words() -> None:
    two = alarm(evaluation_periods=2, datapoints_to_alarm=1, threshold=1.0)
    assert evaluate(two, window("0 X"), "OK").reason == (
        "Threshold Crossed: 1 out of the last 2 datapoints [5.0 (01/01/26 00:01:00)] was greater "
        "than or equal to the threshold (1.0) (minimum 1 datapoint for OK -> ALARM transition)."
    )
    assert evaluate(two, window("0 0"), "ALARM").reason == (
        "Threshold Crossed: 2 out of the last 2 datapoints [0.0 (01/01/26 00:01:00), 0.0 "
        "(01/01/26 00:00:00)] were not greater than or equal to the threshold (1.0) (minimum 2 "
        "datapoints for ALARM -> OK transition)."
    )
    assert evaluate(two, window("- -"), "OK").reason == (
        "Insufficient Data: 2 datapoints were unknown."
    )
    good = alarm(datapoints_to_alarm=2, treat_missing_data="notBreaching")
    assert evaluate(good, window("- - X"), "ALARM").reason == (
        "Threshold Crossed: 2 missing datapoints were treated as [NonBreaching] (minimum 2 "
        "datapoints for ALARM -> OK transition)."
    )
    breaching = alarm(evaluation_periods=1, treat_missing_data="breaching")
    assert evaluate(breaching, [], "OK").reason == (
        "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was "
        "treated as [Breaching]."
    )
