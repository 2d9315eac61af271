"""
What a load must keep to: ``p99 < 250ms``, ``errors < 1%``, ``cold_starts < 5``.

A metric is a figure of the load by its name. ``p99`` is one of the latency, and so is any other
percentile with up to two decimals (``p99.9``); ``lateness_p99``, ``duration_p95``, ``init_p50``
and ``iterator_age_p99`` are those of the other times. A time has its unit, a part of all is a
percentage, a rate is a second's, anything else is a number.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Literal, NamedTuple

from eventsim.registry import near
from eventsim.rules.durations import seconds_of
from eventsim.rules.rates import per_second

Kind = Literal["time", "count", "rate", "number"]

TIMES = ("latency", "uncorrected", "lateness", "duration", "init", "iterator_age")
STATISTICS = ("p50", "p90", "p95", "p99", "p99.9", "mean", "max")
METRICS: dict[str, Kind] = {
    "errors": "count",
    "throttles": "count",
    "cold_starts": "count",
    "timeouts": "count",
    "unanswered": "count",
    "dropped": "count",
    "discarded": "count",
    "requests": "number",
    "invocations": "number",
    "throughput": "rate",
    "concurrency": "number",
    "concurrency_peak": "number",
    "batch_size": "number",
    "cost": "number",
    "cost_per_million": "number",
    "billed": "time",
}
_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_FORM = re.compile(r"\s*(?P<metric>[\w.]+)\s*(?P<operator><=|>=|<|>)\s*(?P<value>\S+)\s*", re.ASCII)
_STATISTIC = re.compile(r"(?:(?P<time>[a-z_]+)_)?(?P<of>p\d{1,2}(?:\.\d{1,2})?|p100|mean|max)")
_NUMBER = re.compile(r"\$?(\d{1,12}(?:\.\d{1,9})?)(%?)", re.ASCII)
_RIGHT = {
    "time": "a duration such as 250ms",
    "count": "a number such as 5, or a percentage such as 1%",
    "rate": "a rate such as 190/s",
    "number": "a number such as 3.5",
}


class Threshold(NamedTuple):
    """One of them; ``part`` says that the value is a part of all requests, from 0 to 1."""

    text: str
    metric: str
    operator: str
    value: float
    part: bool = False


class Verdict(NamedTuple):
    """What became of a threshold; ``found`` is None when nothing of the kind was measured."""

    threshold: str
    passed: bool
    found: float | None


def parse(text: str) -> Threshold:
    """The threshold that *text* says. Raises ValueError, near metrics named."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise ValueError(f"is '{text}'; write a threshold such as p99 < 250ms or errors < 1%")
    metric, value = found["metric"], found["value"]
    kind = kind_of(metric)
    if kind is None:
        raise ValueError(f"is '{text}', and there is no metric '{metric}'{_meant(metric)}")
    number, part = _value(kind, value)
    if number is None:
        raise ValueError(f"is '{text}'; {metric} is compared to {_RIGHT[kind]}")
    return Threshold(text.strip(), metric, found["operator"], number, part)


def kind_of(metric: str) -> Kind | None:
    """What a metric is compared to; None where there is no such metric."""
    if metric in METRICS:
        return METRICS[metric]
    return "time" if statistic_of(metric) is not None else None


def statistic_of(metric: str) -> tuple[str, str] | None:
    """The time and the statistic that ``p99`` or ``lateness_max`` names; None for another name."""
    found = _STATISTIC.fullmatch(metric)
    if found is None or found["time"] not in (None, *TIMES):
        return None
    return found["time"] or "latency", found["of"]


def judge(
    thresholds: Iterable[Threshold], figure: Callable[[str], float | None], requests: int
) -> list[Verdict]:
    """Hold *thresholds* against what *figure* tells of each metric; a part is of all *requests*.

    What was not measured keeps to nothing.
    """
    return [_verdict(threshold, figure(threshold.metric), requests) for threshold in thresholds]


def _verdict(threshold: Threshold, found: float | None, requests: int) -> Verdict:
    if found is not None and threshold.part:
        found = found / requests if requests else None
    holds = found is not None and _OPERATORS[threshold.operator](found, threshold.value)
    return Verdict(threshold.text, holds, found)


def _value(kind: Kind, text: str) -> tuple[float | None, bool]:
    if kind == "time":
        seconds = seconds_of(text)
        return (None if seconds is None else float(seconds)), False
    if kind == "rate":
        return per_second(text), False
    found = _NUMBER.fullmatch(text)
    if found is None or (found[2] and kind != "count") or (text[0] == "$" and kind == "count"):
        return None, False
    number = float(found[1])
    return (number / 100, True) if found[2] else (number, False)


def _meant(metric: str) -> str:
    known: Mapping[str, object] = {
        **METRICS,
        **dict.fromkeys(STATISTICS),
        **{f"{time}_{of}": None for time in TIMES for of in STATISTICS},
    }
    close = near(metric, known)
    shown = ", ".join([*STATISTICS, *sorted(METRICS)])
    return f"; did you mean '{close}'?" if close else f"; there are: {shown}"
