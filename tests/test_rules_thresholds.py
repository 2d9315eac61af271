"""What a load must keep to: how it is written, and when it holds."""

from __future__ import annotations

import re

import pytest

from eventsim.rules.thresholds import Threshold, Verdict, judge, parse


@pytest.mark.parametrize(
    ("text", "threshold"),
    [
        ("p99 < 250ms", ("p99", "<", 0.25, False)),
        ("p99.9<=1s", ("p99.9", "<=", 1.0, False)),
        ("lateness_p99 < 5ms", ("lateness_p99", "<", 0.005, False)),
        ("iterator_age_max < 1m", ("iterator_age_max", "<", 60.0, False)),
        ("mean > 1ms", ("mean", ">", 0.001, False)),
        ("errors < 1%", ("errors", "<", 0.01, True)),
        ("errors <= 0", ("errors", "<=", 0.0, False)),
        ("cold_starts < 5", ("cold_starts", "<", 5.0, False)),
        ("throughput >= 190/s", ("throughput", ">=", 190.0, False)),
        ("cost_per_million < 3.5", ("cost_per_million", "<", 3.5, False)),
        ("cost < $0.10", ("cost", "<", 0.1, False)),
    ],
)
def test_a_threshold_is_a_metric_and_a_bound(
    text: str, threshold: tuple[str, str, float, bool]
) -> None:
    assert parse(text) == Threshold(text, *threshold)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("fast", "is 'fast'; write a threshold such as p99 < 250ms or errors < 1%"),
        ("p99 = 1s", "is 'p99 = 1s'; write a threshold such as"),
        ("p99 < 250", "is 'p99 < 250'; p99 is compared to a duration such as 250ms"),
        ("p99 < 1%", "is 'p99 < 1%'; p99 is compared to a duration such as 250ms"),
        ("errors < 1s", "is 'errors < 1s'; errors is compared to a number such as 5, or a perc"),
        ("cost < 5%", "is 'cost < 5%'; cost is compared to a number such as 3.5"),
        ("throughput > 5", "is 'throughput > 5'; throughput is compared to a rate such as 190/s"),
        ("error < 1%", "is 'error < 1%', and there is no metric 'error'; did you mean 'errors'?"),
        ("cold_start < 1", "and there is no metric 'cold_start'; did you mean 'cold_starts'?"),
        ("latency_p9 < 1s, x", "is 'latency_p9 < 1s, x'; write a threshold such as"),
        ("zzz < 1", "and there is no metric 'zzz'; there are: p50, p90, p95, p99, p99.9, mean"),
        ("age_p99 < 1s", "there is no metric 'age_p99'; did you mean"),
        ("p101 < 1s", "there is no metric 'p101'; there are: p50"),
    ],
)
def test_what_is_none_is_refused_and_the_near_ones_named(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=re.escape(fault)):
        parse(text)


@pytest.mark.parametrize(
    ("text", "found", "verdict"),
    [
        ("p99 < 250ms", 0.249, (True, 0.249)),
        ("p99 < 250ms", 0.25, (False, 0.25)),
        ("p99 <= 250ms", 0.25, (True, 0.25)),
        ("throughput > 1/s", 2.0, (True, 2.0)),
        ("throughput >= 2/s", 2.0, (True, 2.0)),
        ("errors < 1%", 9.0, (True, 0.009)),
        ("errors < 1%", 10.0, (False, 0.01)),
        ("errors < 1", 0.0, (True, 0.0)),
        ("p99 < 250ms", None, (False, None)),
        ("errors < 1%", None, (False, None)),
    ],
)
def test_a_threshold_holds_or_not(
    text: str, found: float | None, verdict: tuple[bool, float | None]
) -> None:
    assert judge([parse(text)], lambda metric: found, 1_000) == [Verdict(text, *verdict)]


def test_a_part_of_nothing_was_not_measured() -> None:
    assert judge([parse("errors < 1%")], lambda metric: 0.0, 0) == [
        Verdict("errors < 1%", False, None)
    ]
