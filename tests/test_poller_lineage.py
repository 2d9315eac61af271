"""Laws of resharding: parents are drained before their children, which are read from their start.

The cases are those of the acceptance list for event source mappings.
"""

from __future__ import annotations

from typing import Any

import pytest

from eventsim.clock import Clock
from eventsim.rules.lineage import TRIM_HORIZON, first_positions, ready
from eventsim.types import Checkpoint, EventSourceMapping, Position, Shard
from tests.benches import Arrival, Bench, arrivals, failing_on

LATEST = Position("LATEST")
P, Q = Shard("p"), Shard("q")
SPLIT = [P, Shard("a", ("p",)), Shard("b", ("p",))]
MERGED = [P, Q, Shard("m", ("p", "q"))]
BEGAN = 1_000.0


def mapping(starting_position: Any = "TRIM_HORIZON", **settings: Any) -> EventSourceMapping:
    return EventSourceMapping(
        "f.E", "s", "arn", "f", starting_position=starting_position, **settings
    )


def names(shards: list[Shard]) -> list[str]:
    return [shard.shard_id for shard in shards]


def test_trim_horizon_reads_every_shard_from_its_start() -> None:
    assert first_positions(SPLIT, {}, mapping(), None) == {
        "p": TRIM_HORIZON,
        "a": TRIM_HORIZON,
        "b": TRIM_HORIZON,
    }


def test_latest_reads_no_shard_that_was_closed_before_it_began() -> None:
    assert first_positions(SPLIT, {}, mapping("LATEST"), None) == {"a": LATEST, "b": LATEST}


def test_latest_goes_on_from_when_it_began_first() -> None:
    since = Position("AT_TIMESTAMP", timestamp=BEGAN)

    assert first_positions(SPLIT, {}, mapping("LATEST"), BEGAN) == {
        "p": since,
        "a": since,
        "b": since,
    }


@pytest.mark.parametrize("began", [None, BEGAN])
def test_at_timestamp_is_the_same_for_every_shard_whenever_it_begins(began: float | None) -> None:
    at = mapping("AT_TIMESTAMP", starting_position_timestamp=500.0)

    assert first_positions(SPLIT, {}, at, began) == {
        shard.shard_id: Position("AT_TIMESTAMP", timestamp=500.0) for shard in SPLIT
    }


@pytest.mark.parametrize("start", ["TRIM_HORIZON", "LATEST"])
def test_a_checkpoint_wins_and_its_children_are_read_from_their_start(start: str) -> None:
    positions = first_positions(SPLIT, {"p": Checkpoint("7")}, mapping(start), BEGAN)

    assert positions == {
        "p": Position("AFTER_SEQUENCE_NUMBER", "7"),
        "a": TRIM_HORIZON,
        "b": TRIM_HORIZON,
    }


def test_a_child_of_one_parent_that_was_read_is_read_from_its_start() -> None:
    positions = first_positions(MERGED, {"q": Checkpoint("7")}, mapping("LATEST"), BEGAN)

    assert positions["m"] == TRIM_HORIZON


def test_grandchildren_of_what_was_read_are_read_from_their_start() -> None:
    shards = [*SPLIT, Shard("c", ("a",))]

    positions = first_positions(shards, {"p": Checkpoint("7")}, mapping("LATEST"), BEGAN)

    assert positions["c"] == TRIM_HORIZON


def test_a_shard_is_ready_once_every_parent_is_drained() -> None:
    assert names(ready(MERGED, set(), set())) == ["p", "q"]
    assert names(ready(MERGED, {"p", "q"}, {"p"})) == []
    assert names(ready(MERGED, {"p", "q"}, {"p", "q"})) == ["m"]
    assert names(ready(MERGED, {"p", "q", "m"}, {"p", "q"})) == []


def test_a_parent_that_is_not_listed_any_more_is_not_waited_for() -> None:
    assert names(ready(MERGED[1:], {"q"}, {"q"})) == ["m"]


async def test_children_are_read_when_their_parent_is_drained(clock: Clock) -> None:
    """Case 21, a split."""
    bench = Bench(clock, duration=5.0)
    shards = {"p": arrivals(0.0, 1.0), "a": [Arrival(2.0, 10)], "b": [Arrival(2.0, 20)]}

    await bench.poll(shards, {"a": ("p",), "b": ("p",)}, batch_size=1)

    assert bench.calls == [
        (0.0, "p", [1]),
        (5.0, "p", [2]),
        (10.0, "a", [10]),
        (10.0, "b", [20]),
    ]


async def test_a_merged_shard_waits_for_both_parents(clock: Clock) -> None:
    """Case 21, a merge."""
    bench = Bench(clock, answer=failing_on(2))
    shards = {"p": arrivals(0.0), "q": [Arrival(0.0, 2)], "m": [Arrival(0.5, 3)]}

    await bench.poll(shards, {"m": ("p", "q")}, maximum_retry_attempts=3)

    assert bench.calls[0] == (0.0, "p", [1])
    assert [call for call in bench.calls if call.shard != "p"] == [
        (0.0, "q", [2]),
        (0.25, "q", [2]),
        (0.75, "q", [2]),
        (1.75, "q", [2]),
        (1.75, "m", [3]),
    ]


@pytest.mark.parametrize("factor", [1, 4])
async def test_a_parent_is_drained_when_all_its_lanes_are(clock: Clock, factor: int) -> None:
    bench = Bench(clock, slow={3: 50.0})
    parent = [Arrival(0.0, n, key=f"key {n}") for n in range(1, 9)]

    await bench.poll(
        {"p": parent, "a": [Arrival(0.0, 10)]},
        {"a": ("p",)},
        parallelization_factor=factor,
        batch_size=1,
    )

    assert bench.calls[-1] == (50.0, "a", [10])


async def test_generations_follow_each_other(clock: Clock) -> None:
    bench = Bench(clock)
    shards = {"p": arrivals(3.0), "a": [Arrival(1.0, 2)], "c": [Arrival(0.0, 3)]}

    await bench.poll(shards, {"a": ("p",), "c": ("a",)})

    assert bench.calls == [(3.0, "p", [1]), (3.0, "a", [2]), (3.0, "c", [3])]


async def test_latest_reads_what_comes_from_its_start_on(clock: Clock) -> None:
    bench = Bench(clock)
    await clock.sleep_until(5.0)
    shards = {"p": arrivals(1.0), "q": [Arrival(6.0, 2)]}

    await bench.poll(shards, starting_position="LATEST")

    assert bench.calls == [(6.0, "q", [2])]


async def test_a_poller_that_starts_again_drains_the_parent_first(clock: Clock) -> None:
    bench = Bench(clock, duration=5.0)
    shards = {"p": arrivals(0.0, 0.0), "a": [Arrival(0.0, 10)]}
    lineage = {"a": ("p",)}

    await bench.poll_until(1.0, shards, lineage, batch_size=1)
    assert bench.checkpoints.get("f.E", "a") is None
    await bench.poll(shards, lineage, batch_size=1)

    assert bench.calls == [(0.0, "p", [1]), (5.0, "p", [2]), (10.0, "a", [10])]


async def test_a_poller_that_is_stopped_at_the_end_of_a_parent_leaves_its_children(
    clock: Clock,
) -> None:
    bench = Bench(clock, duration=5.0)
    shards = {"p": arrivals(0.0), "a": [Arrival(0.0, 10)]}

    await bench.poll_until(1.0, shards, {"a": ("p",)})
    assert bench.numbers == [[1]]
    await bench.poll(shards, {"a": ("p",)})

    assert bench.calls == [(0.0, "p", [1]), (5.0, "a", [10])]


def test_latest_misses_nothing_of_the_millisecond_in_which_it_began() -> None:
    """Arrivals have whole milliseconds: what came after it may be stamped before it."""
    positions = first_positions([P], {}, mapping("LATEST"), 1_000.0007)

    assert positions == {"p": Position("AT_TIMESTAMP", timestamp=1_000.0)}
