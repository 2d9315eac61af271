"""
What destinations and dead-letter queues are sent about an asynchronous event.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
(Keys and their order as recorded on AWS.)

Pure: no clock, no I/O.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from eventsim.rules.async_retries import EventCondition
from eventsim.rules.function_names import LATEST
from eventsim.types import Document, Outcome

VERSION = "1.0"
ERROR_MESSAGE_BYTES_MAX = 1_024
RAN_STATUS = 200
_DETAIL_TYPE = "Lambda Function Invocation Result - "


class Ended(NamedTuple):
    """An event whose fate is decided; ``function_arn`` is the ARN that its sender used.

    ``outcome`` is the last run's, and None where the function did not run in the end; then
    ``status`` and ``message`` say what Lambda itself answered. ``now`` is epoch time.
    """

    request_id: str
    function: str
    function_arn: str
    version: str
    payload: bytes
    condition: EventCondition
    invoke_count: int
    now: float
    trace_header: str
    outcome: Outcome | None = None
    status: int = RAN_STATUS
    message: str = ""


def qualified(function_arn: str) -> str:
    """The ARN with a qualifier, ``$LATEST`` where the caller gave none."""
    return function_arn if function_arn.count(":") > 6 else f"{function_arn}:{LATEST}"


def record(ended: Ended) -> Document:
    """The record of an invocation, for the destination that its end calls for."""
    brief = _frame(ended)
    body = _frame(ended) | {"requestPayload": _as_it_came(ended.payload)}
    if (outcome := ended.outcome) is not None:
        context = {"statusCode": RAN_STATUS, "executedVersion": ended.version}
        if outcome.error is not None:
            context["functionError"] = "Unhandled"
        body["responseContext"] = brief["responseContext"] = context
        body["responsePayload"] = _as_it_came(outcome.payload)
    return Document(
        body,
        None,
        f"aws/lambda/async/{ended.function}/",
        ended.now,
        brief,
        trace_header=ended.trace_header,
        detail_type=_DETAIL_TYPE + ("Success" if ended.condition == "Success" else "Failure"),
        function_arn=qualified(ended.function_arn),
    )


def dead_letter(ended: Ended) -> Document:
    """The event itself as a dead-letter queue gets it; what was wrong is in its attributes.

    ErrorMessage is left out where the function gave none: an attribute cannot be empty.
    """
    outcome = ended.outcome
    said = outcome.error.message if outcome and outcome.error else ended.message
    attributes = {
        "RequestID": _attribute("String", ended.request_id),
        "ErrorCode": _attribute("Number", str(RAN_STATUS if outcome else ended.status)),
    }
    if said:
        attributes["ErrorMessage"] = _attribute("String", cut(said, ERROR_MESSAGE_BYTES_MAX))
    return Document(
        orjson.Fragment(ended.payload),
        None,
        "",
        ended.now,
        attributes=attributes,
        trace_header=ended.trace_header,
    )


def cut(text: str, bytes_max: int) -> str:
    """As much of the beginning of *text* as has so many bytes of UTF-8; no half characters."""
    return text.encode("utf-8", "replace")[:bytes_max].decode("utf-8", "ignore")


def _frame(ended: Ended) -> dict[str, Any]:
    moment = datetime.fromtimestamp(ended.now, UTC).replace(tzinfo=None)
    return {
        "version": VERSION,
        "timestamp": moment.isoformat(timespec="milliseconds") + "Z",
        "requestContext": {
            "requestId": ended.request_id,
            "functionArn": qualified(ended.function_arn),
            "condition": ended.condition,
            "approximateInvokeCount": ended.invoke_count,
        },
    }


def _as_it_came(payload: bytes) -> Any:
    """A payload inside a record: its own bytes where they are JSON, else their text."""
    try:
        orjson.loads(payload)
    except ValueError:
        return payload.decode("utf-8", "replace")
    return orjson.Fragment(payload)


def _attribute(kind: str, value: str) -> dict[str, str]:
    return {"DataType": kind, "StringValue": value}
