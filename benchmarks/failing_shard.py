"""One shard of 64 always fails: what the 63 others do in the meantime, beside a run without it.

Both runs end when the others' last record is delivered. In virtual time that is the very same
moment, or the figure is not given; what is compared is the real time it takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import anyio

from benchmarks.polling import Generated
from benchmarks.running import invoking, poller
from benchmarks.timing import Figure, compare
from eventsim.clock import run
from eventsim.journal import Journal
from eventsim.types import Shard

SHARDS = 64
BATCH_SIZE = 100
FAILING = "shardId-000000000000"
DURATION = 0.02  # of an invocation, in virtual seconds: so that retries fall among the others


class Others(Generated):
    """The same stream without the shard that fails."""

    async def shards(self) -> Sequence[Shard]:
        return (await super().shards())[1:]


def handler(event: Any, context: Any) -> None:
    """Fails for one shard, and does nothing for the others."""
    if event["Records"][0]["eventID"].startswith(FAILING):
        raise ValueError("poison")


def polled(stream: Generated, wanted: int) -> float:
    """Poll until the others have delivered *wanted* records; the virtual time at which they had."""

    async def main() -> float:
        async with invoking(handler, DURATION) as (clock, make_invoker):
            left, done = wanted, anyio.Event()

            def count(_: str, fields: dict[str, Any]) -> None:
                nonlocal left
                left -= fields["records"]
                if left == 0:
                    done.set()

            journal = Journal(clock, detail="off")
            journal.watch(["batch_delivered"], count)
            polling = poller(stream, clock, journal, make_invoker(journal), BATCH_SIZE)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(polling.run)
                await done.wait()
                at = clock.time()
                polling.stop()
            return at

    return run(main, virtual=True)


def figures(count: int = 1_000_000, pairs: int = 5) -> Iterator[Figure]:
    """The others beside a failing shard, at most 5 % slower than without one."""
    each = count // SHARDS
    wanted = each * (SHARDS - 1)
    beside = partial(polled, Generated(SHARDS, count), wanted)
    without = partial(polled, Others(SHARDS, count), wanted)
    moments = beside(), without()
    if moments[0] != moments[1]:
        raise AssertionError(f"the others were done at {moments[0]} s and {moments[1]} s")
    yield compare(
        f"{wanted:,} records on 63 shards while another always fails, BatchSize {BATCH_SIZE}",
        beside,
        "the same 63 shards alone",
        without,
        reach=1.05,
        pairs=pairs,
    )
