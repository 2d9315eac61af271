"""
Records as AWS's APIs and Lambda's events write them, one JSON document after another.

Answers of GetRecords (Kinesis, DynamoDB Streams) and ReceiveMessage, events of functions that
poll these, lists of their records, or single ones: a dump of a stream, the messages of a DLQ.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetRecords.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
"""

from __future__ import annotations

from binascii import a2b_base64
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from eventsim.recordings import Asked, RecordedRecord
from eventsim.recordings._documents import documents
from eventsim.recordings._forms import change_of, message_of
from eventsim.recordings._lines import foreign

TAKES: frozenset[str] = frozenset()
SUFFIXES: tuple[str, ...] = ()
_IN_A_CHANGE = ("Keys", "NewImage", "OldImage", "SizeBytes", "StreamViewType")


def read_foreign(path: Path, asked: Asked) -> Iterator[RecordedRecord]:
    """The records of a file, in its order; they must be of one stream or queue."""
    with foreign(path) as file:
        for number, content, value in documents(path, file, asked.on_bad_line):
            yield from asked.taken(path, number, content, records_in(value, asked))


def records_in(value: Mapping[str, Any], asked: Asked) -> Iterator[Callable[[], RecordedRecord]]:
    """What makes each record of a document. Raises ValueError for one without records."""
    held = value.get("Records", value.get("Messages", [value]))
    if not isinstance(held, list):
        raise ValueError("has no list of records")
    for each in held:
        yield partial(_record, each, asked)


def _record(told: Any, asked: Asked) -> RecordedRecord:
    if not isinstance(told, dict):
        raise ValueError("a record is a JSON object")
    asked.of(told.get("eventSourceARN"))
    if isinstance(told.get("kinesis"), dict):
        shard = str(told.get("eventID", "")).rpartition(":")[0] or None
        return _of_kinesis(told["kinesis"], shard, "approximateArrivalTimestamp", asked, str.lower)
    if "PartitionKey" in told and "Data" in told:
        return _of_kinesis(told, told.get("ShardId"), "ApproximateArrivalTimestamp", asked)
    if isinstance(told.get("dynamodb"), dict):
        return _of_dynamodb(told, asked)
    if "MessageId" in told and "Body" in told:
        return _of_sqs(told["MessageId"], told["Body"], told, "Attributes", asked)
    if "messageId" in told and "body" in told:
        return _of_sqs(told["messageId"], told["body"], told, "attributes", asked)
    raise ValueError("is no record of Kinesis, DynamoDB Streams or SQS, nor an answer with some")


def _of_kinesis(
    told: Mapping[str, Any],
    shard: str | None,
    arrival: str,
    asked: Asked,
    case: Callable[[str], str] = lambda name: name,
) -> RecordedRecord:
    def field(name: str) -> str:
        own = name if case is not str.lower else name[0].lower() + name[1:]
        value = told.get(own)
        if not isinstance(value, str):
            raise ValueError(f"{own} is {'missing' if value is None else repr(value)}; not a text")
        return value

    try:
        data = a2b_base64(field("Data"), strict_mode=True)
    except ValueError as error:
        raise ValueError(f"the data is not in base64: {error}") from None
    return RecordedRecord(
        asked.arrival_in(told, told.get(arrival)),
        field("PartitionKey"),
        data,
        shard,
        field("SequenceNumber"),
    )


def _of_dynamodb(told: Mapping[str, Any], asked: Asked) -> RecordedRecord:
    inside = told["dynamodb"]
    change = {name: inside[name] for name in _IN_A_CHANGE if name in inside}
    change |= {name: told[name] for name in ("eventID", "eventName") if name in told}
    identity = told.get("userIdentity")
    if isinstance(identity, Mapping):
        change["userIdentity"] = {name[0].lower() + name[1:]: of for name, of in identity.items()}
    made = change_of(change)
    return RecordedRecord(
        asked.arrival_in(inside, inside.get("ApproximateCreationDateTime")),
        made.keys.decode(),
        made,
        told.get("ShardId"),
        str(inside["SequenceNumber"]) if "SequenceNumber" in inside else None,
    )


def _of_sqs(
    message_id: Any, body: Any, told: Mapping[str, Any], system: str, asked: Asked
) -> RecordedRecord:
    held = told.get("MessageAttributes", told.get("messageAttributes")) or {}
    attributes = {name: _attribute(value) for name, value in held.items()}
    message = message_of(
        {
            "MessageId": message_id,
            "Body": body,
            "Attributes": told.get(system) or {},
            "MessageAttributes": attributes,
        }
    )
    sent = message.attributes.get("SentTimestamp", asked.last)
    group = message.attributes.get("MessageGroupId", "")
    return RecordedRecord(asked.arrival_in({}, sent), group, message)


def _attribute(value: Any) -> Any:
    """A message attribute in the words of the API, as Lambda tells it or as that does."""
    if not isinstance(value, Mapping):
        return value
    named = {name[:1].upper() + name[1:]: of for name, of in value.items()}
    return {name: of for name, of in named.items() if of and not name.endswith("ListValues")}
