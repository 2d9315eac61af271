"""Laws of a shard's progress: a checkpoint is never ahead of a record that is still to be sent."""

from __future__ import annotations

from collections import deque
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsim.checkpoints import MemoryCheckpoints
from eventsim.clock import run
from eventsim.ids import Chance
from eventsim.journal import Journal
from eventsim.poller import Ports, progress
from eventsim.poller.progress import ShardProgress
from eventsim.types import EventSourceMapping, InvokeRequest, InvokeResult


class Still:
    """A clock that nobody waits for."""

    def time(self) -> float:
        return 0.0

    timestamp = time


class Nobody:
    async def invoke(self, request: InvokeRequest) -> InvokeResult:
        raise AssertionError("nothing is invoked here")


def progress_of(lanes: int, checkpoints: MemoryCheckpoints) -> ShardProgress:
    mapping = EventSourceMapping("f.E", "s", "arn", "f", parallelization_factor=lanes)
    clock = Still()
    ports = Ports(
        invoker=Nobody(),
        journal=Journal(clock),
        clock=clock,  # type: ignore[arg-type]  # its time is all that is asked for
        chance=Chance(0),
        checkpoints=checkpoints,
        role_arn="r",
    )
    return ShardProgress("s", mapping, ports)


@pytest.mark.parametrize("order_max", [4, 100_000])
@given(
    reads=st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=6), min_size=1, max_size=8),
    turns=st.lists(st.integers(0, 2), max_size=60),
)
def test_it_follows_the_slowest_lane_however_much_it_may_remember(
    order_max: int, reads: list[list[int]], turns: list[int]
) -> None:
    with patch.object(progress, "ORDER_MAX", order_max):
        run(lambda: _followed(reads, deque(turns), exact=order_max > 4), virtual=True)


async def _followed(reads: list[list[int]], turns: deque[int], exact: bool) -> None:
    checkpoints = MemoryCheckpoints()
    following = progress_of(3, checkpoints)
    waiting: list[deque[int]] = [deque(), deque(), deque()]
    number = 0

    def check() -> None:
        done = checkpoints.get("f.E", "s")
        at = 0 if done is None else int(done.sequence_number)
        left = [lane[0] for lane in waiting if lane]
        truth = min(left) - 1 if left else number
        assert at == truth if exact else at <= truth
        assert left or at == number

    for lanes in reads:
        before, first = following.head, number + 1
        seen: set[int] = set()
        for lane in lanes:
            number += 1
            if lane not in seen:
                following.arrived(lane, str(number), before)
                seen.add(lane)
            waiting[lane].append(number)
        following.dealt_out(before, map(str, range(first, number + 1)))
        await following.read_to(str(number))
        check()
        for _ in range(min(len(turns), 8)):
            await _take(turns.popleft(), waiting, following)
            check()
    for lane in range(3):
        while waiting[lane]:
            await _take(lane, waiting, following)
            check()


async def _take(lane: int, waiting: list[deque[int]], following: ShardProgress) -> None:
    """The lane is done with the first of its records, if it has any."""
    if waiting[lane]:
        done = waiting[lane].popleft()
        first = str(waiting[lane][0]) if waiting[lane] else None
        await following.done(lane, first, str(done))
