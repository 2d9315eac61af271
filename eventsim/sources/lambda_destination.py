"""
Lambda: what a function gets as the destination of another, or of a stream that was given up on.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field

from eventsim.rules.arns import arn
from eventsim.rules.timestamps import epoch_milliseconds, iso_milliseconds, iso_seconds
from eventsim.types import InvocationType, Scene

INVOCATION_TYPES: tuple[InvocationType, ...] = ("Event",)
PRINCIPAL = "lambda.amazonaws.com"

Function = Annotated[str, "the function that was invoked"]
Payload = Annotated[dict[str, Any] | None, "the event that it got; an order unless given"]
Attempts = Annotated[int, Field(ge=1), "how often it was invoked"]
Message = Annotated[str, "errorMessage of the function"]
ErrorType = Annotated[str, "errorType of the function"]
Records = Annotated[int, Field(ge=1, le=10_000), "records of the batch"]
StreamName = Annotated[str, "the stream's, or the table's name"]
GivenUp = Annotated[
    Literal["RetryAttemptsExhausted", "RecordAgeExceeded"], "why the batch was given up"
]


def on_success(
    scene: Scene,
    *,
    function: Function = "orders",
    payload: Payload = None,
    response: Annotated[dict[str, Any] | None, "what the function answered"] = None,
) -> dict[str, Any]:
    """A function that was invoked asynchronously has answered."""
    made = _record(scene, function, payload, "Success", 1)
    made["responseContext"] = {"statusCode": 200, "executedVersion": "$LATEST"}
    made["responsePayload"] = {"stored": True} if response is None else response
    return made


def on_failure(
    scene: Scene,
    *,
    function: Function = "orders",
    payload: Payload = None,
    attempts: Attempts = 3,
    error_type: ErrorType = "OrderRefused",
    message: Message = "no stock",
) -> dict[str, Any]:
    """A function that was invoked asynchronously has failed in all its attempts."""
    made = _record(scene, function, payload, "RetriesExhausted", attempts)
    made["responseContext"] = {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
    }
    made["responsePayload"] = {
        "errorMessage": message,
        "errorType": error_type,
        "stackTrace": ['  File "/var/task/orders.py", line 12, in handler\n'],
    }
    return made


def event_age_exceeded(
    scene: Scene,
    *,
    function: Function = "orders",
    payload: Payload = None,
    attempts: Annotated[int, Field(ge=0), "how often it was invoked"] = 0,
) -> dict[str, Any]:
    """An event grew too old before a function could take it."""
    return _record(scene, function, payload, "EventAgeExceeded", attempts)


def kinesis_failure(
    scene: Scene,
    *,
    function: Function = "orders",
    stream: StreamName = "orders",
    condition: GivenUp = "RetryAttemptsExhausted",
    attempts: Attempts = 3,
    records: Records = 10,
) -> dict[str, Any]:
    """A batch of a Kinesis stream was given up."""
    where = arn("kinesis", scene.region, scene.account, f"stream/{stream}")
    numbers = [_sequence_number(scene, 56) for _ in range(2)]
    shard, stamp = "shardId-000000000000", iso_milliseconds
    made = _batch(scene, function, condition, attempts)
    made["KinesisBatchInfo"] = _info(scene, shard, numbers, records, where, stamp)
    return made


def dynamodb_failure(
    scene: Scene,
    *,
    function: Function = "orders",
    table: StreamName = "orders",
    condition: GivenUp = "RetryAttemptsExhausted",
    attempts: Attempts = 3,
    records: Records = 10,
) -> dict[str, Any]:
    """A batch of a table's stream was given up."""
    label = iso_milliseconds(scene.at - timedelta(days=30))[:-1]
    resource = f"table/{table}/stream/{label}"
    where = arn("dynamodb", scene.region, scene.account, resource)
    numbers = [_sequence_number(scene, 24) for _ in range(2)]
    shard = f"shardId-{epoch_milliseconds(scene.at):020}-{scene.hex(8)}"
    made = _batch(scene, function, condition, attempts)
    made["DDBStreamBatchInfo"] = _info(scene, shard, numbers, records, where, iso_seconds)
    return made


EVENTS = (on_success, on_failure, event_age_exceeded, kinesis_failure, dynamodb_failure)


def source_arn(event: dict[str, Any], scene: Scene) -> str:
    """The ARN of the function that was invoked."""
    return str(event["requestContext"]["functionArn"])


def _record(
    scene: Scene, function: str, payload: dict[str, Any] | None, condition: str, attempts: int
) -> dict[str, Any]:
    name = arn("lambda", scene.region, scene.account, f"function:{function}:$LATEST")
    return {
        "version": "1.0",
        "timestamp": iso_milliseconds(scene.at),
        "requestContext": {
            "requestId": scene.uuid(),
            "functionArn": name,
            "condition": condition,
            "approximateInvokeCount": attempts,
        },
        "requestPayload": {"orderId": scene.uuid()} if payload is None else dict(payload),
    }


def _batch(scene: Scene, function: str, condition: str, attempts: int) -> dict[str, Any]:
    name = arn("lambda", scene.region, scene.account, f"function:{function}")
    answered = {
        "responseContext": {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled",
        }
    }
    return {
        "requestContext": {
            "requestId": scene.uuid(),
            "functionArn": name,
            "condition": condition,
            "approximateInvokeCount": attempts,
        },
        **(answered if condition == "RetryAttemptsExhausted" else {}),
        "version": "1.0",
        "timestamp": iso_milliseconds(scene.at),
    }


def _info(
    scene: Scene, shard: str, numbers: list[str], records: int, where: str, stamp: Any
) -> dict[str, Any]:
    arrived = scene.at - timedelta(minutes=2)
    return {
        "shardId": shard,
        "startSequenceNumber": numbers[0],
        "endSequenceNumber": numbers[1] if records > 1 else numbers[0],
        "approximateArrivalOfFirstRecord": stamp(arrived),
        "approximateArrivalOfLastRecord": stamp(arrived + timedelta(seconds=1)),
        "batchSize": records,
        "streamArn": where,
    }


def _sequence_number(scene: Scene, digits: int) -> str:
    """Digits that grow: of the moment, and of how many there were before."""
    count = scene.count("given up")
    head = f"4{epoch_milliseconds(scene.at):013}{count:08}"
    return head + "0" * (digits - len(head))
