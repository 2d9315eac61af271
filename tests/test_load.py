"""Requests at a rate: both ways to run them come to the same answers, one by one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventsim.clock import Clock, VirtualClock, run
from eventsim.environments import Environments
from eventsim.errors import EventsimError
from eventsim.ids import Chance
from eventsim.invokers.local import LocalInvoker
from eventsim.journal import Journal
from eventsim.journal.sinks import MemorySink
from eventsim.rules import arrivals
from eventsim.rules.concurrency import CONCURRENT_EXECUTIONS
from eventsim.rules.profiles import IN_2017, TODAY, Profile
from eventsim.runtimes import RuntimeOptions
from eventsim.runtimes.model import open_runtimes
from eventsim.traffic.sending import IN_FLIGHT_MAX, Sender
from eventsim.traffic.totals import Totals
from eventsim.traffic.what_if import Invoked, WhatIf
from eventsim.types import (
    Duration,
    Exponential,
    Function,
    Gamma,
    InvokeRequest,
    InvokeResult,
    Lognormal,
    Uniform,
)
from tests.conftest import START

EXPONENTIAL = Duration(distribution=Exponential(0.7))
MODEL = Function("f", "", run_in="model", duration=EXPONENTIAL, init_duration=0.25, timeout=30)


class Load(NamedTuple):
    """Requests to a function, the concurrency reserved for it, the profile and the account's."""

    function: Function
    instants: tuple[float, ...]
    seconds: float
    reserved: int | None = None
    profile: Profile = TODAY
    account: int = CONCURRENT_EXECUTIONS


def poisson(function: Function, rate: float, seconds: float, reserved: int | None = None) -> Load:
    stream = Chance(0).stream("arrivals")
    return Load(function, tuple(arrivals.poisson(rate, seconds, stream)), seconds, reserved)


def evenly(function: Function, rate: float, seconds: float) -> Load:
    return Load(function, tuple(arrivals.constant(rate, seconds)), seconds)


LOADS = {
    "exponential": poisson(MODEL, 3.0, 700.0),
    "idle environments recycled": poisson(MODEL, 1 / 400, 400_000.0),
    "timeouts and resets": poisson(replace(MODEL, timeout=1), 2.0, 800.0),
    "init beyond Timeout after a reset": poisson(
        replace(MODEL, timeout=1, init_duration=Duration(distribution=Exponential(0.8))), 2.0, 600.0
    ),
    "errors and crashes": poisson(replace(MODEL, error_rate=0.1, crash_rate=0.1), 2.0, 800.0),
    "throttled": poisson(MODEL, 5.0, 300.0, reserved=3),
    "stopped": poisson(MODEL, 5.0, 10.0, reserved=0),
    "gamma, lognormal init": poisson(
        replace(
            MODEL,
            duration=Duration(distribution=Gamma(0.5, 4.0)),
            init_duration=Duration(distribution=Lognormal(0.1, 0.4)),
        ),
        4.0,
        400.0,
    ),
    "init too slow for its phase": poisson(
        replace(
            MODEL, timeout=8, init_duration=Duration(distribution=Exponential(6.0)), error_rate=0.1
        ),
        2.0,
        600.0,
    ),
    "in a VPC in 2017, with a package": poisson(
        replace(MODEL, in_vpc=True, package_bytes=20_000_000), 0.5, 2_000.0
    )._replace(profile=IN_2017),
    "too many new environments at once": Load(
        MODEL, tuple(0.0001 * number for number in range(3_000)), 60.0, account=5_000
    ),
    "uniform": evenly(replace(MODEL, duration=Duration(distribution=Uniform(0.1, 2))), 3.0, 300.0),
    "all at the same instants": evenly(
        replace(MODEL, duration=Duration(1.0), init_duration=0.5), 2.0, 100.0
    ),
    "one after another, to the instant": evenly(
        replace(MODEL, duration=Duration(1.0), init_duration=0), 1.0, 100.0
    ),
}


def sent(load: Load, seed: int = 0) -> tuple[list[Invoked], dict[str, Any]]:
    """What becomes of each request when it is sent to the environments, and the totals."""

    async def main() -> tuple[list[Invoked], dict[str, Any]]:
        clock, sink, chance = VirtualClock(START), MemorySink(), Chance(seed)
        journal = Journal(clock, sinks=[sink])
        environments = Environments(
            [load.function],
            open_runtimes(RuntimeOptions(clock, chance=chance)),
            clock=clock,
            journal=journal,
            chance=chance,
            profile=load.profile,
            concurrent_executions=load.account,
        )
        environments.concurrency.reserve("f", load.reserved)
        sender = Sender("f", b"{}", LocalInvoker(environments, journal), clock, journal, chance)
        totals = await sender.send(load.instants, load.seconds)
        environments.close()
        return answers(sink), totals.fields()

    return run(main, virtual=True)


def answers(sink: MemorySink) -> list[Invoked]:
    """Each request as its entries tell of it, in the order of arrival."""
    found: dict[str, Invoked] = {}
    new: set[str] = set()
    for entry in sink.entries:
        fields = entry.fields
        match entry.kind:
            case "invocation_requested":
                found[fields["request_id"]] = Invoked(entry.time, entry.time)
            case "invocation_throttled":
                asked = found[fields["request_id"]]
                found[fields["request_id"]] = asked._replace(throttled=True)
            case "environment_started":
                new.add(fields["environment"])
            case "invocation_finished":
                asked, cold = found[fields["request_id"]], fields["environment"] in new
                new.discard(fields["environment"])
                found[fields["request_id"]] = asked._replace(
                    answered=entry.time, cold=cold, error=error(fields)
                )
    return [rounded(each) for each in found.values()]


def error(fields: dict[str, Any]) -> str:
    named = {"Sandbox.Timedout": "timeout", "Runtime.ExitError": "crash", "ModelError": "error"}
    return named[fields["error_type"]] if "error" in fields else ""


def rounded(each: Invoked) -> Invoked:
    return each._replace(at=round(each.at, 6), answered=round(each.answered, 6))


def worked_out(load: Load, seed: int = 0) -> tuple[list[Invoked], dict[str, Any]]:
    """The same without a task."""
    each: list[Invoked] = []
    most = load.account if load.reserved is None else load.reserved
    what_if = WhatIf(
        load.function,
        Chance(seed),
        load.seconds,
        concurrency=most,
        profile=load.profile,
        each=each.append,
    )
    assert what_if.run(load.instants) == len(load.instants)
    return [rounded(one) for one in each], what_if.finish().fields()


@pytest.mark.parametrize("load", LOADS.values(), ids=LOADS)
def test_both_drivers_give_each_request_the_same_answer(load: Load) -> None:
    asked, totals = sent(load)
    computed, sums = worked_out(load)

    assert computed == asked
    assert sums == pytest.approx(totals, abs=1e-6 * max(1, len(load.instants)))
    assert totals["requests"] == len(load.instants)


def test_every_load_shows_what_it_is_called_after() -> None:
    sums = {name: worked_out(load)[1] for name, load in LOADS.items()}

    assert sums["idle environments recycled"]["cold_starts"] > 100
    assert sums["timeouts and resets"]["timeouts"] > 100
    assert sums["errors and crashes"]["errors"] > 100
    assert 0 < sums["throttled"]["throttles"] < sums["throttled"]["requests"]
    assert sums["stopped"]["throttles"] == sums["stopped"]["requests"]
    assert sums["too many new environments at once"]["cold_starts"] == 1_029
    assert sums["one after another, to the instant"]["cold_starts"] == 1


@settings(max_examples=25)
@given(
    seed=st.integers(0, 2**32),
    rate=st.floats(0.01, 20),
    timeout=st.integers(1, 3),
    rates=st.sampled_from([(0.0, 0.0), (0.2, 0.1)]),
    init=st.sampled_from([0.0, 0.3, Duration(distribution=Exponential(0.5))]),
    duration=st.sampled_from([Duration(0.5), Duration(2.0), EXPONENTIAL]),
    reserved=st.sampled_from([None, 1, 5]),
)
def test_both_drivers_agree_on_any_function(
    seed: int,
    rate: float,
    timeout: int,
    rates: tuple[float, float],
    init: float | Duration,
    duration: Duration,
    reserved: int | None,
) -> None:
    function = replace(
        MODEL,
        timeout=timeout,
        error_rate=rates[0],
        crash_rate=rates[1],
        init_duration=init,
        duration=duration,
    )
    load = poisson(function, rate, 200 / rate, reserved)

    asked, totals = sent(load, seed)
    computed, sums = worked_out(load, seed)

    assert computed == asked
    assert sums == pytest.approx(totals, abs=1e-6 * max(1, len(load.instants)))


def test_running_in_slices_changes_nothing() -> None:
    load = LOADS["errors and crashes"]
    whole, sums = worked_out(load)
    each: list[Invoked] = []
    what_if = WhatIf(load.function, Chance(0), load.seconds, each=each.append)

    for start in range(0, len(load.instants), 100):
        what_if.run(load.instants[start : start + 100])

    assert [rounded(one) for one in each] == whole
    assert what_if.finish().fields() == pytest.approx(sums)


def test_a_function_with_code_is_not_worked_out() -> None:
    with pytest.raises(EventsimError, match="'f' is not run_in: model"):
        WhatIf(Function("f", "app.handler"), Chance(0), 1.0)


async def test_too_many_unanswered_requests_end_the_run(clock: Clock) -> None:
    class Silent:
        async def invoke(self, request: InvokeRequest) -> InvokeResult:
            await clock.sleep(1e6)
            return InvokeResult(200)

    journal = Journal(clock)
    sender = Sender("f", b"{}", Silent(), clock, journal, Chance(0))

    with pytest.raises(BaseExceptionGroup) as caught:
        await sender.send(arrivals.constant(1.0, 1e6), 1e6)

    (error,) = caught.value.exceptions
    assert str(error).startswith(f"{IN_FLIGHT_MAX:,} requests to f are not answered yet")
    assert clock.time() == IN_FLIGHT_MAX


def test_parts_and_means_of_nothing_are_nothing() -> None:
    assert set(Totals(10.0).fields().values()) == {0}


@pytest.mark.parametrize(
    ("rate", "seconds", "instants"),
    [
        (1.0, 3.0, [0.0, 1.0, 2.0]),
        (2.0, 1.0, [0.0, 0.5]),
        (0.5, 4.1, [0.0, 2.0, 4.0]),
        (1.0, 0.1, [0.0]),
        (10.0, 0.0, []),
    ],
)
def test_a_constant_rate_is_even_and_ends_before_its_time(
    rate: float, seconds: float, instants: list[float]
) -> None:
    assert list(arrivals.constant(rate, seconds)) == instants


@given(rate=st.floats(0.1, 100), seed=st.integers(0, 2**32))
@settings(max_examples=50)
def test_poisson_arrivals_are_in_order_in_time_and_about_as_many(rate: float, seed: int) -> None:
    instants = list(arrivals.poisson(rate, 400 / rate, Chance(seed).stream("a")))

    assert instants == sorted(instants)
    assert all(0 < at < 400 / rate for at in instants)
    assert 290 < len(instants) < 510  # five standard deviations and a half of a mean of 400
