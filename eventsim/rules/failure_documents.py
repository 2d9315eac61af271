"""
What an on-failure destination is sent about a batch that was given up.

https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
(Keys and their order as recorded on AWS. Records are not in it: SQS and SNS get what tells
where they stand on their shard, S3 the whole event besides.)

Pure: no clock, no I/O. AWS documents no form for what it adds about a tumbling window; here it
is in the words of the window's event.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from eventsim.types import (
    Batch,
    Condition,
    Document,
    Origin,
    Payload,
    ResponseContext,
    TumblingWindow,
)

VERSION = "1.0"


@dataclass(frozen=True, slots=True)
class DocumentWords:
    """What is the same in every document of one shard of one mapping.

    ``function_arn`` has the qualifier that the mapping names; ``batch_info`` and
    ``arrival_timespec`` are the source's BATCH_INFO and ARRIVAL_TIMESPEC.
    """

    function_arn: str
    mapping_uuid: str
    origin: Origin
    batch_info: str
    arrival_timespec: str


class Discarded(NamedTuple):
    """A batch that was given up. ``response`` is what the function last answered to it."""

    batch: Batch
    condition: Condition
    request_id: str
    approximate_invoke_count: int
    response: ResponseContext | None


def failure_document(
    words: DocumentWords, discarded: Discarded, now: float, event: Payload
) -> Document:
    """Return the document about *discarded*, written at epoch time *now*.

    A record that is too old is told without a response, even if the function saw it; so is a
    batch that no function ever ran for.
    """
    body: dict[str, Any] = {"requestContext": _request_context(words, discarded)}
    if discarded.condition != "RecordAgeExceeded" and discarded.response is not None:
        body["responseContext"] = _response_context(discarded.response)
    body["version"] = VERSION
    body["timestamp"] = _stamp(now, "milliseconds")
    body[words.batch_info] = _batch_info(words, discarded.batch)
    if discarded.batch.window is not None:
        body["timeWindowInfo"] = _window_info(discarded.batch.window)
    prefix = f"aws/lambda/{words.mapping_uuid}/{words.origin.shard_id}/"
    return Document(body, event, prefix, now)


def _request_context(words: DocumentWords, discarded: Discarded) -> dict[str, Any]:
    return {
        "requestId": discarded.request_id,
        "functionArn": words.function_arn,
        "condition": discarded.condition,
        "approximateInvokeCount": discarded.approximate_invoke_count,
    }


def _response_context(response: ResponseContext) -> dict[str, Any]:
    return {
        "statusCode": response.status_code,
        "executedVersion": response.executed_version,
        "functionError": response.function_error,
    }


def _batch_info(words: DocumentWords, batch: Batch) -> dict[str, Any]:
    """Where the records stand; the final invocation of a window may have none."""
    shard_id, arn, records = batch.shard_id, words.origin.arn, batch.records
    if not records:
        return {"shardId": shard_id, "streamArn": arn}
    return {
        "shardId": shard_id,
        "startSequenceNumber": batch.first,
        "endSequenceNumber": batch.last,
        "approximateArrivalOfFirstRecord": _stamp(records[0].arrival, words.arrival_timespec),
        "approximateArrivalOfLastRecord": _stamp(records[-1].arrival, words.arrival_timespec),
        "batchSize": len(records),
        "streamArn": arn,
    }


def _window_info(window: TumblingWindow) -> dict[str, Any]:
    return {
        "window": {
            "start": _stamp(window.start, "seconds"),
            "end": _stamp(window.end, "seconds"),
        },
        "isFinalInvokeForWindow": window.final,
        "isWindowTerminatedEarly": window.terminated_early,
    }


def _stamp(timestamp: float, timespec: str) -> str:
    moment = datetime.fromtimestamp(timestamp, UTC).replace(tzinfo=None)
    return moment.isoformat(timespec=timespec) + "Z"
