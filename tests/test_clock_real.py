from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import anyio
import pytest

from eventsim.clock import Clock, RealClock, VirtualLoop, run

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.real_time
async def test_the_stock_loop_is_used(clock: Clock) -> None:
    assert not isinstance(asyncio.get_running_loop(), VirtualLoop)
    assert (clock.virtual, clock.speed) == (False, 1.0)


@pytest.mark.real_time
async def test_a_speed_divides_the_waits() -> None:
    clock = RealClock(START, speed=1000)
    elapsed = clock.stopwatch()

    await clock.sleep(20)
    await clock.sleep_until(50)

    assert 50 <= clock.time() < 20_000
    assert 0.05 <= elapsed() < 20


@pytest.mark.real_time
async def test_sleep_until_never_returns_early() -> None:
    clock = RealClock(START, speed=7.3)
    for step in range(1, 40):
        await clock.sleep_until(step / 100)
        assert clock.time() >= step / 100


@pytest.mark.real_time
async def test_an_alarm_is_in_simulated_seconds() -> None:
    clock = RealClock(START, speed=1000)
    elapsed = clock.stopwatch()

    await clock.alarm(40).wait()

    assert 0.03 <= elapsed() < 20


@pytest.mark.real_time
async def test_move_on_at_is_in_simulated_seconds() -> None:
    clock = RealClock(START, speed=1000)
    elapsed = clock.stopwatch()

    with clock.move_on_at(40) as scope:
        await anyio.sleep(30)

    assert scope.cancelled_caught
    assert clock.time() >= 40
    assert 0.04 <= elapsed() < 20


@pytest.mark.real_time
async def test_the_wall_runs_at_the_speed() -> None:
    clock = RealClock(START, speed=1000)
    await clock.sleep(30)

    assert clock.wall() >= START + timedelta(seconds=30)
    assert clock.timestamp() >= START.timestamp() + 30


@pytest.mark.real_time
@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan"), float("inf")])
async def test_a_speed_must_be_above_zero(speed: float) -> None:
    with pytest.raises(ValueError, match="a speed must be a number above 0"):
        RealClock(START, speed)


@pytest.mark.real_time
async def test_a_start_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        RealClock(datetime(2026, 1, 1))


def test_run_returns_what_main_returns() -> None:
    async def main() -> str:
        await RealClock(START, speed=1000).sleep(1)
        return "done"

    assert run(main, virtual=False) == "done"
