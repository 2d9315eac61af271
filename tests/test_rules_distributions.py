"""What is drawn from a named distribution has its mean, its range and its order."""

from __future__ import annotations

import math
import statistics
from dataclasses import replace
from typing import Any

import pytest

from eventsim.ids import Chance
from eventsim.rules.distributions import invocations, sampler
from eventsim.rules.foreign_answers import looks_failed, report, timed_out_after
from eventsim.rules.modelling import Fates
from eventsim.rules.report_lines import Reported, reported
from eventsim.types import (
    Duration,
    Empirical,
    Exponential,
    Function,
    Gamma,
    Lognormal,
    Uniform,
)

DRAWS = 20_000
MEANS = [
    (Exponential(2.0), 2.0),
    (Lognormal(0.02, 0.3), 0.02 * math.exp(0.3**2 / 2)),
    (Lognormal(0.02, 0.0), 0.02),
    (Lognormal(0.0, 0.5), 0.0),
    (Uniform(1.0, 3.0), 2.0),
    (Gamma(0.5, 4.0), 0.5),
    (Empirical((0.1, 0.2, 0.6)), 0.3),
]
DISTRIBUTIONS = [distribution for distribution, _ in MEANS]
HALF = math.log(2)


def draws(duration: Duration | float, count: int = DRAWS, seed: int = 0) -> list[float]:
    draw = sampler(duration, Chance(seed).stream("durations"))
    return [draw() for _ in range(count)]


@pytest.mark.parametrize(("distribution", "mean"), MEANS, ids=str)
def test_the_mean_of_the_draws_is_the_mean(distribution: Any, mean: float) -> None:
    duration = Duration(distribution=distribution)

    found = draws(duration)

    assert min(found) >= 0
    error = 4 * statistics.pstdev(found) / math.sqrt(DRAWS)  # of the mean, in one of 16,000 runs
    assert statistics.fmean(found) == pytest.approx(mean, abs=error + 1e-12)


@pytest.mark.parametrize(
    ("distribution", "median"),
    [(Exponential(2.0), 2.0 * HALF), (Lognormal(0.02, 0.3), 0.02), (Uniform(1.0, 3.0), 2.0)],
    ids=str,
)
def test_the_median_of_the_draws_is_the_median(distribution: Any, median: float) -> None:
    found = statistics.median(draws(Duration(distribution=distribution)))

    assert found == pytest.approx(median, rel=0.03)


def test_a_gamma_of_shape_one_is_as_wide_as_an_exponential() -> None:
    wide = statistics.pstdev(draws(Duration(distribution=Gamma(1.0, 1.0))))
    narrow = statistics.pstdev(draws(Duration(distribution=Gamma(1.0, 16.0))))

    assert (wide, narrow) == pytest.approx((1.0, 0.25), rel=0.05)


def test_only_what_was_measured_is_drawn_each_as_often() -> None:
    found = draws(Duration(distribution=Empirical((0.1, 0.2))))

    assert set(found) == {0.1, 0.2}
    assert found.count(0.1) == pytest.approx(DRAWS / 2, rel=0.05)


@pytest.mark.parametrize("constant", [0.25, Duration(0.25)])
def test_a_constant_draws_nothing(constant: Duration | float) -> None:
    stream = Chance(0).stream("durations")
    before = stream.getstate()

    assert sampler(constant, stream)() == 0.25
    assert stream.getstate() == before


def test_one_seed_gives_one_series() -> None:
    duration = Duration(distribution=Exponential(1.0))

    assert draws(duration, 10, seed=3) == draws(duration, 10, seed=3)
    assert draws(duration, 10, seed=3) != draws(duration, 10, seed=4)


def test_invocations_fail_as_often_as_they_are_said_to() -> None:
    function = Function("f", "", error_rate=0.1, crash_rate=0.02)
    fates = Fates(function, Chance(0).stream("errors"))

    found = [fates.draw() for _ in range(DRAWS)]

    assert found.count("error") == pytest.approx(0.1 * DRAWS, rel=0.1)
    assert found.count("crash") == pytest.approx(0.02 * DRAWS, rel=0.2)
    assert fates
    assert not Fates(Function("f", ""), Chance(0).stream("errors"))


LOG = """\
2026-01-01T00:00:00.000Z START RequestId: a Version: $LATEST
REPORT RequestId: a\tDuration: 3.01 ms\tBilled Duration: 114 ms\tMemory Size: 128 MB\t\
Max Memory Used: 36 MB\tInit Duration: 110.10 ms\t
[INFO] something else, of Duration: 7 ms
2026-01-01T00:00:01.000Z REPORT RequestId: b\tDuration: 20 ms\tBilled Duration: 20 ms\tMemory \
Size: 128 MB\tMax Memory Used: 36 MB\t
REPORT RequestId: c\tDuration: 1000.00 ms\tBilled Duration: 1000 ms\tStatus: timeout\t
"""


def test_report_lines_say_how_long_it_took() -> None:
    found = reported(LOG.splitlines())

    assert found == Reported((0.00301, 0.02, 1.0), (0.1101,))


@pytest.mark.parametrize(
    ("payload", "failed"),
    [
        (b'{"errorMessage":"m","errorType":"E"}', True),
        (b' {"errorType":"E","errorMessage":"m","trace":["t"]}', True),
        (b'{"errorMessage":"m"}', False),
        (b'{"errorMessage":"m","errorType":1}', False),
        (b'{"errorMessage":"m","errorType":"E","id":1}', False),
        (b'{"errorMessage":', False),
        (b'"errorType"', False),
        (b"", False),
        (b"\xff", False),
    ],
)
def test_an_error_is_known_by_its_keys_alone(payload: bytes, failed: bool) -> None:
    assert looks_failed(payload) is failed


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (b"Task timed out after 1.00 seconds", 1.0),
        (b"2026-01-01T00:00:00Z a Task timed out after 29.50 seconds\n", 29.5),
        (b'"Task timed out after 1.00 seconds"', None),
        (b"Task timed out after a while", None),
        (b"", None),
    ],
)
def test_a_timeout_is_known_by_its_words(text: bytes, seconds: float | None) -> None:
    assert timed_out_after(text) == seconds


@pytest.mark.parametrize("log_result", [None, "", "not base64!", "bm90aGluZw=="])
def test_a_log_without_a_report_says_nothing(log_result: str | None) -> None:
    assert report(log_result) is None


@pytest.mark.parametrize(
    ("memory_size", "times"), [(128, 1769 / 128), (884, 1769 / 884), (1769, 1.0), (10_240, 1.0)]
)
def test_work_of_one_thread_takes_longer_on_a_share_of_a_vcpu(
    memory_size: int, times: float
) -> None:
    f = Function("f", "app.handler", memory_size=memory_size, duration=Duration(0.1, cpu=True))
    assert invocations(f, Chance(0).stream("durations"))() == pytest.approx(0.1 * times)


def test_what_is_drawn_of_cpu_is_slowed_and_the_rest_is_not() -> None:
    drawn = Duration(distribution=Exponential(1.0), cpu=True)
    small = Function("f", "app.handler", memory_size=128, duration=drawn)
    whole = replace(small, memory_size=1769)
    waits = replace(small, duration=replace(drawn, cpu=False))
    one, two, three = (
        [draw() for _ in range(5)]
        for draw in (invocations(f, Chance(0).stream("d")) for f in (small, whole, waits))
    )
    assert one == pytest.approx([each * 1769 / 128 for each in two])
    assert two == three
