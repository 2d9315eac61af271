"""
A stream behind the real Kinesis API: moto in this process, an emulator, or AWS.

https://docs.aws.amazon.com/kinesis/latest/APIReference/Welcome.html

An endpoint that gives no answer is asked again, after 0.25 s, doubling, at most 10 s apart on the
simulation's clock: by a reader for as long as the run puts records and 60 s more, by a writer
ten times. What a writer sent may have arrived although the answer did not, so a record can be
on the stream twice then, as with every client of Kinesis. Entries that PutRecords refuses for
their throughput are sent again, in their order; those behind them may have been faster.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import anyio

from eventsim.backends import Backend, date_of
from eventsim.errors import BackendError, ServiceError, Unreachable
from eventsim.rules import kinesis as rules
from eventsim.rules import resharding
from eventsim.rules.refusals import check
from eventsim.sources._ahead import feed
from eventsim.sources._client_reader import ClientReader, Page
from eventsim.sources._lifetimes import undo_on_close, until_active
from eventsim.sources._patience import Patience, passes, unthrottled
from eventsim.streams import OnPut, PutSummary, nobody, unwatched
from eventsim.types import (
    FoundStream,
    OnReshard,
    Position,
    PutRecord,
    Record,
    Resharding,
    Shard,
    Stream,
    TimedRecord,
)

PUT_BYTES_MAX = 5 * 1024 * 1024  # moto's limit for one PutRecords, half of AWS's
_MILLISECOND = 0.001


class ClientStream:
    """A stream that is read and written by requests, one shard reader or writer at a time each."""

    def __init__(
        self,
        name: str,
        backend: Backend,
        arn: str,
        retention_seconds: float,
        poll_interval: float,
        on_put: OnPut,
    ) -> None:
        self.arn, self.retention_seconds = arn, retention_seconds
        self.finished_at: float | None = None
        self._name, self._backend, self._clock = name, backend, backend.clock
        self._poll_interval, self._on_put = poll_interval, on_put
        self._on_reshard: OnReshard = unwatched
        self._writing = anyio.Lock()

    async def call(self, operation: str, **parameters: Any) -> Any:
        """Make one request about this stream; by name, which every emulator understands."""
        parameters["StreamName"] = self._name
        return await self._backend.call("kinesis", operation, **parameters)

    async def put(self, records: Sequence[PutRecord]) -> None:
        """Put records now. Raises ServiceError when one is refused, Unreachable after ten tries."""
        for record in records:
            check(rules.refuse_record(record))
        async with self._writing:
            for request in _requests(records):
                await self._put(request)

    async def feed(self, records: Iterator[TimedRecord]) -> None:
        """Put records at their times; those that are due together go together."""
        await feed(self._clock, records, self.put)

    async def shards(self) -> Sequence[Shard]:
        listed = await self._list_shards()
        known = {shard["ShardId"] for shard in listed}
        return [_shard(shard, known) for shard in sorted(listed, key=lambda each: each["ShardId"])]

    def reader(self, shard_id: str, position: Position) -> ClientReader:
        return ClientReader(self, shard_id, position, self._clock, self._poll_interval)

    def consumer(self, name: str) -> Stream:
        """Raises BackendError: only the simulated back end pushes."""
        raise no_fan_out(self._name, name, self._backend)

    async def split(self, shard_id: str, new_starting_hash_key: int | None = None) -> Resharding:
        """Split a shard; return when its children take records. Raises BackendError on moto."""
        self._check_reshards("split")
        start = new_starting_hash_key
        if start is None:
            start = resharding.middle(await self._hash_keys(shard_id))
        return await self._reshard(
            "split_shard", (shard_id,), ShardToSplit=shard_id, NewStartingHashKey=str(start)
        )

    async def merge(self, shard_id: str, adjacent_shard_id: str) -> Resharding:
        """Merge two shards; return when their child takes records. Raises BackendError on moto."""
        self._check_reshards("merge")
        return await self._reshard(
            "merge_shards",
            (shard_id, adjacent_shard_id),
            ShardToMerge=shard_id,
            AdjacentShardToMerge=adjacent_shard_id,
        )

    def on_reshard(self, tell: OnReshard) -> None:
        self._on_reshard = tell

    async def delete(self) -> None:
        """Delete the stream, also one that was there before; readers find out by themselves."""
        async with self._writing:
            await self.call("delete_stream")

    async def get_shard_iterator(self, shard_id: str, position: Position) -> str:
        parameters: dict[str, Any] = {}
        if position.sequence_number is not None:
            parameters["StartingSequenceNumber"] = position.sequence_number
        if position.timestamp is not None:  # botocore asks in whole seconds, rounded down
            parameters["Timestamp"] = position.timestamp
        answer = await self.call(
            "get_shard_iterator", ShardId=shard_id, ShardIteratorType=position.type, **parameters
        )
        iterator: str = answer["ShardIterator"]
        return iterator

    async def get_records(self, iterator: str) -> Page:
        answer = await self._backend.call(  # an iterator says itself which stream it is of
            "kinesis", "get_records", ShardIterator=iterator, Limit=rules.READ_RECORDS_MAX
        )
        records = [_record(each) for each in answer["Records"]]
        behind = answer.get("MillisBehindLatest", 0) / 1000
        if len(records) == rules.READ_RECORDS_MAX:
            behind = max(behind, _MILLISECOND)  # moto says 0 if the rest arrived as this did
        date = date_of(answer)
        now = self._clock.timestamp() if date is None else date
        return Page(records, answer.get("NextShardIterator"), behind, now)

    def finish(self) -> None:
        self.finished_at = self._clock.time()

    def consumed(self, shard_id: str, sequence_number: str) -> None:
        """Kinesis keeps records for as long as it keeps them."""

    async def told(self, shard_id: str, records: Sequence[Record]) -> None:
        """Return when the request to put records that is under way, if any, has been told of."""
        async with self._writing:
            return

    async def _list_shards(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = []
        which = {"StreamName": self._name}
        while which:
            ask = partial(self._backend.call, "kinesis", "list_shards", **which)
            answer = await unthrottled(ask, self._clock)
            listed += answer["Shards"]
            token = answer.get("NextToken")
            which = {"NextToken": token} if token else {}
        return listed

    async def _hash_keys(self, shard_id: str) -> rules.HashKeyRange:
        for shard in await self._list_shards():
            if shard["ShardId"] == shard_id:
                keys = shard["HashKeyRange"]
                return rules.HashKeyRange(int(keys["StartingHashKey"]), int(keys["EndingHashKey"]))
        reason = f"Could not find shard {shard_id} in stream {self._name}."
        raise ServiceError("ResourceNotFoundException", reason)

    def _check_reshards(self, what: str) -> None:
        if self._backend.name == "moto":
            raise BackendError(
                f"the moto back end cannot {what} shards of {self._name}: in moto the records of "
                "closed shards stay there or are there twice; use the simulated back end"
            )

    async def _reshard(
        self, operation: str, parents: tuple[str, ...], **parameters: Any
    ) -> Resharding:
        async with self._writing:  # what is being put comes before it
            await self.call(operation, **parameters)
        await _active(self._name, self._backend)
        children = tuple(
            shard["ShardId"]
            for shard in sorted(await self._list_shards(), key=lambda each: each["ShardId"])
            if shard.get("ParentShardId") == parents[0]
            or shard.get("AdjacentParentShardId") == parents[0]
        )
        change = Resharding(parents, children)
        self._on_reshard(change)
        return change

    async def _put(self, records: Sequence[PutRecord]) -> None:
        patience = self._patience(records)
        while records:
            try:
                answer = await self.call("put_records", Records=[*map(_entry, records)])
            except (Unreachable, ServiceError) as error:
                if not passes(error):
                    raise
                await patience.wait(error)
                continue
            results = answer["Records"]
            self._tell(results)
            left = [
                record
                for record, result in zip(records, results, strict=True)
                if result.get("ErrorCode")
            ]
            if len(left) < len(records):
                patience = self._patience(left)
            if left:
                await patience.wait(None)
            records = left

    def _patience(self, records: Sequence[PutRecord]) -> Patience:
        complaint = f"stream {self._name} took none of {len(records)} records"
        return Patience(self._clock, complaint)

    def _tell(self, results: Sequence[dict[str, Any]]) -> None:
        placed: dict[str, list[str]] = {}
        for result in results:
            if not result.get("ErrorCode"):
                placed.setdefault(result["ShardId"], []).append(result["SequenceNumber"])
        now = self._clock.time()
        for shard_id, numbers in sorted(placed.items()):
            self._on_put(PutSummary(shard_id, numbers[0], numbers[-1], len(numbers), now, now))


async def open_client_stream(
    name: str,
    backend: Backend,
    *,
    shard_count: int,
    retention_hours: int,
    poll_interval: float,
    on_put: OnPut,
) -> ClientStream:
    """The stream *name*, created when it is missing, and then deleted when the back end closes.

    A stream that is there is taken as it is. Raises Unreachable when nobody answers,
    ServiceError when the service refuses, BackendError when the stream never becomes active.
    """
    try:
        summary = await _active(name, backend)
    except ServiceError as error:
        if error.code != "ResourceNotFoundException":
            raise
        await backend.call("kinesis", "create_stream", StreamName=name, ShardCount=shard_count)
        undo_on_close(backend, partial(backend.call, "kinesis", "delete_stream", StreamName=name))
        summary = await _active(name, backend)
        if retention_hours > summary["RetentionPeriodHours"]:
            await backend.call(
                "kinesis",
                "increase_stream_retention_period",
                StreamName=name,
                RetentionPeriodHours=retention_hours,
            )
            summary = await _active(name, backend)
    retention = summary["RetentionPeriodHours"] * 3600.0
    return ClientStream(name, backend, summary["StreamARN"], retention, poll_interval, on_put)


async def find_client_stream(name: str, backend: Backend, poll_interval: float) -> FoundStream:
    """The stream *name* that is there. Raises ServiceError when it is not."""
    summary = await _active(name, backend)
    retention = summary["RetentionPeriodHours"] * 3600.0
    created = summary.get("StreamCreationTimestamp")
    return FoundStream(
        ClientStream(name, backend, summary["StreamARN"], retention, poll_interval, nobody),
        None if created is None else created.timestamp(),
    )


def no_fan_out(stream: str, consumer: str, backend: Backend) -> BackendError:
    """Why there is no enhanced fan-out here."""
    return BackendError(
        f"the {backend.name} back end cannot push to consumer {consumer} of {stream}: enhanced "
        "fan-out is simulated only; poll the stream, or use the simulated back end"
    )


async def _active(name: str, backend: Backend) -> dict[str, Any]:
    async def describe() -> dict[str, Any]:
        answer = await backend.call("kinesis", "describe_stream_summary", StreamName=name)
        summary: dict[str, Any] = answer["StreamDescriptionSummary"]
        return summary

    return await until_active(f"stream {name}", "StreamStatus", describe, backend)


def _requests(records: Sequence[PutRecord]) -> Iterator[Sequence[PutRecord]]:
    """Cut *records* into what fits one request each."""
    request: list[PutRecord] = []
    size = 0
    for record in records:
        added = rules.record_size(record)
        if request and (size + added > PUT_BYTES_MAX or len(request) == rules.PUT_RECORDS_MAX):
            yield request
            request, size = [], 0
        request.append(record)
        size += added
    if request:
        yield request


def _entry(record: PutRecord) -> dict[str, Any]:
    entry = {"PartitionKey": record.partition_key, "Data": record.data}
    if record.explicit_hash_key is not None:
        entry["ExplicitHashKey"] = str(record.explicit_hash_key)
    return entry


def _record(got: dict[str, Any]) -> Record:
    arrival = got["ApproximateArrivalTimestamp"].timestamp()
    return Record(got["SequenceNumber"], got["PartitionKey"], got["Data"], arrival)


def _shard(listed: dict[str, Any], known: set[str]) -> Shard:
    parents = (listed.get("ParentShardId"), listed.get("AdjacentParentShardId"))
    return Shard(listed["ShardId"], tuple(parent for parent in parents if parent in known))
