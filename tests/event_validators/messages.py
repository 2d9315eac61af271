"""SNS, and the sources that Lambda polls for its mappings."""

from __future__ import annotations

from tests.event_validators import Validator, powertools

_WINDOWS = "https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html"
_WINDOW = dict.fromkeys(
    (
        "window",
        "state",
        "shardId",
        "eventSourceARN",
        "isFinalInvokeForWindow",
        "isWindowTerminatedEarly",
    ),
    f"the model lacks it: {_WINDOWS}",
)
_DYNAMODB = powertools("DynamoDBStreamModel")

VALIDATORS: dict[tuple[str, str], Validator] = {
    ("sns", "notification"): powertools("SnsModel"),
    ("sns", "envelope"): powertools("SnsNotificationModel"),
    ("sqs", "message"): powertools("SqsModel"),
    ("kinesis", "records"): powertools("KinesisDataStreamModel"),
    ("kinesis", "window"): powertools("KinesisDataStreamModel", _WINDOW),
    ("dynamodb", "insert"): _DYNAMODB,
    ("dynamodb", "modify"): _DYNAMODB,
    ("dynamodb", "remove"): _DYNAMODB,
    ("dynamodb", "window"): powertools("DynamoDBStreamModel", _WINDOW),
}
TIMES = {
    "sns": ("iso_milliseconds",),
    "sqs": ("epoch_milliseconds",),
    "kinesis": ("iso_seconds", "epoch_seconds"),
    "dynamodb": ("iso_seconds", "epoch_seconds"),
}
