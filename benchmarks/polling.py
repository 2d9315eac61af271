"""A million records through a mapping, against a bare loop that builds the same events.

Both read from one generator of records, build the same event dicts and call the same handler.
Ours adds reading, batching, the invoke path with its execution environments, checkpoints and,
at detail ``batch``, the journal in a file.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.running import ROLE, invoking, poll
from benchmarks.timing import Figure, compare
from eventsim.clock import run
from eventsim.journal import Detail, Journal
from eventsim.journal.sinks import JsonLinesSink
from eventsim.sources import kinesis
from eventsim.types import Origin, Position, PutRecord, Read, Reader, Record, Shard, TimedRecord

ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/orders"
START = 1_767_225_600.0
DATA = b"x" * 200
READ = 1_000


def handler(event: Any, context: Any) -> None:
    """Does nothing, as fast as it can."""


def records(shard: int, count: int) -> Iterator[list[Record]]:
    """The records of one shard, in reads of a thousand."""
    base = 49_590_338_271_490_256_608_559_692_538_361_571_095_921_575_989_136_588_898 + shard
    for start in range(0, count, READ):
        yield [
            Record(str(base + n * 1_000), "key", DATA, START)
            for n in range(start, min(start + READ, count))
        ]


class Generated:
    """A stream whose records are made when they are read."""

    arn = ARN
    retention_seconds = 86_400.0

    def __init__(self, shards: int, count: int) -> None:
        self._shards, self._each = shards, count // shards

    async def shards(self) -> Sequence[Shard]:
        return [Shard(f"shardId-{n:012}") for n in range(self._shards)]

    def reader(self, shard_id: str, position: Position) -> Reader:
        return _GeneratedReader(records(int(shard_id[-12:]), self._each))

    async def put(self, records: Sequence[PutRecord]) -> None:
        raise AssertionError("read only")

    async def feed(self, records: Iterator[TimedRecord]) -> None:
        raise AssertionError("read only")

    def finish(self) -> None: ...

    def consumed(self, shard_id: str, sequence_number: str) -> None: ...


class _GeneratedReader:
    def __init__(self, reads: Iterator[list[Record]]) -> None:
        self._reads = reads

    async def read(self, until: float | None) -> Read:
        read = next(self._reads, None)
        return Read((), ended=True) if read is None else Read(read)


def bare(shards: int, count: int, batch_size: int) -> None:
    """The loop that anyone would write."""
    for shard in range(shards):
        origin = Origin(f"shardId-{shard:012}", ARN, "us-east-1", ROLE)
        for read in records(shard, count // shards):
            for start in range(0, len(read), batch_size):
                batch = read[start : start + batch_size]
                handler(kinesis.event(batch, origin), None)


def polled(shards: int, count: int, batch_size: int, detail: Detail) -> None:
    """The same through a mapping, in virtual time."""

    async def main() -> None:
        async with invoking(handler) as (clock, make_invoker):
            with tempfile.TemporaryDirectory() as folder:
                sinks = [JsonLinesSink(Path(folder) / "journal.jsonl")]
                journal = Journal(clock, detail=detail, sinks=sinks)
                invoker = make_invoker(journal)
                await poll(Generated(shards, count), clock, journal, invoker, batch_size)
                journal.close()

    run(main, virtual=True)


def figures(count: int = 1_000_000, pairs: int = 5) -> Iterator[Figure]:
    """Each batch size with the journal off, and BatchSize 100 with it at batch detail."""
    cases: tuple[tuple[int, Detail, float, int], ...] = (
        (100, "off", 1.3, count),
        (100, "batch", 2.0, count),
        (10, "off", 2.8, count // 5),
        (1, "off", 8.5, count // 20),
    )
    for batch_size, detail, reach, size in cases:
        yield compare(
            f"{size:,} records, 64 shards, BatchSize {batch_size}, journal {detail}",
            partial(polled, 64, size, batch_size, detail),
            "bare loop over the same generator",
            partial(bare, 64, size, batch_size),
            reach=reach,
            pairs=pairs,
        )
