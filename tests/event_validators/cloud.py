"""CloudFormation, EventBridge, CloudWatch Logs and alarms."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import cfnresponse
import jsonschema
from aws_lambda_powertools.utilities.data_classes import CloudWatchAlarmEvent

from eventsim.rules.custom_resources import RESPONSE_BYTES_MAX, read_response
from eventsim.services.response_urls import serve
from tests.event_validators import Validator, powertools, schema, whole

_NOTIFIED = (
    "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html"
)
_TEXT = {"type": "string", "minLength": 1}
_STATE = {"enum": ["OK", "ALARM", "INSUFFICIENT_DATA"]}
_MISSING = {"enum": ["missing", "ignore", "breaching", "notBreaching"]}
_OPTIONAL = "description"
_ACTIONS = {"type": "array", "items": _TEXT}


def _answered(model: str) -> Validator:
    """Powertools' model, and cfnresponse, which answers at the address in the event."""
    shape = powertools(model)

    def check(event: Any) -> None:
        shape.check(event)
        address = urlsplit(event["ResponseURL"])
        with serve(f"{address.path}?{address.query}", RESPONSE_BYTES_MAX) as served:
            sent = {**event, "ResponseURL": served.url}
            context = SimpleNamespace(log_stream_name="stream")
            with redirect_stdout(io.StringIO()):
                cfnresponse.send(sent, context, cfnresponse.SUCCESS, {"Rows": 3}, "seed")
        assert served.body is not None, served.refusals
        assert read_response(served.body, sent).succeeded

    return Validator(f"{shape.name}, and cfnresponse by its PUT", check)


_METRIC = whole(
    {
        "id": _TEXT,
        "metricStat": whole(
            {
                "metric": whole(
                    {"namespace": _TEXT, "name": _TEXT, "dimensions": {"type": "object"}}
                ),
                "period": {"type": "integer"},
                "stat": _TEXT,
                "unit": _TEXT,
            },
            "unit",
        ),
        "returnData": {"const": True},
    }
)
_STANDING = whole(
    {"value": _STATE, "reason": _TEXT, "reasonData": _TEXT, "timestamp": _TEXT}, "reasonData"
)
_CONFIGURATION = {
    "oneOf": [
        whole({"description": _TEXT, "metrics": {"type": "array", "items": _METRIC}}, _OPTIONAL),
        whole({"description": _TEXT, "alarmRule": _TEXT}, _OPTIONAL),
    ]
}
_ALARM = whole(
    {
        "source": {"const": "aws.cloudwatch"},
        "alarmArn": _TEXT,
        "accountId": {"type": "string", "pattern": r"^\d{12}$"},
        "time": _TEXT,
        "region": _TEXT,
        "alarmData": whole(
            {
                "alarmName": _TEXT,
                "state": _STANDING,
                "previousState": _STANDING,
                "configuration": _CONFIGURATION,
            }
        ),
    }
)


def _alarm(event: Any) -> None:
    """A data class is lazy: everything it has is asked for; the schema refuses other keys."""
    jsonschema.Draft202012Validator(_ALARM).validate(event)
    read = CloudWatchAlarmEvent(event)
    data = read.alarm_data
    for metric in data.configuration.metrics:
        assert metric.metric_stat.metric["name"]
    assert data.configuration.metrics or data.configuration.alarm_rule
    decoded = data.state.reason_data_decoded
    assert isinstance(decoded, dict)
    assert (read.source, read.region in read.alarm_arn) == ("aws.cloudwatch", True)
    assert data.state.value != data.previous_state.value or "alarmRule" in str(event)


_CUSTOM_RESOURCE = "CloudFormationCustomResource{}Model"
_ENVELOPE = powertools("EventBridgeModel")
_DATA = powertools("CloudWatchLogsModel")
_NOTIFICATION = schema(
    _NOTIFIED,
    whole(
        {
            "AlarmName": _TEXT,
            "AlarmDescription": {"type": ["string", "null"]},
            "AWSAccountId": {"type": "string", "pattern": r"^\d{12}$"},
            "AlarmConfigurationUpdatedTimestamp": _TEXT,
            "NewStateValue": _STATE,
            "NewStateReason": _TEXT,
            "StateChangeTime": _TEXT,
            "Region": _TEXT,
            "AlarmArn": _TEXT,
            "OldStateValue": _STATE,
            "OKActions": _ACTIONS,
            "AlarmActions": _ACTIONS,
            "InsufficientDataActions": _ACTIONS,
            "Trigger": whole(
                {
                    "MetricName": _TEXT,
                    "Namespace": _TEXT,
                    "StatisticType": {"const": "Statistic"},
                    "Statistic": {"enum": ["SAMPLECOUNT", "AVERAGE", "SUM", "MINIMUM", "MAXIMUM"]},
                    "Unit": {"type": ["string", "null"]},
                    "Dimensions": {
                        "type": "array",
                        "items": whole({"value": _TEXT, "name": _TEXT}),
                    },
                    "Period": {"type": "integer"},
                    "EvaluationPeriods": {"type": "integer"},
                    "DatapointsToAlarm": {"type": "integer"},
                    "ComparisonOperator": _TEXT,
                    "Threshold": {"type": "number"},
                    "TreatMissingData": _MISSING,
                    "EvaluateLowSampleCountPercentile": {"type": "string"},
                },
                "DatapointsToAlarm",
            ),
        }
    ),
)

VALIDATORS: dict[tuple[str, str], Validator] = {
    ("cloudformation", "create"): _answered(_CUSTOM_RESOURCE.format("Create")),
    ("cloudformation", "update"): _answered(_CUSTOM_RESOURCE.format("Update")),
    ("cloudformation", "delete"): _answered(_CUSTOM_RESOURCE.format("Delete")),
    **{
        ("eventbridge", event): _ENVELOPE
        for event in (
            "custom",
            "scheduled",
            "ec2-state-change",
            "trusted-advisor",
            "alarm-state-change",
        )
    },
    ("scheduler", "scheduled"): _ENVELOPE,
    ("logs", "data"): _DATA,
    ("logs", "control"): _DATA,
    ("alarm", "state-change"): Validator("Powertools data class `CloudWatchAlarmEvent`", _alarm),
    ("alarm", "composite"): Validator("Powertools data class `CloudWatchAlarmEvent`", _alarm),
    ("alarm", "message"): _NOTIFICATION,
}
TIMES = {
    "eventbridge": ("iso_seconds", "iso_offset"),
    "alarm": ("iso_offset",),
    "scheduler": ("iso_seconds",),
}
