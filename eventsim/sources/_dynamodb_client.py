"""
A table behind the real DynamoDB and Streams APIs: moto in this process, an emulator, or AWS.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB_Streams.html

Every write is a request of its own, in order. An endpoint that gives no answer, or throttles, is
asked again as for Kinesis: by a reader for as long as the run writes and 60 s more, by a writer
ten times. A write that is made twice changes nothing the second time.

The API does not tell a writer where its change went, nor a reader whether more is waiting. So
``on_put`` is told by whoever reads a record first, if it was written during the run; a page that
is full, or half a MiB, is taken to have another behind it; and after the last write four empty
answers in a row mean the end.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from math import floor
from typing import Any

import anyio
import orjson

from eventsim.backends import Backend, date_of
from eventsim.errors import BackendError, ServiceError
from eventsim.rules import dynamodb as rules
from eventsim.sources._ahead import feed
from eventsim.sources._client_reader import ClientReader, Page
from eventsim.sources._lifetimes import undo_on_close, until_active
from eventsim.sources._patience import Patience, insist, unthrottled
from eventsim.streams import OnPut, PutSummary, nobody
from eventsim.types import Position, PutRecord, Record, Shard, TimedRecord

QUIET_POLLS = 4
_MILLISECOND = 0.001


class ClientTable:
    """A table that is written, and its stream that is read, by requests."""

    def __init__(
        self,
        name: str,
        backend: Backend,
        arn: str,
        key: rules.KeySchema,
        poll_interval: float,
        on_put: OnPut,
    ) -> None:
        self.arn, self.retention_seconds = arn, rules.RETENTION_SECONDS
        self.finished_at: float | None = None
        self._name, self._backend, self._clock = name, backend, backend.clock
        self._key, self._poll_interval, self._on_put = key, poll_interval, on_put
        self._told: dict[str, int] = {}
        self._writing = anyio.Lock()

    async def put(self, records: Sequence[PutRecord]) -> None:
        """Make the writes that *records* carry now, in this order.

        Raises ServiceError, before the first of them, when one is not what the API takes;
        Unreachable after ten tries.
        """
        requests = [self._request(record.data) for record in records]
        async with self._writing:
            for operation, parameters in requests:
                await self._write(operation, parameters)

    async def feed(self, records: Iterator[TimedRecord]) -> None:
        """Make writes at their times."""
        await feed(self._clock, records, self.put)

    async def shards(self) -> Sequence[Shard]:
        listed: list[dict[str, Any]] = []
        more: dict[str, str] = {}
        while True:
            ask = partial(self._call, "describe_stream", StreamArn=self.arn, **more)
            answer = await unthrottled(ask, self._clock)
            description = answer["StreamDescription"]
            listed += description["Shards"]
            last = description.get("LastEvaluatedShardId")
            if last is None:
                break
            more = {"ExclusiveStartShardId": last}
        known = {shard["ShardId"] for shard in listed}
        self._told = {name: last for name, last in self._told.items() if name in known}
        by_age = sorted(listed, key=lambda shard: str(shard["ShardId"]))  # it begins with a time
        return [_shard(shard, known) for shard in by_age]

    def reader(self, shard_id: str, position: Position) -> ClientReader:
        """A reader; a timestamp means its whole second, since that is how records are stamped."""
        if position.timestamp is not None:
            position = replace(position, timestamp=float(floor(position.timestamp)))
        return ClientReader(
            self, shard_id, position, self._clock, self._poll_interval, quiet_polls=QUIET_POLLS
        )

    async def delete(self) -> None:
        """Delete the table, also one that was there before; readers find out by themselves."""
        async with self._writing:
            await self._backend.call("dynamodb", "delete_table", TableName=self._name)

    def finish(self) -> None:
        self.finished_at = self._clock.time()

    def consumed(self, shard_id: str, sequence_number: str) -> None:
        """A stream keeps records for 24 hours."""

    async def get_shard_iterator(self, shard_id: str, position: Position) -> str:
        """An iterator; there is none at a time, and the reader skips what came before it."""
        kind = "TRIM_HORIZON" if position.type == "AT_TIMESTAMP" else position.type
        given = (
            {} if position.sequence_number is None else {"SequenceNumber": position.sequence_number}
        )
        answer = await self._call(
            "get_shard_iterator",
            StreamArn=self.arn,
            ShardId=shard_id,
            ShardIteratorType=kind,
            **given,
        )
        iterator: str = answer["ShardIterator"]
        return iterator

    async def get_records(self, iterator: str) -> Page:
        answer = await self._call(
            "get_records", ShardIterator=iterator, Limit=rules.READ_RECORDS_MAX
        )
        records = [_record(each) for each in answer["Records"]]
        date = date_of(answer)
        now = float(floor(self._clock.timestamp() if date is None else date))
        size = sum(record.data.size_bytes for record in records)
        behind = 0.0
        if len(records) == rules.READ_RECORDS_MAX or size >= rules.READ_BYTES_MAX / 2:
            behind = max(_MILLISECOND, now - records[-1].arrival)
        return Page(records, answer.get("NextShardIterator"), behind, now)

    async def told(self, shard_id: str, records: Sequence[Record]) -> None:
        """Tell of what nobody has read before, if it was written during the run."""
        epoch = self._clock.timestamp() - self._clock.time()
        known, began = self._told.get(shard_id, -1), floor(epoch)
        new = [r for r in records if int(r.sequence_number) > known and r.arrival >= began]
        if new:
            first, last = new[0], new[-1]
            self._told[shard_id] = int(last.sequence_number)
            since, until = (max(0.0, each.arrival - epoch) for each in (first, last))
            span = (first.sequence_number, last.sequence_number)
            self._on_put(PutSummary(shard_id, *span, len(new), since, until))

    async def _call(self, operation: str, **parameters: Any) -> Any:
        return await self._backend.call("dynamodbstreams", operation, **parameters)

    def _request(self, write: Any) -> tuple[str, dict[str, Any]]:
        """The operation and the parameters that make a write. Raises ServiceError."""
        item = rules.accepted(write, self._key)
        wire = {name: _wire(value) for name, value in item.items()}
        key = self._key.of(wire)
        match write.operation:
            case "put":
                return "put_item", {"TableName": self._name, "Item": wire}
            case "delete":
                return "delete_item", {"TableName": self._name, "Key": key}
        rest = {name: value for name, value in wire.items() if name not in key}
        return "update_item", {"TableName": self._name, "Key": key, **_setting(rest)}

    async def _write(self, operation: str, parameters: dict[str, Any]) -> None:
        await insist(
            partial(self._backend.call, "dynamodb", operation, **parameters),
            Patience(self._clock, f"table {self._name} took no write"),
        )


async def open_client_table(
    name: str,
    backend: Backend,
    *,
    key: rules.KeySchema,
    view_type: rules.ViewType,
    ttl_attribute: str | None,
    poll_interval: float,
    on_put: OnPut,
) -> ClientTable:
    """The table *name*, created when it is missing, and then deleted when the back end closes.

    A table that is there is taken as it is, key and all. Raises BackendError when it has no
    stream or never becomes active, Unreachable when nobody answers, ServiceError when the
    service refuses.
    """
    try:
        table = await _active(name, backend)
    except ServiceError as error:
        if error.code != "ResourceNotFoundException":
            raise
        await _create(name, backend, key, view_type)
        table = await _active(name, backend)
        if ttl_attribute is not None:
            setting = {"Enabled": True, "AttributeName": ttl_attribute}
            await backend.call(
                "dynamodb",
                "update_time_to_live",
                TableName=name,
                TimeToLiveSpecification=setting,
            )
    return _client_table(name, table, backend, poll_interval, on_put)


async def find_client_table(name: str, backend: Backend, poll_interval: float) -> ClientTable:
    """The table *name* that is there. Raises ServiceError when it is not, BackendError."""
    return _client_table(name, await _active(name, backend), backend, poll_interval, nobody)


def _client_table(
    name: str, table: Mapping[str, Any], backend: Backend, poll_interval: float, on_put: OnPut
) -> ClientTable:
    if not table.get("StreamSpecification", {}).get("StreamEnabled"):
        raise BackendError(f"table {name} has no stream; enable one, or give another table")
    return ClientTable(
        name, backend, table["LatestStreamArn"], _key_of(table), poll_interval, on_put
    )


async def _create(
    name: str, backend: Backend, key: rules.KeySchema, view_type: rules.ViewType
) -> None:
    kinds = zip(rules.KEY_BYTES_MAX, key.attributes, strict=False)
    await backend.call(
        "dynamodb",
        "create_table",
        TableName=name,
        KeySchema=[{"AttributeName": part.name, "KeyType": kind} for kind, part in kinds],
        AttributeDefinitions=[
            {"AttributeName": part.name, "AttributeType": part.type} for part in key.attributes
        ],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": view_type},
    )
    undo_on_close(backend, partial(backend.call, "dynamodb", "delete_table", TableName=name))


async def _active(name: str, backend: Backend) -> dict[str, Any]:
    async def describe() -> dict[str, Any]:
        answer = await backend.call("dynamodb", "describe_table", TableName=name)
        table: dict[str, Any] = answer["Table"]
        return table

    return await until_active(f"table {name}", "TableStatus", describe, backend)


def _key_of(table: Mapping[str, Any]) -> rules.KeySchema:
    types = {each["AttributeName"]: each["AttributeType"] for each in table["AttributeDefinitions"]}
    names = {each["KeyType"]: each["AttributeName"] for each in table["KeySchema"]}
    parts = (names[kind] for kind in ("HASH", "RANGE") if kind in names)
    return rules.KeySchema(*(rules.KeyAttribute(name, types[name]) for name in parts))


def _setting(rest: Mapping[str, Any]) -> dict[str, Any]:
    """The part of UpdateItem that sets *rest*."""
    if not rest:
        return {}
    return {
        "UpdateExpression": "SET " + ", ".join(f"#a{n} = :v{n}" for n in range(len(rest))),
        "ExpressionAttributeNames": {f"#a{n}": name for n, name in enumerate(rest)},
        "ExpressionAttributeValues": {f":v{n}": value for n, value in enumerate(rest.values())},
    }


def _wire(value: Mapping[str, Any]) -> dict[str, Any]:
    """An attribute value as botocore takes it: with bytes in place of base64."""
    ((kind, content),) = value.items()
    match kind:
        case "B":
            return {kind: b64decode(content)}
        case "BS":
            return {kind: [b64decode(each) for each in content]}
        case "L":
            return {kind: [_wire(each) for each in content]}
        case "M":
            return {kind: {name: _wire(each) for name, each in content.items()}}
    return {kind: content}


def _shard(listed: Mapping[str, Any], known: set[str]) -> Shard:
    parent = listed.get("ParentShardId")
    return Shard(listed["ShardId"], (parent,) if parent in known else ())


def _record(got: Mapping[str, Any]) -> Record:
    told = got["dynamodb"]
    keys = _encoded(told["Keys"])
    change = rules.Change(
        event_id=got["eventID"],
        event_name=got["eventName"],
        view_type=told["StreamViewType"],
        keys=keys,
        new_image=_encoded(told["NewImage"]) if "NewImage" in told else None,
        old_image=_encoded(told["OldImage"]) if "OldImage" in told else None,
        size_bytes=told["SizeBytes"],
        expired=got.get("userIdentity", {}).get("Type") == rules.SERVICE_IDENTITY["type"],
    )
    arrival = rules.creation_stamp(told["ApproximateCreationDateTime"].timestamp())
    return Record(told["SequenceNumber"], keys.decode(), change, arrival)


def _encoded(item: Mapping[str, Any]) -> bytes:
    return orjson.dumps(item, default=_base64, option=orjson.OPT_SORT_KEYS)


def _base64(content: bytes) -> str:
    return b64encode(content).decode("ascii")
