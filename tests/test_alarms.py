"""Alarms in a run: what they watch, when they change, and who is told how."""

from __future__ import annotations

import json
from typing import Any

import pytest

from eventsim import Scenario
from eventsim.errors import EventsimError, ScenarioError
from tests.test_eventbridge import QUEUE, Played

BACKLOG = {
    "type": "alarm",
    "Namespace": "Orders",
    "MetricName": "Backlog",
    "Statistic": "Maximum",
    "Threshold": 10,
    "ComparisonOperator": "GreaterThanThreshold",
}


def measured(*values: float | None, every: int = 60) -> list[dict[str, Any]]:
    """A value in the middle of each period; None for none."""
    return [
        {
            "at": f"{every * n + every // 2}s",
            "put_metric": "Backlog",
            "namespace": "Orders",
            "values": [value],
        }
        for n, value in enumerate(values)
        if value is not None
    ]


def played(alarm: dict[str, Any], *values: float | None, **more: Any) -> Played:
    resources = {"backlog": {**BACKLOG, **alarm}, **more.pop("resources", {})}
    return Played({"run_for": "1h", "resources": resources, "timeline": measured(*values), **more})


def changes(run: Played) -> list[tuple[float, str]]:
    states = [each["state"] for each in run.told("alarm_changed")]
    return list(zip(run.times("alarm_changed"), states, strict=True))


def test_an_alarm_is_judged_when_each_of_its_periods_is_over() -> None:
    run = played({}, 5, 11, 11, 3)
    # Two periods more than one are looked at, so a value counts for three of them.
    assert changes(run) == [
        (60.0, "OK"),
        (120.0, "ALARM"),
        (240.0, "OK"),
        (420.0, "INSUFFICIENT_DATA"),
    ]


def test_two_of_three_data_points_are_enough_when_it_says_so() -> None:
    alarm = {"EvaluationPeriods": 3, "DatapointsToAlarm": 2, "TreatMissingData": "notBreaching"}
    assert changes(played(alarm, 5, 11, 5, 11, 5, 5)) == [
        (60.0, "OK"),
        (240.0, "ALARM"),
        (300.0, "OK"),
    ]


def test_data_with_other_dimensions_is_another_metrics() -> None:
    run = played({"Dimensions": [{"Name": "Shop", "Value": "a"}]}, 11, 11)
    assert changes(run) == []


def test_a_function_a_topic_and_the_default_bus_are_told_each_in_its_form() -> None:
    rule = {"Pattern": {"detail-type": ["CloudWatch Alarm State Change"]}, "InputPath": "$.detail"}
    functions = {"f": {"Events": {"Change": {"Type": "EventBridgeRule", "Properties": rule}}}}
    topic = {"type": "sns", "subscriptions": [{"queue": "inbox"}]}
    run = played(
        {"AlarmActions": ["f", "topic"], "AlarmDescription": "too much waits"},
        5,
        11,
        functions=functions,
        resources={"topic": topic, "inbox": QUEUE},
    )
    alarmed = [event for event in run.events if "alarmData" in event]
    details = [event for event in run.events if "alarmName" in event]
    (event,) = alarmed
    assert event["alarmArn"] == "arn:aws:cloudwatch:us-east-1:123456789012:alarm:backlog"
    assert event["alarmData"] in details
    assert [each["state"]["value"] for each in details] == ["OK", "ALARM", "INSUFFICIENT_DATA"]
    assert event["alarmData"]["previousState"]["value"] == "OK"
    (body,) = run.bodies["inbox"]
    assert body["Subject"] == 'ALARM: "backlog" in US East (N. Virginia)'
    message = json.loads(body["Message"])
    assert (message["NewStateValue"], message["OldStateValue"]) == ("ALARM", "OK")
    assert message["NewStateReason"] == event["alarmData"]["state"]["reason"]
    assert message["Trigger"]["MetricName"] == "Backlog"
    assert len(run.told("action_taken")) == 1


def test_actions_that_are_not_enabled_are_not_taken() -> None:
    run = played({"AlarmActions": ["f"], "ActionsEnabled": False}, 11)
    assert (changes(run)[0], run.events) == ((60.0, "ALARM"), [])


def test_a_topic_that_refuses_is_told_of_and_no_more() -> None:
    topic = {"type": "sns", "refuse": "AuthorizationError"}
    run = played({"AlarmActions": ["topic"]}, 11, resources={"topic": topic})
    assert [each["code"] for each in run.told("action_failed")] == ["AuthorizationError"]


def test_lambdas_own_errors_are_measured() -> None:
    alarm = {
        "type": "alarm",
        "Namespace": "AWS/Lambda",
        "MetricName": "Errors",
        "Dimensions": [{"Name": "FunctionName", "Value": "broken"}],
        "Statistic": "Sum",
        "Threshold": 2,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "AlarmActions": ["f"],
    }
    functions: dict[str, Any] = {"f": {}, "broken": {"Timeout": 1, "duration": "2s"}}
    steps = [{"at": f"{second}s", "invoke": "broken"} for second in (1, 20)]
    values = {
        "run_for": "5m",
        "resources": {"errors": alarm},
        "functions": functions,
        "timeline": steps,
    }
    run = Played(values)
    assert changes(run)[0] == (60.0, "ALARM")
    assert [each["alarmData"]["state"]["value"] for _, each in run.seen if each] == ["ALARM"]


@pytest.mark.parametrize(
    ("alarm", "reason"),
    [
        ({"Period": 45}, "Period is 10, 20, 30, or a multiple of 60"),
        ({"DatapointsToAlarm": 2}, "DatapointsToAlarm is over EvaluationPeriods"),
        ({"Period": 86_400, "EvaluationPeriods": 8}, "over seven days"),
        ({"ExtendedStatistic": "p99"}, "'ExtendedStatistic' in resources.a is not simulated yet"),
        ({"AlarmActions": ["nobody"]}, "is 'nobody', which is no resource and no function"),
    ],
)
def test_an_alarm_that_cannot_be_is_refused(alarm: dict[str, Any], reason: str) -> None:
    values = {"name": "small", "run_for": "1h", "resources": {"a": {**BACKLOG, **alarm}}}
    with pytest.raises(ScenarioError) as refused:
        Scenario.of(values)
    assert reason.lower() in str(refused.value).lower()


def test_an_alarm_without_an_end_needs_a_run_that_has_one() -> None:
    with pytest.raises(ScenarioError, match="goes on for ever"):
        Scenario.of({"name": "small", "resources": {"a": BACKLOG}})


def test_an_action_is_a_function_or_a_topic() -> None:
    with pytest.raises(EventsimError, match="is neither a function nor a topic"):
        played({"AlarmActions": ["q"]}, resources={"q": QUEUE})
