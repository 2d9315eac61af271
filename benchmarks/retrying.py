"""A day of capped retries on 64 shards, against the same waits as bare sleeps on the same loop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import anyio

from benchmarks.polling import ARN
from benchmarks.running import START, poll
from benchmarks.timing import Figure, compare
from eventsim import clock
from eventsim.clock import VirtualClock
from eventsim.journal import Journal
from eventsim.rules.failures import retry_wait
from eventsim.types import (
    InvokeRequest,
    InvokeResult,
    Position,
    PutRecord,
    Read,
    Reader,
    Record,
    Shard,
    TimedRecord,
)

DAY = 86_400.0
SHARDS = 64
FAILED = InvokeResult(200, b"{}", function_error="Unhandled")


class OnePoisonEach:
    """A stream with one record on each shard."""

    arn = ARN
    retention_seconds = DAY

    async def shards(self) -> Sequence[Shard]:
        return [Shard(f"shardId-{n:012}") for n in range(SHARDS)]

    def reader(self, shard_id: str, position: Position) -> Reader:
        return _OneRecord()

    async def put(self, records: Sequence[PutRecord]) -> None:
        raise AssertionError("read only")

    async def feed(self, records: Iterator[TimedRecord]) -> None:
        raise AssertionError("read only")

    def finish(self) -> None: ...

    def consumed(self, shard_id: str, sequence_number: str) -> None: ...


class _OneRecord:
    async def read(self, until: float | None) -> Read:
        return Read([Record("1", "key", b"{}", START.timestamp())], ended=True)


class Failing:
    """An invoker whose function always fails, at once."""

    def __init__(self) -> None:
        self.invocations = 0

    async def invoke(self, request: InvokeRequest) -> InvokeResult:
        self.invocations += 1
        return FAILED


def retried() -> int:
    """A day of retries through the poller; returns how often the function was invoked."""
    failing = Failing()

    async def main() -> None:
        time = VirtualClock(START)
        await poll(OnePoisonEach(), time, Journal(time, detail="off"), failing, 100)

    clock.run(main, virtual=True)
    return failing.invocations


def slept() -> None:
    """The same waits, and nothing else."""

    async def shard() -> None:
        waited, returned = 0.0, 0
        while waited < DAY:
            returned += 1
            wait = retry_wait(returned)
            await anyio.sleep(wait)
            waited += wait

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            for _ in range(SHARDS):
                tasks.start_soon(shard)

    clock.run(main, virtual=True)


def figures(pairs: int = 5) -> Iterator[Figure]:
    """One figure: the poller's own cost of a retry."""
    yield compare(
        f"24 h of capped retries on {SHARDS} shards ({retried():,} invocations)",
        retried,
        "the same waits as bare sleeps",
        slept,
        reach=2.0,
        pairs=pairs,
    )
