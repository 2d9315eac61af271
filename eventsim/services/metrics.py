"""
Metrics as an alarm sees them: what was measured in each of its last periods.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from eventsim.rules.alarms import RANGE_BEYOND, Alarm, Datapoint, statistic_of

VALUES_MAX = 100_000  # of one period


class Metric(NamedTuple):
    """A metric by its name; data with other dimensions are another metric's."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def of(cls, namespace: str, name: str, dimensions: Mapping[str, str]) -> Metric:
        """The metric of these names."""
        return cls(namespace, name, frozenset(dimensions.items()))

    @classmethod
    def of_alarm(cls, alarm: Alarm) -> Metric:
        """The metric that an alarm watches."""
        return cls(alarm.namespace, alarm.metric_name, frozenset(alarm.dimensions))


class Watched:
    """The metric of one alarm, in its periods, which begin at whole multiples since 1970."""

    def __init__(self, alarm: Alarm) -> None:
        self._alarm = alarm
        self.periods = alarm.evaluation_periods + RANGE_BEYOND
        self._values: OrderedDict[int, list[float]] = OrderedDict()

    def put(self, at: float, values: Sequence[float]) -> None:
        """Have *values* of a moment in seconds since 1970; over ``VALUES_MAX`` the first stay."""
        period = int(at // self._alarm.period)
        kept = self._values.setdefault(period, [])
        kept += values[: VALUES_MAX - len(kept)]
        while len(self._values) > self.periods + 1:
            self._values.popitem(last=False)

    def window(self, at: float) -> list[Datapoint]:
        """The periods that are over at a moment, as many as are looked at, oldest first."""
        last = int(at // self._alarm.period) - 1
        return [self._point(period) for period in range(last - self.periods + 1, last + 1)]

    def _point(self, period: int) -> Datapoint:
        values = self._values.get(period, [])
        begun = datetime.fromtimestamp(period * self._alarm.period, UTC)
        return Datapoint(begun, statistic_of(self._alarm, values), len(values))
