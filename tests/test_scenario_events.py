"""Faults of EventInvokeConfig and DeadLetterQueue, each with its place and AWS's text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eventsim.errors import ScenarioError
from eventsim.scenario import Scenario, load, schema
from eventsim.types import EventInvokeConfig

F = "arn:aws:lambda:us-east-1:123456789012:function:"
TEXT = """\
# Lesson.
name: events
resources:
  failed: {type: sqs}
  orders: {type: kinesis}
  audit: {type: eventbridge}
functions:
  f:
    Handler: a.b
    DeadLetterQueue: {Type: SQS, TargetArn: !GetAtt failed.Arn}
    EventInvokeConfig:
      MaximumRetryAttempts: 1
      MaximumEventAgeInSeconds: 60
      DestinationConfig:
        OnSuccess: {Type: Lambda, Destination: !GetAtt g.Arn}
        OnFailure: {Type: SQS, Destination: !Ref failed}
    RecursiveLoop: Allow
    duplicate_deliveries: 0.5
  g: {Handler: a.b}
timeline:
  - {at: 1s, invoke: f, type: Event, payload: {id: 1}}
"""
WHOLE = "{Type: Lambda, Destination: !GetAtt g.Arn}"


def faults(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "s.yaml"
    path.write_text(text)
    with pytest.raises(ScenarioError) as raised:
        load(path)
    return [str(fault).removeprefix(f"{path}:") for fault in raised.value.faults]


def test_the_valid_one_has_every_value_in_its_place(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(TEXT)
    f, g = load(path).function_values({"failed": "arn:aws:sqs:us-east-1:999999999999:failed"})
    elsewhere = "arn:aws:sqs:us-east-1:999999999999:failed"
    assert f.event_invoke == EventInvokeConfig(1, 60, f"{F}g", elsewhere)
    assert (f.dead_letter, f.recursive_loop, f.duplicate_deliveries) == (elsewhere, "Allow", 0.5)
    assert (g.event_invoke, g.dead_letter, g.recursive_loop) == (
        EventInvokeConfig(),
        None,
        "Terminate",
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "MaximumRetryAttempts: 1",
            "MaximumRetryAttempts: 3",
            "12:29: functions.f.EventInvokeConfig.MaximumRetryAttempts: ValidationException: 1 "
            "validation error detected: Value '3' at 'maximumRetryAttempts' failed to satisfy "
            "constraint: Member must have value less than or equal to 2",
        ),
        (
            "MaximumEventAgeInSeconds: 60",
            "MaximumEventAgeInSeconds: 59",
            "13:33: functions.f.EventInvokeConfig.MaximumEventAgeInSeconds: ValidationException: "
            "1 validation error detected: Value '59' at 'maximumEventAgeInSeconds' failed to "
            "satisfy constraint: Member must have value greater than or equal to 60",
        ),
        (
            WHOLE,
            "{Type: Lambda, Destination: !GetAtt f.Arn}",
            "15:48: functions.f.EventInvokeConfig.DestinationConfig.OnSuccess.Destination: "
            "InvalidParameterValueException: "
            "You can't specify the function as a destination for itself.",
        ),
        (
            WHOLE,
            f"{{Destination: '{F}nobody'}}",
            "15:34: functions.f.EventInvokeConfig.DestinationConfig.OnSuccess.Destination: "
            f"InvalidParameterValueException: The destination ARN {F}nobody is invalid.",
        ),
        (
            WHOLE,
            "{Destination: 'arn:aws:iam::123456789012:role/x'}",
            "15:34: functions.f.EventInvokeConfig.DestinationConfig.OnSuccess.Destination: "
            "InvalidParameterValueException: The provided destination config DestinationConfig("
            "onSuccess=OnSuccess(destination=arn:aws:iam::123456789012:role/x), onFailure=null) "
            "is invalid. (OnSuccess is one of sqs, sns, lambda, events)",
        ),
        (
            WHOLE,
            "{Destination: orders}",
            "15:34: functions.f.EventInvokeConfig.DestinationConfig.OnSuccess.Destination: "
            "InvalidParameterValueException: The provided destination config DestinationConfig("
            "onSuccess=OnSuccess(destination=arn:aws:kinesis:us-east-1:123456789012:orders), "
            "onFailure=null) is invalid. (OnSuccess is one of sqs, sns, lambda, events)",
        ),
        (
            WHOLE,
            "{Destination: nobody}",
            "15:34: functions.f.EventInvokeConfig.DestinationConfig.OnSuccess.Destination is "
            "'nobody', which is no resource and no function; there are: audit, f, failed, g, "
            "orders",
        ),
        (
            WHOLE,
            "{Type: SQS, Destination: audit}",
            "15:27: functions.f.EventInvokeConfig.DestinationConfig.OnSuccess.Type is 'SQS', but "
            "its destination is events; write EventBridge",
        ),
        (
            WHOLE,
            "{Type: SQS}",
            "15:9: no Destination in functions.f.EventInvokeConfig.DestinationConfig.OnSuccess; "
            "write Destination: !GetAtt done.Arn",
        ),
        (
            WHOLE,
            "{Type: S3, Destination: failed}",
            "15:27: functions.f.EventInvokeConfig.DestinationConfig.OnSuccess.Type is 'S3'; it "
            "must be one of SQS, SNS, Lambda, EventBridge",
        ),
        (
            "{Type: SQS, TargetArn: !GetAtt failed.Arn}",
            "{Type: SNS, TargetArn: !GetAtt failed.Arn}",
            "10:29: functions.f.DeadLetterQueue.Type is 'SNS', but its target is sqs; write SQS",
        ),
        (
            "{Type: SQS, TargetArn: !GetAtt failed.Arn}",
            "{Type: SQS, TargetArn: orders}",
            "10:45: functions.f.DeadLetterQueue.TargetArn: InvalidParameterValueException: The "
            "provided dead letter target arn:aws:kinesis:us-east-1:123456789012:orders is "
            "invalid. (a dead-letter queue is an SQS queue or an SNS topic)",
        ),
        (
            "{Type: SQS, TargetArn: !GetAtt failed.Arn}",
            "{Type: SQS, TargetArn: faild}",
            "10:45: functions.f.DeadLetterQueue.TargetArn is 'faild', which is no resource of the "
            "scenario; did you mean 'failed'?",
        ),
        (
            "RecursiveLoop: Allow",
            "RecursiveLoop: Stop",
            "17:20: functions.f.RecursiveLoop is 'Stop'; it must be one of Terminate, Allow",
        ),
        (
            "duplicate_deliveries: 0.5",
            "duplicate_deliveries: 2",
            "18:27: functions.f.duplicate_deliveries is 2; it must be at most 1.0",
        ),
        (
            "payload: {id: 1}}",
            "count: 0}",
            "21:45: timeline[0].count is 0; it must be at least 1",
        ),
        (
            "payload: {id: 1}}",
            "client_context: abc}",
            "21:54: timeline[0].client_context is 'abc'; write a mapping, such as "
            "{custom: {tenant: a}}",
        ),
        (
            "invoke: f,",
            "invoke: h,",
            "21:22: timeline[0].invoke is 'h', which is no function of the scenario; there are: "
            "f, g",
        ),
    ],
)
def test_a_fault_is_told_with_its_place(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert TEXT.count(old) == 1
    assert expected in faults(tmp_path, TEXT.replace(old, new))


def test_a_configuration_without_a_setting_is_refused_as_lambda_does(tmp_path: Path) -> None:
    start, rest = TEXT.split("    EventInvokeConfig:\n")
    end = rest[rest.index("    RecursiveLoop") :]
    assert faults(tmp_path, f"{start}    EventInvokeConfig: {{}}\n{end}") == [
        "11:24: functions.f.EventInvokeConfig: InvalidParameterValueException: "
        "You must specify at least one of error handling or destination setting."
    ]


def test_from_python_the_fault_has_the_path_of_its_value() -> None:
    config = {"MaximumRetryAttempts": 3}
    values: Any = {"name": "e", "functions": {"f": {"Handler": "a.b", "EventInvokeConfig": config}}}
    with pytest.raises(ScenarioError) as raised:
        Scenario.of(values)
    assert "functions.f.EventInvokeConfig.MaximumRetryAttempts: Valid" in str(raised.value)


def test_the_settings_of_an_alias_that_sam_makes_are_the_aliases() -> None:
    f: Any = {
        "Handler": "a.b",
        "AutoPublishAlias": "live",
        "EventInvokeConfig": {"MaximumRetryAttempts": 0},
    }
    (function,) = Scenario.of({"name": "e", "functions": {"f": f}}).function_values()
    assert function.event_invoke == EventInvokeConfig(0, qualifier="live")


def test_the_schema_knows_the_ranges() -> None:
    properties = schema()["$defs"]["EventInvokeBlock"]["properties"]
    found = properties["MaximumEventAgeInSeconds"]
    assert (found["minimum"], found["maximum"]) == (60, 21_600)
