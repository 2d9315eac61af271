"""Sending by the clock, or so many at a time: what each model measures of one target."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import anyio
import pytest

from eventsim.clock import Clock
from eventsim.journal import Journal
from eventsim.rules import arrivals
from eventsim.rules.measured import Measured
from eventsim.traffic import driving
from eventsim.traffic.driving import ClosedModel, OpenModel
from eventsim.traffic.measuring import Meter, Sending


class Service:
    """Answers after *seconds* of service, which may depend on when it is asked."""

    def __init__(self, clock: Clock, meter: Meter, seconds: Callable[[float], float]) -> None:
        self._clock, self._meter, self._seconds = clock, meter, seconds
        self.most = self._at_once = 0

    async def send(self, sending: Sending) -> None:
        self._at_once += 1
        self.most = max(self.most, self._at_once)
        await self._clock.sleep(self._seconds(self._meter.now))
        self._at_once -= 1
        self._meter.answered(sending)


def stalling(now: float) -> float:
    """10 ms, but the first second of every ten passes before anything is answered."""
    return 0.01 + max(0.0, 1.0 - now % 10)


def open_service(
    clock: Clock, seconds: float, service: Callable[[float], float] = lambda now: 0.01
) -> tuple[Meter, Service]:
    meter = Meter(Measured(seconds), {}, clock)
    meter.begin(Journal(clock))
    return meter, Service(clock, meter, service)


def figures(measured: Measured, *names: str) -> list[float | None]:
    return [measured.figure(name) for name in names]


async def test_each_request_is_sent_at_its_instant_whether_the_last_was_answered_or_not(
    clock: Clock,
) -> None:
    meter, service = open_service(clock, 10.0, lambda now: 3.0)

    await OpenModel(service, meter, clock).drive(arrivals.constant(2.0, 10.0), 10.0)

    measured = meter.finish()
    assert clock.time() == 12.5
    assert service.most == 6
    assert (measured.requests, measured.counts["answered"]) == (20, 20)
    assert figures(measured, "p50", "max", "uncorrected_max", "lateness_max") == [3, 3, 3, 0]
    assert figures(measured, "throughput") == [1.5]  # 15 of them within the ten seconds


async def test_an_open_load_shows_a_stall_that_a_closed_one_hides(clock: Clock) -> None:
    meter, service = open_service(clock, 100.0, stalling)
    await OpenModel(service, meter, clock).drive(arrivals.constant(100.0, 100.0), 100.0)
    begun = clock.time()
    await clock.sleep(110.0 - begun)  # the next ten seconds begin
    closed_meter, closed_service = open_service(clock, 100.0, stalling)
    await ClosedModel(closed_service, closed_meter, clock, 1).drive(100.0)

    opened, closed = meter.finish(), closed_meter.finish()
    assert figures(opened, "p50", "p99", "max") == pytest.approx([0.01, 0.91, 1.01], rel=0.01)
    assert figures(closed, "p50", "p99", "max") == pytest.approx([0.01, 0.01, 1.01], rel=0.01)
    estimated = closed.times["uncorrected"].expected(10_000)
    assert estimated.percentile(99) / 1e6 == pytest.approx(0.91, rel=0.02)


async def test_a_request_that_waits_to_be_sent_has_waited(clock: Clock) -> None:
    meter, service = open_service(clock, 1.0, lambda now: 0.5)

    await OpenModel(service, meter, clock, in_flight_max=2).drive(iter([0.0, 0.0, 0.0, 0.1]), 1.0)

    measured = meter.finish()
    assert service.most == 2
    assert measured.counts["waited"] == 2
    found = figures(measured, "p25", "p50", "p75", "p100")
    assert found == pytest.approx([0.5, 0.5, 0.9, 1.0], rel=0.001)
    assert figures(measured, "uncorrected_max", "lateness_max") == [0.5, 0.0]


async def test_what_is_late_is_the_generators_lateness_and_counts_in_latency(clock: Clock) -> None:
    meter, service = open_service(clock, 10.0)

    def slow() -> Iterable[float]:
        meter._begun -= 1.25  # as if the process had stood still for so long
        yield 1.0
        yield 1.0

    await OpenModel(service, meter, clock).drive(slow(), 2.0)

    measured = meter.finish()
    assert figures(measured, "lateness_max", "max", "uncorrected_max") == [0.25, 0.26, 0.01]
    assert not measured.valid(0.01)


async def test_beyond_so_many_without_an_answer_requests_are_dropped_and_counted(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driving, "WAITING_MAX", 5)
    told = list[tuple[str, str]]()
    meter = Meter(Measured(1.0), {}, clock, lambda *error: told.append(error))
    meter.begin(Journal(clock))
    service = Service(clock, meter, lambda now: 5.0)

    await OpenModel(service, meter, clock, in_flight_max=2).drive([0.0] * 8, 1.0)

    measured = meter.finish()
    assert (measured.requests, measured.counts["dropped"]) == (8, 3)
    assert measured.errors == {"dropped": 3}
    assert told == [("dropped", "too many requests wait for answers")]
    assert measured.counts["answered"] == 8


async def test_an_open_load_that_is_stopped_sends_no_more_and_awaits_its_answers(
    clock: Clock,
) -> None:
    meter, service = open_service(clock, 10.0, lambda now: 3.0)
    model = OpenModel(service, meter, clock)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(model.drive, arrivals.constant(1.0, 10.0), 10.0)
        await clock.sleep(2.5)
        model.stop()

    measured = meter.finish()
    assert clock.time() == 5.0
    assert (measured.requests, measured.counts["answered"]) == (3, 3)


async def test_a_closed_load_has_so_many_in_flight_until_its_time_is_up(clock: Clock) -> None:
    meter, service = open_service(clock, 10.0, lambda now: 0.5)

    await ClosedModel(service, meter, clock, 4).drive(10.0)

    measured = meter.finish()
    assert service.most == 4
    assert measured.requests == measured.counts["answered"] == 4 * 20
    assert figures(measured, "throughput", "p99") == [8.0, 0.5]


async def test_a_closed_load_goes_on_in_time_where_answers_take_none(clock: Clock) -> None:
    meter, service = open_service(clock, 1.0, lambda now: 0.0)

    await ClosedModel(service, meter, clock, 2).drive(1.0)

    assert meter.finish().requests == pytest.approx(2_000, abs=2)


async def test_a_closed_load_that_is_stopped_awaits_its_answers(clock: Clock) -> None:
    meter, service = open_service(clock, 10.0, lambda now: 1.0)
    model = ClosedModel(service, meter, clock, 3)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(model.drive, 10.0)
        await clock.sleep(1.5)
        model.stop()

    measured = meter.finish()
    assert (clock.time(), measured.counts["answered"]) == (2.0, 6)


async def test_requests_due_in_the_warm_up_are_sent_and_not_counted(clock: Clock) -> None:
    meter = Meter(Measured(10.0, warm_up=4.0), {}, clock)
    meter.begin(Journal(clock))
    service = Service(clock, meter, lambda now: 2.0 if now < 4 else 0.5)

    await OpenModel(service, meter, clock).drive(arrivals.constant(1.0, 10.0), 10.0)

    measured = meter.finish()
    assert (measured.requests, measured.counts["answered"]) == (6, 6)
    assert figures(measured, "max", "throughput") == [0.5, 1.0]
    assert sum(point.answered for point in measured.series.values()) == 10
