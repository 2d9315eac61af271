"""
Alarms at work: their metrics are looked at when each period is over, and changes are told.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import ModuleType
from typing import Any

import orjson

from eventsim.errors import ServiceError, Unreachable
from eventsim.journal import Journal
from eventsim.push import Pusher
from eventsim.rules import alarm_documents
from eventsim.rules.alarm_documents import Change, Standing
from eventsim.rules.alarms import Alarm, evaluate
from eventsim.rules.arns import function_of, service_of
from eventsim.services.metrics import Metric, Watched
from eventsim.types import Bus, Delivery, Publish, PutEvent, Scene, Topic

UNCHECKED = "Unchecked: Initial alarm creation"


@dataclass(slots=True)
class _Alarm:
    alarm: Alarm
    source: str
    module: ModuleType
    metric_id: str
    watched: Watched
    standing: Standing
    configured: datetime


class Alarms:
    """The alarms of a run. Each begins without data, and tells *bus* of every change."""

    def __init__(
        self,
        pusher: Pusher,
        journal: Journal,
        scene: Callable[[], Scene],
        start_soon: Callable[..., None],
        topics: Mapping[str, Topic],
        bus: Bus | None,
    ) -> None:
        self._pusher, self._journal, self._clock = pusher, journal, pusher.clock
        self._scene, self._start_soon = scene, start_soon
        self._topics, self._bus = topics, bus
        self._alarms: dict[str, _Alarm] = {}
        self._by_metric: dict[Metric, list[Watched]] = {}

    def add(self, alarm: Alarm, source: str, module: ModuleType) -> None:
        """Have an alarm of a source from now on."""
        scene = self._scene()
        standing = Standing("INSUFFICIENT_DATA", UNCHECKED, scene.at)
        made = _Alarm(alarm, source, module, scene.uuid(), Watched(alarm), standing, scene.at)
        self._alarms[alarm.name] = made
        self._by_metric.setdefault(Metric.of_alarm(alarm), []).append(made.watched)

    def names(self) -> Iterable[str]:
        """What the alarms are called."""
        return tuple(self._alarms)

    def put(self, metric: Metric, values: Sequence[float]) -> None:
        """Measure *values* now. What no alarm watches is not kept."""
        for watched in self._by_metric.get(metric, ()):
            watched.put(self._clock.timestamp(), values)

    async def watch(self, name: str) -> None:
        """Look at an alarm's metric at the end of each of its periods, for ever."""
        made = self._alarms[name]
        period = made.alarm.period
        begun = self._clock.timestamp() - self._clock.time()
        over = (int((begun + self._clock.time()) // period) + 1) * period
        while True:
            await self._clock.sleep_until(over - begun)
            await self._look(made, over)
            over += period

    async def _look(self, made: _Alarm, at: float) -> None:
        before = made.standing
        verdict = evaluate(made.alarm, made.watched.window(at), before.state)
        if verdict.state == before.state:
            return
        scene = self._scene()
        made.standing = Standing(verdict.state, verdict.reason, scene.at, verdict.evaluated)
        self._journal.write(
            "alarm_changed", verdict.reason, source=made.alarm.name, state=verdict.state
        )
        change = Change(
            made.alarm,
            before,
            made.standing,
            scene.region,
            scene.account,
            made.metric_id,
            made.configured,
        )
        for action in made.alarm.actions(verdict.state):
            self._start_soon(self._tell, made, change, action)
        if self._bus is not None:
            await self._put(self._bus, change)

    async def _put(self, bus: Bus, change: Change) -> None:
        detail = orjson.dumps(alarm_documents.detail(change)).decode()
        source, kind = alarm_documents.SOURCE, alarm_documents.DETAIL_TYPE
        await bus.put_event(PutEvent(source, kind, detail, (change.arn,)))

    async def _tell(self, made: _Alarm, change: Change, action: str) -> None:
        if service_of(action) == "lambda":
            event: Any = alarm_documents.function_event(change)
            to = function_of(action)
            delivery = Delivery(made.source, made.module, event, to, source_arn=change.arn)
            await self._pusher.push(delivery, self._scene())
            return
        about = {"source": made.alarm.name, "target": action}
        message = orjson.dumps(alarm_documents.notification(change)).decode()
        try:
            await self._topics[action].publish(Publish(message, alarm_documents.subject(change)))
        except (ServiceError, Unreachable) as error:
            self._journal.write("action_failed", str(error), **about, code=error.code)
        else:
            self._journal.write("action_taken", None, **about)
