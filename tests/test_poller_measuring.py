"""Records that wait are measured together; what is cut of them is the same as one by one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from eventsim.clock import Clock, VirtualClock, run
from eventsim.poller.assembler import AHEAD_RECORDS, Assembler
from eventsim.rules.batching import PAYLOAD_BYTES_MAX, full_cut
from eventsim.types import EventSourceMapping, Read, Record


def of_sizes(sizes: Sequence[int]) -> list[Record]:
    """Records whose data is their size, so that nobody has to make so many bytes."""
    return [Record(str(number), "k", size, 0.0) for number, size in enumerate(sizes)]


def size_of(records: Sequence[Record]) -> int:
    return sum(record.data for record in records)


class Waiting:
    """A shard that brings all its records at once, and ends."""

    next_sequence_number = None

    def __init__(self, records: Sequence[Record]) -> None:
        self._read = Read(records, ended=True)

    async def read(self, until: float | None) -> Read:
        return self._read


async def batches(
    clock: Clock, records: Sequence[Record], batch_size: int, measured: list[int]
) -> list[tuple[Sequence[Record], str]]:
    """The records of each batch and why it was closed; *measured* gets how many were looked at."""

    def measure(some: Sequence[Record]) -> int:
        measured.append(len(some))
        return size_of(some)

    mapping = EventSourceMapping("m", "s", "arn", "f", batch_size=batch_size)
    assembler = Assembler("shard", Waiting(records), mapping, clock, measure)
    found = []
    while (assembled := await assembler.next()) is not None:
        batch, size, because = assembled
        assert size >= size_of(batch.records)
        assert size == size_of(batch.records) or size <= PAYLOAD_BYTES_MAX
        found.append((batch.records, because))
    return found


def one_by_one(records: Sequence[Record], batch_size: int) -> list[Sequence[Record]]:
    """The batches of a poller that measures each of them alone."""
    found, done = [], 0
    while done < len(records):
        held = records[done : done + batch_size]
        cut = full_cut(held, batch_size, size_of)
        found.append(held[: len(held) if cut is None else cut.length])
        done += len(found[-1])
    return found


@given(
    st.lists(st.sampled_from([1, 1_000, 1_000_000, 4_000_000, 7_000_000]), max_size=40),
    st.integers(1, 12),
)
def test_batches_are_those_of_a_poller_that_measures_each_alone(
    sizes: list[int], batch_size: int
) -> None:
    records = of_sizes(sizes)

    async def main() -> list[Sequence[Record]]:
        clock = VirtualClock(datetime(2026, 1, 1, tzinfo=UTC))
        return [cut for cut, _ in await batches(clock, records, batch_size, [])]

    assert run(main, virtual=True) == one_by_one(records, batch_size)


async def test_small_records_are_measured_once(clock: Clock) -> None:
    measured: list[int] = []
    await batches(clock, of_sizes([1_000] * 4 * AHEAD_RECORDS), 1, measured)

    assert measured == [AHEAD_RECORDS] * 4


async def test_large_records_are_measured_a_few_times_in_vain_and_never_again(
    clock: Clock,
) -> None:
    measured: list[int] = []
    await batches(clock, of_sizes([100_000] * 500), 1, measured)

    in_vain = [256, 1, 128, 1, 64, 1]
    assert measured[:6] == in_vain
    assert sum(measured) == sum(in_vain) + 500 - 3
