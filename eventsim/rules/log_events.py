"""
What a subscription filter of CloudWatch Logs sends.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
"""

from __future__ import annotations

import gzip
from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson


class LogEvent(NamedTuple):
    """A line of a log stream; ``timestamp`` is in milliseconds since 1970."""

    timestamp: int
    message: str
    extracted: dict[str, str] | None = None


def event_id(timestamp: int, ingestion: int, number: int) -> str:
    """The id of an event: 56 digits that grow with its time, and then from one to the next."""
    return f"{timestamp:014}{ingestion:014}{number:028}"


def document(
    owner: str,
    group: str,
    stream: str,
    filters: Sequence[str],
    events: Sequence[tuple[str, LogEvent]],
    *,
    policy_level: str | None = None,
) -> dict[str, Any]:
    """What is told of events of one log stream, each with its id."""
    level = {} if policy_level is None else {"policyLevel": policy_level}
    return {
        "messageType": "DATA_MESSAGE",
        "owner": owner,
        "logGroup": group,
        "logStream": stream,
        "subscriptionFilters": list(filters),
        **level,
        "logEvents": [
            {
                "id": id_,
                "timestamp": event.timestamp,
                "message": event.message,
                **({} if event.extracted is None else {"extractedFields": event.extracted}),
            }
            for id_, event in events
        ],
    }


def control_document(timestamp: int, filters: Sequence[str]) -> dict[str, Any]:
    """What is sent to see whether anybody is there."""
    text = "CWL CONTROL MESSAGE: Checking health of destination Lambda function."
    return {
        "messageType": "CONTROL_MESSAGE",
        "owner": "CloudwatchLogs",
        "logGroup": "",
        "logStream": "",
        "subscriptionFilters": list(filters),
        "logEvents": [{"id": "", "timestamp": timestamp, "message": text}],
    }


def encoded(told: dict[str, Any]) -> dict[str, Any]:
    """The event for a function: gzip, with no time in it, and base64."""
    data = b64encode(gzip.compress(orjson.dumps(told), mtime=0)).decode()
    return {"awslogs": {"data": data}}


def decoded(event: dict[str, Any]) -> dict[str, Any]:
    """What is told in an event for a function."""
    told: dict[str, Any] = orjson.loads(gzip.decompress(b64decode(event["awslogs"]["data"])))
    return told
