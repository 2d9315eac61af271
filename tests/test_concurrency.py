"""Who may run: reserved, provisioned and the account's concurrency, and how fast they grow."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import anyio
import pytest

from eventsim.clock import Clock
from eventsim.environments.concurrency import Concurrency
from eventsim.errors import InvalidParameterValue, InvokeError, TooManyRequests
from eventsim.types import Duration
from tests.functions import Local, function, local

RESERVED = "ReservedFunctionConcurrentInvocationLimitExceeded"
ACCOUNT = "ConcurrentInvocationLimitExceeded"


def nothing(event: Any, context: Any) -> None:
    """Return at once."""


async def at_once(running: Local, number: int, **parameters: Any) -> Counter[str]:
    """Invoke so many times at one instant: what became of them."""
    found: Counter[str] = Counter()

    async def call() -> None:
        try:
            await running.invoke(**parameters)
            found["ran"] += 1
        except TooManyRequests as refused:
            found[refused.fields["Reason"]] += 1

    async with anyio.create_task_group() as tasks:
        for _ in range(number):
            tasks.start_soon(call)
    return found


async def test_a_reservation_is_a_cap_and_its_refusal_is_lambdas(clock: Clock) -> None:
    """Invoke case 18."""
    with local(clock, function(nothing, duration=Duration(1.0))) as running:
        running.environments.concurrency.reserve("f", 1)
        assert await at_once(running, 2) == {"ran": 1, RESERVED: 1}
        with pytest.raises(TooManyRequests, match=r"Rate Exceeded\.$"):
            running.environments.concurrency.reserve("f", 0)
            await running.invoke()


async def test_a_reservation_is_a_guarantee_that_the_others_cannot_use(clock: Clock) -> None:
    slow = Duration(1.0)
    functions = function(nothing, duration=slow), function(nothing, "g", duration=slow)
    settings = {"concurrent_executions": 105}
    with local(clock, *functions, settings=settings) as running:
        running.environments.concurrency.reserve("g", 5)
        assert await at_once(running, 103) == {"ran": 100, ACCOUNT: 3}
        assert await at_once(running, 5, name="g") == {"ran": 5}


def test_a_reservation_leaves_a_hundred_to_the_others() -> None:
    """Invoke case 41."""
    concurrency = Concurrency(1_000)
    concurrency.reserve("f", 500)
    with pytest.raises(InvalidParameterValue, match=r"below its minimum value of \[100\]\.$"):
        concurrency.reserve("g", 401)
    concurrency.reserve("g", 400)
    concurrency.reserve("f", 400)
    concurrency.reserve("f", None)
    concurrency.reserve("h", 500)


def test_a_reservation_changed_in_flight_counts_everything_that_runs() -> None:
    concurrency = Concurrency(101)
    concurrency.enter("f")
    concurrency.reserve("f", 1)
    with pytest.raises(TooManyRequests):
        concurrency.enter("f")
    for _ in range(100):
        concurrency.enter("g")
    concurrency.reserve("f", None)
    with pytest.raises(TooManyRequests):
        concurrency.enter("g")
    concurrency.leave("f")
    concurrency.enter("g")


def test_overlapping_throttles_leave_the_reservation_as_it_was() -> None:
    concurrency = Concurrency()
    concurrency.reserve("f", 1)
    with concurrency.throttled("f"):
        with concurrency.throttled("f"):
            assert concurrency.stopped("f")
        with pytest.raises(TooManyRequests):
            concurrency.enter("f")
    assert not concurrency.stopped("f")
    concurrency.enter("f")
    with pytest.raises(TooManyRequests):
        concurrency.enter("f")


async def test_a_function_grows_by_a_thousand_environments_in_ten_seconds(clock: Clock) -> None:
    """Invoke case 44: 3,000 at once on an account of 5,000, and a hundred more a second after."""
    f = function(nothing, duration=Duration(30.0), timeout=60, init_duration=0.0)
    with local(clock, f, settings={"concurrent_executions": 5_000}) as running:
        counts: list[Counter[str]] = []

        async def burst(number: int) -> None:
            counts.append(await at_once(running, number))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(burst, 3_000)
            await clock.sleep(1)
            tasks.start_soon(burst, 150)
            await clock.sleep(19)
            tasks.start_soon(burst, 1_001)
    assert counts == [
        {"ran": 1_000, ACCOUNT: 2_000},
        {"ran": 100, ACCOUNT: 50},
        {"ran": 1_000, ACCOUNT: 1},
    ]


async def test_provisioned_environments_are_warm_and_the_rest_spills_over(clock: Clock) -> None:
    f = function(nothing, duration=Duration(1.0), init_duration=0.5)
    with local(clock, f) as running:
        running.environments.publish("f")
        running.environments.shift("f", "live", "1")
        await running.environments.provision("f", "live", 2)
        assert clock.time() == 0.5
        assert await at_once(running, 3, qualifier="live") == {"ran": 3}
        inits = [entry.get("init") for entry in running.entries("invocation_finished")]
        await clock.sleep(10_000)
        assert await at_once(running, 2, qualifier="live") == {"ran": 2}
    assert inits == [None, None, 0.5]
    assert running.kinds().count("environment_started") == 3
    changes = running.entries("function_changed")[2:]
    assert [(c["status"], c["provisioned"]) for c in changes] == [("IN_PROGRESS", 2), ("READY", 2)]


@pytest.mark.parametrize(
    ("init", "most", "status"),
    [(12.0, 3, "READY"), (129.9, 3, "READY"), (131.0, 3, "FAILED"), (131.0, 140, "READY")],
)
async def test_a_provisioned_environment_has_130_s_or_its_timeout_to_initialise(
    clock: Clock, init: float, most: int, status: str
) -> None:
    with local(clock, function(nothing, init_duration=init, timeout=most)) as running:
        running.environments.publish("f")
        await running.environments.provision("f", "1", 1)
        *_, changed = running.entries("function_changed")
    assert (changed["status"], clock.time()) == (status, min(init, max(130, most)))


async def test_all_of_a_reservation_provisioned_stops_the_latest(clock: Clock) -> None:
    with local(clock, function(nothing, duration=Duration(1.0))) as running:
        running.environments.publish("f")
        running.environments.concurrency.reserve("f", 2)
        await running.environments.provision("f", "1", 2)
        assert await at_once(running, 3, qualifier="1") == {"ran": 2, RESERVED: 1}
        assert await at_once(running, 1) == {RESERVED: 1}


async def test_what_cannot_be_provisioned_is_refused(clock: Clock) -> None:
    with local(clock, function(nothing)) as running:
        running.environments.publish("f")
        running.environments.concurrency.reserve("f", 1)
        with pytest.raises(InvalidParameterValue, match="unpublished function versions"):
            await running.environments.provision("f", "$LATEST", 1)
        with pytest.raises(InvalidParameterValue) as refused:
            await running.environments.provision("f", "1", 2)
        with pytest.raises(InvokeError, match="Function not found"):
            await running.environments.provision("f", "2", 1)
    assert refused.value.message == (
        " ReservedConcurrentExecutions  1 should not be lower than function's total "
        "provisioned concurrency [2]."
    )


async def test_provisioned_environments_that_fail_to_initialise_are_given_up(
    clock: Clock,
) -> None:
    with local(clock, function("no_module.handler")) as running:
        running.environments.publish("f")
        await running.environments.provision("f", "1", 2)
    assert [c.get("status") for c in running.entries("function_changed")] == [
        None,
        "IN_PROGRESS",
        "FAILED",
    ]
    assert running.kinds().count("environment_stopped") == 2


async def test_what_is_provisioned_without_a_reservation_is_not_there_for_the_others(
    clock: Clock,
) -> None:
    slow = Duration(1.0)
    functions = function(nothing, duration=slow), function(nothing, "g", duration=slow)
    with local(clock, *functions, settings={"concurrent_executions": 10}) as running:
        running.environments.publish("f")
        await running.environments.provision("f", "1", 4)
        assert await at_once(running, 8, name="g") == {"ran": 6, ACCOUNT: 2}
        assert await at_once(running, 4, qualifier="1") == {"ran": 4}


def test_the_most_of_a_function_is_its_reservation_less_what_is_provisioned() -> None:
    concurrency = Concurrency(1_000)
    concurrency.reserve("f", 10)
    concurrency.provision("f", 4)
    concurrency.provision("g", 5)
    assert [concurrency.most(name) for name in "fgh"] == [6, 985, 985]
    with concurrency.throttled("f"):
        assert concurrency.most("f") == 0


async def test_what_fails_to_be_provisioned_takes_nothing_from_what_is(
    clock: Clock, tmp_path: Path
) -> None:
    (tmp_path / "app.py").write_text("def handler(event, context): ...")
    with local(clock, function("app.handler", code_uri=str(tmp_path))) as running:
        environments = running.environments
        environments.publish("f")
        environments.concurrency.reserve("f", 5)
        environments.shift("f", "live", "1")
        await environments.provision("f", "live", 2)
        (tmp_path / "app.py").write_text("raise ValueError")
        await environments.provision("f", "1", 2)
        assert environments.concurrency.most("f") == 3
        await running.invoke(name="f:1")
    statuses = [entry.get("status") for entry in running.entries("function_changed")]
    assert statuses[2:] == ["IN_PROGRESS", "READY", "IN_PROGRESS", "FAILED"]
    assert len(running.entries("environment_reused")) == 1


async def test_an_invocation_that_is_broken_off_costs_no_provisioned_environment(
    clock: Clock,
) -> None:
    f = function(nothing, duration=Duration(2.0), init_duration=0.5)
    with local(clock, f) as running:
        running.environments.publish("f")
        await running.environments.provision("f", "1", 1)
        with clock.move_on_at(clock.time() + 1):
            await running.invoke(name="f:1")
        (reset,) = [e for e in running.sink.entries if e.kind == "environment_reset"]
        assert reset.because == "its invocation was broken off"
        await running.invoke(name="f:1")
    assert len(running.entries("environment_started")) == 1
    (finished,) = running.entries("invocation_finished")
    assert finished["duration"] == 2.0 + 0.5  # initialised again, within the invocation


async def test_what_is_provisioned_anew_replaces_what_was(clock: Clock) -> None:
    with local(clock, function(nothing)) as running:
        environments = running.environments
        environments.publish("f")
        environments.concurrency.reserve("f", 5)
        for number in (2, 4, 1):
            await environments.provision("f", "1", number)
            assert environments.concurrency.most("f") == 5 - number
    stopped = [entry.because for entry in running.sink.entries if entry.kind.endswith("_stopped")]
    assert stopped.count("its provisioned concurrency was withdrawn") == 2 + 4
    assert stopped.count("the run ended") == 1
