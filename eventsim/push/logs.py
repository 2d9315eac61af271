"""
Subscription filters at work: lines of log groups are sent to functions.

What is written at once goes out at once, in one event for each filter that matches.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType

from eventsim.push import Pusher
from eventsim.rules.arns import arn
from eventsim.rules.log_events import LogEvent, document, encoded, event_id
from eventsim.rules.log_filters import LogFilter
from eventsim.rules.timestamps import epoch_milliseconds
from eventsim.types import Delivery, Scene


@dataclass(frozen=True, slots=True)
class Subscription:
    """A filter of a log group, by its name, and the function that gets what matches."""

    name: str
    group: str
    filter: LogFilter
    function: str
    source: str
    module: ModuleType


class LogGroups:
    """The log groups of a run that somebody subscribed to. Others keep nothing."""

    def __init__(
        self, pusher: Pusher, scene: Callable[[], Scene], start_soon: Callable[..., None]
    ) -> None:
        self._pusher, self._scene, self._start_soon = pusher, scene, start_soon
        self._subscriptions: dict[str, list[Subscription]] = {}

    def subscribe(self, subscription: Subscription) -> None:
        """Send what matches from now on."""
        self._subscriptions.setdefault(subscription.group, []).append(subscription)

    def subscriptions(self) -> list[Subscription]:
        """All filters of all groups."""
        return [each for filters in self._subscriptions.values() for each in filters]

    def groups(self) -> tuple[str, ...]:
        """The groups that have a filter."""
        return tuple(self._subscriptions)

    def write(self, group: str, stream: str, messages: Sequence[str]) -> None:
        """Write lines to a stream of a group, now."""
        subscriptions = self._subscriptions.get(group, ())
        if not subscriptions:
            return
        scene = self._scene()
        now = epoch_milliseconds(scene.at)
        lines = [(event_id(now, now, scene.count("log events")), each) for each in messages]
        for each in subscriptions:
            self._send(each, stream, lines, now, scene)

    def _send(
        self,
        subscription: Subscription,
        stream: str,
        lines: Sequence[tuple[str, str]],
        now: int,
        scene: Scene,
    ) -> None:
        found = [(id_, line, subscription.filter.fields(line)) for id_, line in lines]
        events = [
            (id_, LogEvent(now, line, fields or None))
            for id_, line, fields in found
            if fields is not None
        ]
        if not events:
            return
        group = subscription.group
        told = document(scene.account, group, stream, [subscription.name], events)
        delivery = Delivery(
            subscription.source,
            subscription.module,
            encoded(told),
            subscription.function,
            source_arn=arn("logs", scene.region, scene.account, f"log-group:{group}:*"),
        )
        self._start_soon(self._pusher.push, delivery, scene)
