"""
``put_metric``: measure something, for the alarms that watch it.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from eventsim.scenario.block import Step as TimelineStep
from eventsim.scenario.stage import Stage
from eventsim.scenario.values import Text
from eventsim.services.metrics import Metric

Value = Annotated[float, Field(strict=True)]


class Step(TimelineStep):
    """Put ``values`` of the metric ``put_metric`` in ``namespace``, at once."""

    put_metric: Text = Field(examples=["Backlog"])
    namespace: Text = Field(examples=["Orders"])
    dimensions: dict[str, str] = Field(default_factory=dict)
    values: tuple[Value, ...] = Field(examples=["[3]"], min_length=1, max_length=150)

    async def perform(self, stage: Stage) -> None:
        """Return when it is measured."""
        stage.measure(Metric.of(self.namespace, self.put_metric, self.dimensions), self.values)
