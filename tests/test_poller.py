"""Laws of a mapping at work: order per shard, nothing lost, nothing sent twice but by retry."""

from __future__ import annotations

from collections.abc import Sequence

import anyio
import pytest

from eventsim.checkpoints import MemoryCheckpoints
from eventsim.clock import Clock
from eventsim.errors import TooManyRequests, Unreachable
from eventsim.ids import Chance
from eventsim.journal import Entry, Journal
from eventsim.poller import Poller, Ports
from eventsim.types import Checkpoint, EventSourceMapping, InvokeResult, Shard
from tests.benches import (
    ERROR,
    OK,
    Arrival,
    ArrivalsStream,
    Bench,
    Call,
    Event,
    PlainSource,
    answers,
    arrivals,
    failing_on,
)

MEGABYTE = 1024 * 1024


@pytest.fixture
def bench(clock: Clock) -> Bench:
    return Bench(clock)


async def test_thirty_records_are_three_batches_of_ten_in_order(bench: Bench) -> None:
    await bench.poll({"s": arrivals(*[0.0] * 30)}, batch_size=10)

    assert bench.calls == [
        Call(0.0, "s", [*range(1, 11)]),
        Call(0.0, "s", [*range(11, 21)]),
        Call(0.0, "s", [*range(21, 31)]),
    ]


async def test_without_a_window_one_record_is_sent_as_soon_as_it_is_read(bench: Bench) -> None:
    await bench.poll({"s": arrivals(7.0)})

    assert bench.calls == [Call(7.0, "s", [1])]
    assert bench.told("batch_formed")[0].because == "MaximumBatchingWindowInSeconds is 0"


async def test_a_window_gathers_until_it_expires(bench: Bench) -> None:
    await bench.poll(
        {"s": arrivals(0.0, 1.0, 2.0, 4.5, 5.5)},
        batch_size=10,
        maximum_batching_window_in_seconds=5,
    )

    assert bench.calls == [Call(5.0, "s", [1, 2, 3, 4]), Call(10.0, "s", [5])]
    assert bench.told("batch_formed")[0].because == "window of 5 s expired"


async def test_a_full_batch_does_not_wait_for_its_window(bench: Bench) -> None:
    await bench.poll(
        {"s": arrivals(0.0, 1.0, 2.0, 3.0)}, batch_size=3, maximum_batching_window_in_seconds=60
    )

    assert bench.calls == [Call(2.0, "s", [1, 2, 3]), Call(62.0, "s", [4])]


async def test_the_next_window_starts_when_the_previous_invocation_ends(clock: Clock) -> None:
    bench = Bench(clock, duration=3.0)

    await bench.poll({"s": arrivals(0.0, 6.0)}, batch_size=10, maximum_batching_window_in_seconds=5)

    assert bench.calls == [Call(5.0, "s", [1]), Call(13.0, "s", [2])]


async def test_after_a_window_that_ended_empty_the_next_starts_with_a_record(bench: Bench) -> None:
    await bench.poll({"s": arrivals(12.0)}, maximum_batching_window_in_seconds=5)

    assert bench.calls == [Call(17.0, "s", [1])]


async def test_records_that_would_exceed_six_megabytes_go_in_the_next_batch(bench: Bench) -> None:
    big = [Arrival(0.0, number, size=2 * MEGABYTE) for number in range(1, 6)]

    await bench.poll({"s": big}, batch_size=5)

    assert [call.numbers for call in bench.calls] == [[1, 2, 3], [4, 5]]


async def test_a_failed_batch_is_sent_again_unchanged_and_under_the_same_request_id(
    clock: Clock,
) -> None:
    bench = Bench(clock, answer=answers(ERROR, ERROR, OK, OK))

    await bench.poll({"s": arrivals(0.0, 0.0, 0.0)}, batch_size=2)

    assert bench.calls == [
        Call(0.0, "s", [1, 2]),
        Call(0.25, "s", [1, 2]),
        Call(0.75, "s", [1, 2]),
        Call(0.75, "s", [3]),
    ]
    ids = [request.request_id for request in bench.requests]
    assert ids[0] == ids[1] == ids[2] != ids[3]
    assert [entry.fields["attempt"] for entry in bench.told("batch_delivered")] == [3, 1]


async def test_maximum_retry_attempts_1_means_two_invocations_then_the_shard_moves_on(
    clock: Clock,
) -> None:
    bench = Bench(clock, answer=failing_on(1))

    await bench.poll({"s": arrivals(0.0, 0.0)}, batch_size=1, maximum_retry_attempts=1)

    assert [call.numbers for call in bench.calls] == [[1], [1], [2]]
    (discarded,) = bench.told("batch_discarded")
    assert discarded == Entry(
        discarded.seq,
        0.25,
        "2026-01-01T00:00:00.250Z",
        "batch_discarded",
        "MaximumRetryAttempts 1 used up",
        {
            "mapping": "f.E",
            "source": "orders",
            "shard": "s",
            "function": "f",
            "request_id": bench.requests[0].request_id,
            "first": "1",
            "last": "1",
            "batch_size": 1,
            "condition": "RetryAttemptsExhausted",
            "approximate_invoke_count": 2,
        },
    )
    assert bench.checkpoints.get("f.E", "s") == Checkpoint("2")


async def test_throttles_cost_no_retry(clock: Clock) -> None:
    throttled = iter([True, True, True, False])

    def answer(_: Event) -> InvokeResult:
        if next(throttled):
            raise TooManyRequests("Rate Exceeded.")
        return OK

    bench = Bench(clock, answer=answer)

    await bench.poll({"s": arrivals(0.0)}, maximum_retry_attempts=0)

    assert [call.time for call in bench.calls] == [0.0, 0.25, 0.75, 1.75]
    assert [entry.fields["records"] for entry in bench.told("batch_delivered")] == [1]


async def test_a_failing_shard_holds_up_no_other(clock: Clock) -> None:
    bench = Bench(clock, answer=failing_on(1))

    await bench.poll(
        {"a": arrivals(0.0), "b": [Arrival(float(t), 10 + t) for t in range(3)]},
        batch_size=1,
        maximum_retry_attempts=20,
    )

    assert [call for call in bench.calls if call.shard == "b"] == [
        Call(0.0, "b", [10]),
        Call(1.0, "b", [11]),
        Call(2.0, "b", [12]),
    ]


async def test_records_past_the_retention_are_let_go_and_told(clock: Clock) -> None:
    bench = Bench(clock, answer=failing_on(1))
    bench.retention_seconds = 60.0

    await bench.poll({"s": [Arrival(0.0, 1), Arrival(30.0, 2)]}, batch_size=1)

    (expired,) = bench.told("records_expired")
    assert (expired.time, expired.because) == (60.0, "retention of 0.0166667 h passed")
    assert [call.numbers for call in bench.calls] == [[1]] * 8 + [[2]]
    assert bench.checkpoints.get("f.E", "s") == Checkpoint("2")


async def test_a_new_poller_goes_on_behind_the_checkpoint(bench: Bench) -> None:
    await bench.checkpoints.set("f.E", "s", Checkpoint("2"))

    await bench.poll({"s": arrivals(0.0, 0.0, 0.0, 0.0)})

    assert [call.numbers for call in bench.calls] == [[3, 4]]


async def test_a_poller_that_is_cancelled_has_not_moved_the_checkpoint(clock: Clock) -> None:
    bench = Bench(clock, duration=10.0)

    with clock.move_on_at(15.0):
        await bench.poll({"s": arrivals(0.0, 0.0)}, batch_size=1)

    assert [call.numbers for call in bench.calls] == [[1], [2]]
    assert bench.checkpoints.get("f.E", "s") == Checkpoint("1")


async def test_each_shard_has_a_task_of_its_own(clock: Clock) -> None:
    bench = Bench(clock, duration=1.0)

    await bench.poll({f"s{n}": arrivals(0.0) for n in range(3)})

    assert bench.calls == [Call(0.0, f"s{n}", [1]) for n in range(3)]
    assert clock.time() == 1.0


async def test_it_has_started_when_every_position_is_set(clock: Clock) -> None:
    bench = Bench(clock)
    stream = ArrivalsStream(clock, {"s": arrivals(5.0)})
    mapping = EventSourceMapping("f.E", "orders", stream.arn, "f")
    journal = Journal(clock)
    ports = Ports(bench, journal, clock, Chance(0), MemoryCheckpoints(), "r", lambda *_: None)

    async with anyio.create_task_group() as tasks:
        await tasks.start(Poller(mapping, PlainSource(), stream, ports).run)
        assert (clock.time(), bench.calls) == (0.0, [])

    assert bench.calls == [Call(5.0, "s", [1])]


class SilentStream(ArrivalsStream):
    """Does not list its shards before the clock reaches 3 s."""

    async def shards(self) -> Sequence[Shard]:
        if self.clock.time() < 3.0:
            raise Unreachable("nobody answers")
        return await super().shards()


@pytest.mark.parametrize("stopped", [False, True])
async def test_it_waits_for_shards_that_are_not_listed_yet_until_it_is_stopped(
    clock: Clock, stopped: bool
) -> None:
    bench = Bench(clock)
    stream = SilentStream(clock, {"s": arrivals(0.0)})
    mapping = EventSourceMapping("f.E", "orders", stream.arn, "f")
    ports = Ports(bench, Journal(clock), clock, Chance(0), MemoryCheckpoints(), "r")
    poller = Poller(mapping, PlainSource(), stream, ports)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(poller.run)
        await clock.sleep(1.5)
        if stopped:
            poller.stop()

    assert bench.calls == ([] if stopped else [Call(3.0, "s", [1])])
