"""What the benchmarks put around a poller: the invoke path, on virtual time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, cast

from eventsim.checkpoints import MemoryCheckpoints
from eventsim.clock import Clock, VirtualClock
from eventsim.environments import Environments
from eventsim.ids import Chance
from eventsim.invokers.local import LocalInvoker
from eventsim.journal import Journal
from eventsim.poller import Poller, Ports, StreamSource
from eventsim.reports import Tally
from eventsim.runtimes.inline import InlineRuntimes
from eventsim.sources import kinesis
from eventsim.types import Duration, EventSourceMapping, Function, Invoker, Stream

START = datetime(2026, 1, 1, tzinfo=UTC)
ROLE = "arn:aws:iam::123456789012:role/eventsim"
FUNCTION = "consumer"


@asynccontextmanager
async def invoking(
    handler: Callable[[Any, Any], Any], duration: float = 0.0
) -> AsyncIterator[tuple[Clock, Callable[[Journal], Invoker]]]:
    """A clock, and the whole invoke path around *handler*; its *duration* in virtual seconds."""
    clock = VirtualClock(START)
    runtimes = InlineRuntimes(clock)
    function = Function(FUNCTION, handler, duration=Duration(duration), init_duration=0.0)
    made: list[Environments] = []

    def make(journal: Journal) -> Invoker:
        tally = Tally()
        journal.watch_each(tally.ways)
        made.append(
            Environments([function], runtimes, clock=clock, journal=journal, chance=Chance(0))
        )
        return LocalInvoker(made[0], journal)

    try:
        yield clock, make
    finally:
        for environments in made:
            environments.close()
        runtimes.close()


async def poll(
    stream: Stream, clock: Clock, journal: Journal, invoker: Invoker, batch_size: int
) -> None:
    """Poll *stream* to its end, in batches of so many."""
    await poller(stream, clock, journal, invoker, batch_size).run()


def poller(
    stream: Stream, clock: Clock, journal: Journal, invoker: Invoker, batch_size: int
) -> Poller:
    """The poller of a mapping on *stream* that makes batches of so many."""
    mapping = EventSourceMapping(
        f"{FUNCTION}.Orders", "orders", stream.arn, FUNCTION, batch_size=batch_size
    )
    ports = Ports(
        invoker=invoker,
        journal=journal,
        clock=clock,
        chance=Chance(0),
        checkpoints=MemoryCheckpoints(),
        role_arn=ROLE,
    )
    return Poller(mapping, cast(StreamSource, kinesis), stream, ports)
