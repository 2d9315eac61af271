"""Laws of ParallelizationFactor: order per partition key, several batches at once, one checkpoint.

The cases are those of the acceptance list for event source mappings.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsim.clock import Clock
from eventsim.poller.routing import HELD_RECORDS_MAX, lane_of
from eventsim.types import Checkpoint
from tests.benches import Arrival, Bench, failing_on, keyed

A, B = "e", "a"  # of two lanes, these keys have one each


@given(st.text(), st.integers(1, 10))
def test_a_key_has_one_lane(key: str, lanes: int) -> None:
    assert lane_of(key, lanes) == lane_of(key, lanes)
    assert 0 <= lane_of(key, lanes) < lanes


def test_keys_are_spread_over_all_lanes() -> None:
    assert (lane_of(A, 2), lane_of(B, 2)) == (0, 1)
    for lanes in range(1, 11):
        assert {lane_of(f"key {n}", lanes) for n in range(200)} == set(range(lanes))


async def test_one_key_waits_for_itself_only(clock: Clock) -> None:
    """Case 20."""
    bench = Bench(clock, slow={1: 10.0})

    await bench.poll({"s": keyed(A, B, A, B)}, parallelization_factor=2, batch_size=1)

    assert bench.calls == [
        (0.0, "s", [1]),
        (0.0, "s", [2]),
        (0.0, "s", [4]),
        (10.0, "s", [3]),
    ]
    assert bench.most_running == 2


@pytest.mark.parametrize("factor", [1, 2, 10])
async def test_no_more_batches_run_at_once_than_the_factor(clock: Clock, factor: int) -> None:
    bench = Bench(clock, duration=1.0)
    keys = [f"key {n}" for n in range(200)]

    await bench.poll({"s": keyed(*keys)}, parallelization_factor=factor, batch_size=5)

    assert bench.most_running == factor


async def test_each_shard_has_lanes_of_its_own(clock: Clock) -> None:
    bench = Bench(clock, duration=1.0)

    await bench.poll({"s": keyed(A, B), "t": keyed(A, B)}, parallelization_factor=2)

    assert (bench.most_running, clock.time()) == (4, 1.0)


@pytest.mark.parametrize("factor", [2, 3, 10])
async def test_the_order_of_a_key_is_kept(clock: Clock, factor: int) -> None:
    slow = {number: (number * 7 % 5) / 10 for number in range(1, 121)}
    bench = Bench(clock, slow=slow, answer=failing_on(5, 50, 51))
    shard = keyed(*(f"key {n * n % 11}" for n in range(120)))

    await bench.poll(
        {"s": shard}, parallelization_factor=factor, batch_size=4, maximum_retry_attempts=1
    )

    key_of = {arrival.number: arrival.key for arrival in shard}
    delivered: dict[str, list[int]] = defaultdict(list)
    for numbers in bench.numbers:
        for number in numbers:
            if number not in delivered[key_of[number]]:
                delivered[key_of[number]].append(number)
    assert sorted(chain.from_iterable(delivered.values())) == list(range(1, 121))
    assert all(numbers == sorted(numbers) for numbers in delivered.values())


async def test_a_failing_lane_holds_the_checkpoint_and_nothing_else(clock: Clock) -> None:
    bench = Bench(clock, answer=failing_on(3))

    await bench.poll(
        {"s": keyed(B, B, A, B, B, A)},
        parallelization_factor=2,
        batch_size=1,
        maximum_retry_attempts=2,
    )

    assert bench.calls == [
        (0.0, "s", [3]),
        (0.0, "s", [1]),
        (0.0, "s", [2]),
        (0.0, "s", [4]),
        (0.0, "s", [5]),
        (0.25, "s", [3]),
        (0.75, "s", [3]),
        (0.75, "s", [6]),
    ]
    assert bench.checkpoints_told() == [(0.0, "1"), (0.0, "2"), (0.75, "5"), (0.75, "6")]


async def test_a_crash_repeats_nothing_up_to_the_checkpoint(clock: Clock) -> None:
    bench = Bench(clock, slow={3: 10.0})
    shard = {"s": keyed(B, A, A, B)}

    with clock.move_on_at(5.0):
        await bench.poll(shard, parallelization_factor=2, batch_size=1)
    assert bench.checkpoints.get("f.E", "s") == Checkpoint("2")
    bench.calls.clear()
    await bench.poll(shard, parallelization_factor=2, batch_size=1)

    assert bench.calls == [(5.0, "s", [3]), (5.0, "s", [4])]


async def test_a_lane_without_records_holds_no_checkpoint(clock: Clock) -> None:
    bench = Bench(clock)

    await bench.poll({"s": keyed(*[A] * 5)}, parallelization_factor=10, batch_size=5)

    assert bench.checkpoints_told() == [(0.0, "5")]


async def test_what_is_filtered_out_is_done_when_everything_before_it_is(clock: Clock) -> None:
    bench = Bench(clock, slow={1: 5.0}, matches=lambda record: record.partition_key != "no")

    await bench.poll({"s": keyed(A, "no", B, "no")}, parallelization_factor=2)

    assert bench.numbers == [[1], [3]]
    assert bench.checkpoints_told() == [(5.0, "4")]


async def test_each_lane_gathers_for_its_own_window(clock: Clock) -> None:
    bench = Bench(clock)
    shard = [Arrival(0.0, 1, key=A), Arrival(3.0, 2, key=B), Arrival(4.0, 3, key=A)]

    await bench.poll({"s": shard}, parallelization_factor=2, maximum_batching_window_in_seconds=5)

    assert bench.calls == [(5.0, "s", [1, 3]), (5.0, "s", [2])]


async def test_a_lane_that_is_stuck_lets_the_shard_be_read_so_far_ahead(clock: Clock) -> None:
    bench = Bench(clock, slow={1: 1_000.0})
    second = 1_500
    shard = [Arrival(float(n // second), n + 1, key=A) for n in range(20 * second)]

    await bench.poll({"s": shard}, parallelization_factor=2, batch_size=1_000)

    early = [entry for entry in bench.told("records_read") if entry.time < 1_000.0]
    read = sum(entry.fields["records"] for entry in early)
    assert HELD_RECORDS_MAX < read < HELD_RECORDS_MAX + 3 * second
    assert bench.checkpoints.get("f.E", "s") == Checkpoint(str(20 * second))


async def test_a_disabled_mapping_finishes_what_every_lane_has_in_flight(clock: Clock) -> None:
    bench = Bench(clock, duration=4.0)
    shard = {"s": keyed(A, B, A, B)}

    await bench.poll_until(1.0, shard, parallelization_factor=2, batch_size=1)

    assert (clock.time(), bench.numbers) == (4.0, [[1], [2]])
    assert bench.checkpoints.get("f.E", "s") == Checkpoint("2")
    await bench.poll(shard, parallelization_factor=2, batch_size=1)
    assert bench.numbers == [[1], [2], [3], [4]]


async def test_an_aggregate_over_two_lanes_is_done_when_both_are(clock: Clock) -> None:
    """Records that came in one aggregate share a sequence number."""
    bench = Bench(clock, slow={2: 5.0})
    shard = [Arrival(0.0, 1, key=A), Arrival(0.0, 2, key=A), Arrival(0.0, 2, key=B)]
    bench.answer = failing_on(1)

    with clock.move_on_at(3.0):
        await bench.poll(
            {"s": shard}, parallelization_factor=2, batch_size=1, maximum_retry_attempts=0
        )

    assert bench.checkpoints_told() == [(0.0, "1")]
