from __future__ import annotations

import asyncio
import math
from datetime import UTC, datetime, timedelta, timezone

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsim.clock import Clock, VirtualClock, VirtualLoop, run
from eventsim.errors import Deadlock

START = datetime(2026, 1, 1, tzinfo=UTC)
YEAR = 365 * 24 * 3600


def loop() -> VirtualLoop:
    running = asyncio.get_running_loop()
    assert isinstance(running, VirtualLoop)
    return running


async def test_time_starts_at_zero_and_jumps_exactly(clock: Clock) -> None:
    seen = [clock.time()]
    for seconds in (0.1, 0.2, 1e6, 1e-9):
        await clock.sleep(seconds)
        seen.append(clock.time())

    assert seen == [0.0, 0.1, 0.1 + 0.2, 0.1 + 0.2 + 1e6, 0.1 + 0.2 + 1e6 + 1e-9]


async def test_the_wall_is_the_start_plus_the_time(clock: Clock) -> None:
    await clock.sleep(90.5)

    assert clock.wall() == START + timedelta(seconds=90.5)
    assert clock.timestamp() == START.timestamp() + 90.5


async def test_a_start_in_another_zone_is_told_in_utc() -> None:
    clock = VirtualClock(datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))))

    assert (clock.wall(), clock.wall().tzinfo) == (START, UTC)


async def test_a_start_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        VirtualClock(datetime(2026, 1, 1))


def test_a_virtual_clock_needs_the_virtual_loop() -> None:
    async def main() -> None:
        with pytest.raises(RuntimeError, match="needs a VirtualLoop"):
            VirtualClock(START)

    run(main, virtual=False)


async def test_equal_times_go_in_the_order_they_were_scheduled(clock: Clock) -> None:
    order: list[int] = []

    async def wait(number: int, due: float) -> None:
        await clock.sleep_until(due)
        order.append(number)

    async with anyio.create_task_group() as group:
        for number in range(50):
            group.start_soon(wait, number, 10.0 if number % 2 else 20.0)

    assert order == [*range(1, 50, 2), *range(0, 50, 2)]


@given(delays=st.lists(st.sampled_from([0.0, 0.1, 0.2, 0.3, 1.0, 7.5]), max_size=12))
def test_timers_fire_by_time_then_by_order(delays: list[float]) -> None:
    fired: list[tuple[float, int]] = []

    def fire(number: int) -> None:
        fired.append((loop().time(), number))

    async def main() -> None:
        for number, delay in enumerate(delays):
            loop().call_later(delay, fire, number)
        await asyncio.sleep(10)

    run(main, virtual=True)

    assert fired == sorted((delay, number) for number, delay in enumerate(delays))


async def test_a_year_with_ten_timers_is_ten_jumps(clock: Clock) -> None:
    jumps, rounds = loop().jumps, loop().rounds
    for month in range(1, 11):
        await clock.sleep_until(YEAR * month / 10)

    assert clock.time() == YEAR
    assert loop().jumps - jumps == 10
    assert loop().rounds - rounds < 50


async def test_cancelled_timers_neither_fire_nor_pile_up(clock: Clock) -> None:
    for _ in range(10_000):
        with anyio.move_on_after(3600):
            await clock.sleep(0.001)
    jumps, waiting = loop().jumps, len(loop()._timers)

    await clock.sleep(7200)

    assert loop().jumps - jumps == 1
    assert waiting < 200


async def test_sleep_until_the_past_returns_and_lets_others_run(clock: Clock) -> None:
    await clock.sleep(5)
    ran: list[str] = []
    loop().call_soon(ran.append, "other")

    await clock.sleep_until(3)

    assert (clock.time(), ran) == (5, ["other"])


@given(origin=st.floats(0, 1e7), due=st.floats(0, 1e7))
def test_sleep_until_never_returns_early(origin: float, due: float) -> None:
    async def main() -> tuple[float, float]:
        await asyncio.sleep(origin)
        clock = VirtualClock(START)
        await clock.sleep_until(due)
        return clock.time(), math.ulp(origin + due)

    time, rounding = run(main, virtual=True)

    assert due <= time <= due + 2 * rounding


async def test_move_on_at_cancels_exactly_then(clock: Clock) -> None:
    await clock.sleep(1)
    with clock.move_on_at(3.5) as scope:
        await clock.sleep(900)

    assert (clock.time(), scope.cancelled_caught) == (3.5, True)


async def test_move_on_at_a_time_that_has_passed_cancels_at_once(clock: Clock) -> None:
    await clock.sleep(5)
    with clock.move_on_at(2) as scope:
        await clock.sleep(1)

    assert (clock.time(), scope.cancelled_caught) == (5, True)


async def test_an_alarm_rings_exactly_then_or_when_somebody_rings_it(clock: Clock) -> None:
    await clock.alarm(3.5).wait()
    by_itself = clock.time()
    alarm = clock.alarm(YEAR)
    async with anyio.create_task_group() as group:
        group.start_soon(alarm.wait)
        await clock.sleep(1)
        alarm.ring()
        alarm.ring()

    assert (by_itself, clock.time()) == (3.5, 4.5)


async def test_a_wait_that_is_given_up_leaves_no_timer_behind(clock: Clock) -> None:
    for wait in (clock.alarm(YEAR).wait, lambda: clock.sleep_until(YEAR)):
        with clock.move_on_at(clock.time() + 1):
            await wait()

    assert clock.time() == 2
    assert [timer for *_, timer in loop()._timers if not timer.cancelled()] == []


async def test_a_deadline_a_hair_after_another_timer_does_not_spin(clock: Clock) -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(clock.sleep, 1.0)
        with clock.move_on_at(1.0 + 2e-7):
            await clock.sleep(10)

    assert clock.time() == 1.0 + 2e-7
    assert loop().rounds < 100


async def wait_for_nothing() -> None:
    await anyio.Event().wait()


async def three_who_wait() -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(wait_for_nothing, name="reader of shard-1")
        group.start_soon(anyio.sleep_forever, name="sleeper")
        group.start_soon(wait_for_nothing, name="reader of shard-0")


def test_a_deadlock_names_every_task_and_where_it_waits() -> None:
    with pytest.raises(Deadlock) as caught:
        run(three_who_wait, virtual=True)

    first = wait_for_nothing.__code__.co_firstlineno
    main = three_who_wait.__code__.co_firstlineno
    here = "test_clock_virtual.py"
    places = [line.strip() for line in str(caught.value).splitlines()[1:]]
    assert places[:2] == [
        f"task 'reader of shard-0' waits at {here}:{first + 1} in wait_for_nothing",
        f"task 'reader of shard-1' waits at {here}:{first + 1} in wait_for_nothing",
    ]
    assert places[2].startswith("task 'sleeper' waits at ")
    assert places[3].endswith(f"waits at {here}:{main + 1} in three_who_wait")


def test_a_deadlock_lets_the_tasks_clean_up_in_the_order_they_started() -> None:
    cleaned: list[int] = []

    async def wait(number: int) -> None:
        try:
            await anyio.Event().wait()
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(1)
            cleaned.append(number)

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for number in range(20):
                group.start_soon(wait, number)

    with pytest.raises(Deadlock):
        run(main, virtual=True)

    assert cleaned == list(range(20))


def test_a_deadlock_is_raised_even_if_the_program_swallows_its_cancellation() -> None:
    async def main() -> None:
        for _ in range(2):
            try:
                await asyncio.get_running_loop().create_future()
            except asyncio.CancelledError:
                continue

    with pytest.raises(Deadlock):
        run(main, virtual=True)


def test_run_returns_what_main_returns() -> None:
    async def main() -> int:
        await anyio.sleep(3600)
        return 7

    assert run(main, virtual=True) == 7


async def test_a_stopwatch_measures_real_time(clock: Clock) -> None:
    elapsed = clock.stopwatch()
    await clock.sleep(3600)

    assert 0 < elapsed() < 60
