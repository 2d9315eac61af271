"""
Data Firehose: records that a function transforms, and what becomes of each after its answer.

https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html
https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-failure-handling.html
(The answer has every record once, under the id that it came with. A record that is missing, there
twice or not base64 failed. When the function fails, or answers something else, Firehose tries three
times more, and then all of them failed.)

Where AWS is silent: Firehose waits a second before it tries again.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections import Counter
from typing import Annotated, Any

from pydantic import Field

from eventsim.rules import kinesis
from eventsim.rules.arns import arn
from eventsim.rules.timestamps import epoch_milliseconds
from eventsim.sources._base64 import decoded
from eventsim.sources._contract import Broken, object_of
from eventsim.types import Answer, Delivery, InvocationType, InvokeResult, Pushing, Scene

INVOCATION_TYPES: tuple[InvocationType, ...] = ("RequestResponse",)
PRINCIPAL = "firehose.amazonaws.com"
RESULTS = ("Ok", "Dropped", "ProcessingFailed")
RETRIES = 3
RETRY_SECONDS = 1.0

Data = Annotated[str, "text of each record; - reads it from stdin"]
Encoding = Annotated[str | None, "data as base64, instead of a text"]

_OPENED_SECONDS_AGO = 86_400


def transform(
    scene: Scene,
    *,
    stream: Annotated[str, "the Firehose stream's name"] = "orders-to-s3",
    data: Data = '{"order": 1}\n',
    encoded: Encoding = None,
    records: Annotated[int, Field(ge=1, le=10_000), "records in the event"] = 1,
    source_stream: Annotated[str | None, "the Kinesis stream that they are from, if any"] = None,
    partition_key: Annotated[str, "of the records in that stream"] = "customer-1",
) -> dict[str, Any]:
    """Records that the function is to transform."""
    payload = data.encode() if encoded is None else decoded(encoded)
    told = [_record(scene, payload, source_stream, partition_key) for _ in range(records)]
    name = f"deliverystream/{stream}"
    event = {
        "invocationId": scene.uuid(),
        "deliveryStreamArn": arn("firehose", scene.region, scene.account, name),
        "region": scene.region,
        "records": told,
    }
    if source_stream is not None:
        source = kinesis.stream_arn(source_stream, scene.account, scene.region)
        event["sourceKinesisStreamArn"] = source
    return event


EVENTS = (transform,)


def source_arn(event: dict[str, Any], scene: Scene) -> str:
    """The Firehose stream's ARN."""
    return str(event["deliveryStreamArn"])


async def deliver(pushing: Pushing, delivery: Delivery, scene: Scene) -> Answer:
    """Invoke the function, and three times more when nothing came of it."""
    for _ in range(RETRIES):
        answer = await pushing.invoke(delivery, scene)
        if isinstance(answer.value, dict):  # what became of each record
            return answer
        await pushing.clock.sleep(RETRY_SECONDS)
    return await pushing.invoke(delivery, scene)


def answer(result: InvokeResult, event: dict[str, Any]) -> Answer:
    """The records that were transformed, by their ids; accepted when no other one failed.

    ``value`` has ``Ok`` with their data and, where they are partitioned, their partition keys,
    ``Dropped`` with ids, and ``ProcessingFailed`` with the reason for each id. It is None where
    nothing can be made of the answer.
    """
    try:
        told = object_of(result).get("records")
        if not isinstance(told, list) or not all(isinstance(each, dict) for each in told):
            raise Broken("Lambda.JsonMappingException: records is not an array of objects")
    except Broken as broken:
        return broken.answer()
    value: dict[str, Any] = {"Ok": {}, "Dropped": [], "ProcessingFailed": {}}
    counts = Counter(str(each.get("recordId")) for each in told)
    by_id = {str(each.get("recordId")): each for each in told}
    for sent in event["records"]:
        _sort(sent["recordId"], by_id.get(sent["recordId"]), counts[sent["recordId"]], value)
    failed = value["ProcessingFailed"]
    if not failed:
        return Answer(True, value)
    reason = next(iter(failed.values()))
    return Answer(False, value, f"{len(failed)} of {len(event['records'])} failed: {reason}")


def _sort(record_id: str, told: dict[str, Any] | None, count: int, value: dict[str, Any]) -> None:
    """Put one record where the answer says that it belongs."""
    fault = _fault(told, count)
    if told is None or fault is not None:
        value["ProcessingFailed"][record_id] = fault
    elif told["result"] == "Dropped":
        value["Dropped"].append(record_id)
    else:
        keys = told.get("metadata", {}).get("partitionKeys")
        partitioned = {} if keys is None else {"partitionKeys": keys}
        value["Ok"][record_id] = {"data": told["data"], **partitioned}


def _fault(told: dict[str, Any] | None, count: int) -> str | None:
    if told is None:
        return "Lambda.MissingRecordId: no such recordId in the answer"
    if count > 1:
        return f"Lambda.DuplicatedRecordId: the recordId is there {count} times"
    if told.get("result") not in RESULTS:
        found = f"result is {told.get('result')!r}"
        return f"Lambda.JsonMappingException: {found}; it has to be one of {', '.join(RESULTS)}"
    if told["result"] == "ProcessingFailed":
        return "Lambda.ProcessingFailedStatus: the function says so"
    if told["result"] == "Ok" and not _is_base64(told.get("data")):
        return "Lambda.JsonMappingException: data is not base64"
    if not isinstance(told.get("metadata", {}), dict):
        return "Lambda.JsonMappingException: metadata is not an object"
    return None


def _is_base64(data: Any) -> bool:
    try:
        b64decode(data, validate=True)
    except (TypeError, ValueError):
        return False
    return isinstance(data, str)


def _record(
    scene: Scene, payload: bytes, source_stream: str | None, partition_key: str
) -> dict[str, Any]:
    prefix = kinesis.sequence_prefix(scene.at.timestamp() - _OPENED_SECONDS_AGO, 0)
    number = kinesis.sequence_number(prefix, scene.count("firehose records") + 1)
    arrival = epoch_milliseconds(scene.at)
    record: dict[str, Any] = {
        "recordId": f"{number}000000",
        "approximateArrivalTimestamp": arrival,
        "data": b64encode(payload).decode(),
    }
    if source_stream is not None:
        record["kinesisRecordMetadata"] = {
            "sequenceNumber": number,
            "subsequenceNumber": 0,
            "partitionKey": partition_key,
            "shardId": kinesis.shard_id(0),
            "approximateArrivalTimestamp": arrival,
        }
    return record
