"""What the buckets and topics of a run set off, put together from its scenario."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from eventsim import registry
from eventsim.errors import ServiceError
from eventsim.push.notifying import BucketNotices, Post, Sender, TopicNotices
from eventsim.rules.bus_rules import DEFAULT_BUS
from eventsim.rules.function_policies import Permission
from eventsim.scenario.values import resource_name
from eventsim.services.buckets import Bucket as SimulatedBucket
from eventsim.services.topics import Topic as SimulatedTopic
from eventsim.simulation.taking import RunTaker
from eventsim.simulation.triggering import triggers_of
from eventsim.types import Publish, Queue, SendMessage, Topic, Trigger

if TYPE_CHECKING:
    from eventsim.simulation.setting import Setting


class StoreReceivers:
    """The queues and topics of a run by their ARNs."""

    def __init__(self, setting: Setting) -> None:
        self._queues: dict[str, Queue] = {q.arn: q for q in setting.stores.queues.values()}
        self._topics: dict[str, Topic] = {t.arn: t for t in setting.stores.topics.values()}

    async def send(
        self, arn: str, text: str, subject: str | None = None, trace_header: str | None = None
    ) -> None:
        """Give one of them a text."""
        if arn in self._queues:
            await self._queues[arn].send([SendMessage(text, trace_header=trace_header)])
        elif arn in self._topics:
            await self._topics[arn].publish(Publish(text, subject, trace_header=trace_header))
        else:
            raise ServiceError("NotFound", f"{arn} is no queue and no topic of the run")


async def open_notifications(setting: Setting) -> None:
    """Let the buckets and topics of the scenario tell whom they name.

    A function that somebody judges who may invoke it gets the permission that SAM adds. Raises
    PermissionRefused where that cannot be added.
    """
    receivers = StoreReceivers(setting)
    post = Post(
        setting.pusher, receivers, setting.journal, setting.scene, setting.in_flight.start_soon
    )
    if setting.backend.sends_to is not None:
        functions = frozenset(setting.scenario.functions)
        setting.backend.sends_to(RunTaker(post, setting.scenario.place, functions))
    for sender, settings in _senders(setting, "subscriptions_of"):  # before anything is sent
        triggers = _below_functions(setting, sender)
        _permit(setting, sender, triggers)
        await _topic(setting, sender, settings, triggers, post)
    for sender, settings in _senders(setting, "notifications_of"):
        triggers = _below_functions(setting, sender)
        _permit(setting, sender, triggers)
        await _bucket(setting, sender, settings, triggers, post)


def _senders(setting: Setting, having: str) -> Iterator[tuple[Sender, Any]]:
    """The resources whose source has that function, with their settings."""
    for name, resource in setting.scenario.resources.items():
        module = registry.load("sources", resource.type)
        if hasattr(module, having):
            yield Sender(name, resource.type, module), resource.settings


def _below_functions(setting: Setting, sender: Sender) -> list[Trigger]:
    """The events below functions that are of that resource."""
    return [
        each
        for each in triggers_of(setting.scenario, sender.source)
        if resource_name(each.properties.resource) == sender.name
    ]


async def _bucket(
    setting: Setting, sender: Sender, settings: Any, triggers: Sequence[Trigger], post: Post
) -> None:
    found = sender.module.notifications_of(
        sender.name, settings, triggers, lambda kind, name: _arn_of(setting, kind, name)
    )
    bucket = setting.stores.buckets[sender.name]
    if isinstance(bucket, SimulatedBucket):
        bus = setting.buses[DEFAULT_BUS] if settings.eventbridge else None
        on_bus = registry.load("sources", sender.module.BUS_EVENTS)
        notices = BucketNotices(sender, found, post, bus, on_bus)
        bucket.watch(notices.on_change)
        if settings.test_event:
            notices.test()
    else:
        await sender.module.configure(sender.name, settings, found, setting.backend)


async def _topic(
    setting: Setting, sender: Sender, settings: Any, triggers: Sequence[Trigger], post: Post
) -> None:
    topic = setting.stores.topics[sender.name]
    found = list(sender.module.subscriptions_of(settings, triggers))
    arns = [_arn_of(setting, "function", each.function) for each in found]
    kept = [
        None if each.dead_letter is None else setting.queues[resource_name(each.dead_letter)]
        for each in found
    ]
    if isinstance(topic, SimulatedTopic):
        notices = TopicNotices(sender, topic, post)
        for each, arn, queue in zip(found, arns, kept, strict=True):
            notices.subscribe(arn, each.filter(), queue)
    else:
        wanted = [
            (arn, each, None if queue is None else queue.arn)
            for each, arn, queue in zip(found, arns, kept, strict=True)
        ]
        await sender.module.configure(topic.arn, wanted, setting.backend)


def _permit(setting: Setting, sender: Sender, triggers: Sequence[Trigger]) -> None:
    """Add what SAM adds below a function: it may be invoked for its own events."""
    is_open = setting.scenario.open_to_services()
    arn = setting.stores.arns()[sender.name]
    for trigger in triggers:
        function, _, event = trigger.name.partition(".")
        if function not in is_open:
            statement = f"{function}{event}Permission"
            given = sender.module.sam_permission(setting.scene(), arn)
            permission = Permission(statement, sender.module.PRINCIPAL, **given)
            setting.permissions.begin_with(trigger.function, permission)


def _arn_of(setting: Setting, kind: str, name: str) -> str:
    if kind == "function":
        return setting.scenario.place.arn(name)
    return setting.arn(resource_name(name))
