"""
Records put and read.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from eventsim.errors import InvokeError
from eventsim.kinesis_api.held import Call, Handler, Held, Streams
from eventsim.kinesis_api.refusing import absent, check_simulated, invalid, unacceptable
from eventsim.kinesis_api.shards import child_shards
from eventsim.rules import kinesis as rules
from eventsim.server.json_members import refusal
from eventsim.streams.kinesis import Put, ShardIterator
from eventsim.types import Position, PutRecord, Record

REQUEST_BYTES_MAX = 10 * 1024 * 1024
_NUMBERED = ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER")


async def put_record(call: Call) -> dict[str, Any]:
    held = call.streams.named(call.given)
    record = _record(held, call.given, "")
    put = held.store.put_records([record])[0]
    if put.error_code is not None:
        raise refusal(put.error_code, _rate(held, put))
    return {"ShardId": put.shard_id, "SequenceNumber": put.sequence_number}


async def put_records(call: Call) -> dict[str, Any]:
    held = call.streams.named(call.given)
    records = [
        _record(held, entry, f"records.{index}.member.")
        for index, entry in enumerate(call.given["Records"], 1)
    ]
    if sum(map(rules.record_size, records)) > REQUEST_BYTES_MAX:
        raise invalid("Records size exceeds 10 MB limit")
    puts = held.store.put_records(records)
    return {
        "FailedRecordCount": sum(put.error_code is not None for put in puts),
        "Records": [_put(held, put) for put in puts],
    }


async def get_shard_iterator(call: Call) -> dict[str, Any]:
    held, given = call.streams.named(call.given), call.given
    kind, number = given["ShardIteratorType"], given.get("StartingSequenceNumber")
    position = position_of(kind, number, given.get("Timestamp"))
    iterator = held.store.get_shard_iterator(given["ShardId"], position)
    return {"ShardIterator": _token(call.streams, held, iterator)}


async def get_records(call: Call) -> dict[str, Any]:
    streams, given = call.streams, call.given
    check_simulated(given, "StreamId", "DryRun")
    held, iterator = _iterator(streams, given["ShardIterator"])
    if "StreamARN" in given and streams.named(given) is not held:
        raise invalid(f"ShardIterator is not one of the stream {given['StreamARN']}.")
    answer = held.store.get_records(iterator, given.get("Limit", rules.READ_RECORDS_MAX))
    following = answer.next_iterator
    return {
        "Records": shown(answer.records),
        "NextShardIterator": None if following is None else _token(streams, held, following),
        "MillisBehindLatest": millis(answer.behind),
        "ChildShards": child_shards(held, answer.child_shards) or None,
    }


def position_of(kind: Any, number: str | None, timestamp: float | None) -> Position:
    """Where to begin. Raises InvokeError for a number or a time that is not of the type."""
    if (kind in _NUMBERED) != (number is not None):
        also = "no" if number is None else "also a"
        raise invalid(
            "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and "
            "StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no "
            f"StartingSequenceNumber. Request specified {kind} and {also} "
            "StartingSequenceNumber."
        )
    if kind == "AT_TIMESTAMP" and timestamp is None:
        raise invalid(
            "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. "
            "Current timestampInMillis: null"
        )
    return Position(kind, number, timestamp)


def shown(records: Sequence[Record]) -> list[dict[str, Any]]:
    """Records as the API answers them."""
    return [
        {
            "SequenceNumber": record.sequence_number,
            "ApproximateArrivalTimestamp": record.arrival,
            "Data": record.data,
            "PartitionKey": record.partition_key,
        }
        for record in records
    ]


def millis(seconds: float) -> int:
    """MillisBehindLatest."""
    return round(seconds * 1000)


def _record(held: Held, entry: Mapping[str, Any], where: str) -> PutRecord:
    """A record of a request. Raises InvokeError for one that its stream does not take."""
    if "PartitionKey" not in entry:
        raise absent(f"{where}partitionKey")
    given = entry.get("ExplicitHashKey")
    record = PutRecord(entry["PartitionKey"], entry["Data"], None if given is None else int(given))
    most = held.record_kib * 1024
    if rules.record_size(record) > most:
        raise unacceptable(
            f"1 validation error detected: Value at '{where}data' failed to satisfy constraint: "
            f"Member must have length less than or equal to {most}"
        )
    return record


def _put(held: Held, put: Put) -> dict[str, Any]:
    if put.error_code is None:
        return {"ShardId": put.shard_id, "SequenceNumber": put.sequence_number}
    return {"ErrorCode": put.error_code, "ErrorMessage": _rate(held, put)}


def _rate(held: Held, put: Put) -> str:
    return f"Rate exceeded for shard {put.shard_id} in {held.under}."


def _token(streams: Streams, held: Held, iterator: ShardIterator) -> str:
    return streams.tokens.make("iterator", held.name, held.created, *iterator)


def _iterator(streams: Streams, token: str) -> tuple[Held, ShardIterator]:
    """What a shard iterator is of. Raises InvokeError for one that is none, or has expired."""
    read = streams.tokens.read(token, "iterator")
    if read is None:
        raise invalid("Invalid ShardIterator.")
    name, created, *place = read
    iterator = ShardIterator(*place)
    clock = streams.clock
    if clock.time() - iterator.issued > rules.ITERATOR_SECONDS:
        issued = clock.timestamp() - clock.time() + iterator.issued
        raise _expired(issued, clock.timestamp())
    return streams.of_name(name, created), iterator


def _expired(issued: float, now: float) -> InvokeError:
    return refusal(
        "ExpiredIteratorException",
        f"Iterator expired. The iterator was created at time {_date(issued)} while right now it "
        f"is {_date(now)} which is further in the future than the tolerated delay of "
        f"{rules.ITERATOR_SECONDS * 1000:.0f} milliseconds.",
    )


def _date(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, UTC).strftime("%a %b %d %H:%M:%S UTC %Y")


OPERATIONS: Mapping[str, Handler] = {
    "PutRecord": put_record,
    "PutRecords": put_records,
    "GetShardIterator": get_shard_iterator,
    "GetRecords": get_records,
}
