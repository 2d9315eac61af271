"""
Step Functions: a state machine runs a function as one of its tasks.

The machine invokes by its own role, so no function's policy is asked. What the function gets is
the task's Payload, whatever that is; what a failed task hands to a Catch is an event as well.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from __future__ import annotations

from typing import Annotated, Any

import orjson

from eventsim.sources._contract import Broken, value_of
from eventsim.types import Answer, InvocationType, InvokeResult, Scene

INVOCATION_TYPES: tuple[InvocationType, ...] = ("RequestResponse", "Event")
PRINCIPAL = None
OUTPUT_BYTES_MAX = 262_144

Input = Annotated[dict[str, Any] | None, "the input of the state; an order unless given"]


def task(scene: Scene, *, input: Input = None) -> dict[str, Any]:  # noqa: A002  # as AWS calls it
    """A task runs with the input of its state."""
    return _input(scene, input)


def wait_for_callback(
    scene: Scene,
    *,
    input: Input = None,  # noqa: A002  # as AWS calls it
    token_key: Annotated[str, "where the state puts the task token"] = "TaskToken",
    input_key: Annotated[str, "where the state puts its input"] = "Input",
) -> dict[str, Any]:
    """A task waits until somebody sends its token back."""
    return {token_key: scene.base64(510), input_key: _input(scene, input)}


def error(
    scene: Scene,
    *,
    error: Annotated[str, "the error's name"] = "OrderRefused",
    message: Annotated[str, "errorMessage of the function that failed"] = "no stock",
    input: Input = None,  # noqa: A002  # as AWS calls it
    result_path: Annotated[
        str | None, "the key of ResultPath that the error is put at; alone unless given"
    ] = None,
) -> dict[str, Any]:
    """A state that catches an error runs with what failed."""
    trace = ['  File "/var/task/orders.py", line 12, in handler\n    raise OrderRefused(message)\n']
    cause = {
        "errorMessage": message,
        "errorType": error,
        "requestId": scene.uuid(),
        "stackTrace": trace,
    }
    told = {"Error": error, "Cause": orjson.dumps(cause).decode()}
    return told if result_path is None else {**_input(scene, input), result_path: told}


EVENTS = (task, wait_for_callback, error)


def answer(result: InvokeResult, event: Any) -> Answer:
    """The output of the task; a failure is the error that a Retry or a Catch would look for."""
    if result.function_error is not None:
        return Answer(False, _failure(result), f"the function failed: {result.function_error}")
    if len(result.payload) > OUTPUT_BYTES_MAX:
        return Answer(
            False,
            {"Error": "States.DataLimitExceeded"},
            f"the output has {len(result.payload)} bytes; at most {OUTPUT_BYTES_MAX} may be",
        )
    try:
        return Answer(value=value_of(result))
    except Broken as broken:
        return broken.answer()


def _failure(result: InvokeResult) -> dict[str, Any]:
    """``Error`` is the type of what was raised; one that has none is Lambda.Unknown."""
    try:
        told = orjson.loads(result.payload)
    except ValueError:
        told = None
    known = isinstance(told, dict) and isinstance(told.get("errorType"), str)
    error = told["errorType"] if known else "Lambda.Unknown"
    return {"Error": error, "Cause": result.payload.decode("utf-8", "replace")}


def _input(scene: Scene, said: dict[str, Any] | None) -> dict[str, Any]:
    if said is not None:
        return dict(said)
    return {"orderId": scene.uuid(), "total": scene.number(5, 500)}
