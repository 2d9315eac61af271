"""
What buckets and topics set off, on its way to functions, queues, topics and the default bus.

Whoever puts an object or publishes a message never waits for it, and never hears of it.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html
https://docs.aws.amazon.com/sns/latest/dg/sns-lambda-as-subscriber.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Protocol

import orjson

from eventsim.errors import InvokeError, ServiceError, Unreachable
from eventsim.journal import Journal
from eventsim.push import Pusher
from eventsim.rules.arns import service_of
from eventsim.rules.notifications import Notification, matching
from eventsim.rules.sns import Notification as Message
from eventsim.rules.sns_filters import FilterPolicy
from eventsim.services.topics import Subscription, Told, Topic
from eventsim.types import Answer, Bus, Delivery, ObjectChange, PutEvent, Queue, Scene

NOTIFICATION_SUBJECT = "Amazon S3 Notification"


class Receivers(Protocol):
    """The queues and topics of a run by their ARNs."""

    async def send(
        self, arn: str, text: str, subject: str | None = None, trace_header: str | None = None
    ) -> None:
        """Give one of them a text; only a topic has a use for its subject.

        Raises ServiceError, or Unreachable without an answer.
        """


@dataclass(frozen=True, slots=True)
class Post:
    """What takes events of services to where they are for, in the background, and tells of it."""

    pusher: Pusher
    receivers: Receivers
    journal: Journal
    scene: Callable[[], Scene]
    start_soon: Callable[..., object]

    async def push(self, delivery: Delivery) -> Answer:
        """Give a function an event, as its service does."""
        return await self.pusher.push(delivery, self.scene())


@dataclass(frozen=True, slots=True)
class Sender:
    """A resource that sends: its name, and the source that it is of, by name and module."""

    name: str
    source: str
    module: ModuleType

    def delivery(self, event: Any, function_arn: str, trace: str | None = None) -> Delivery:
        """Its event on the way to a function; *trace* is the trace header that came with it."""
        name = named(function_arn)
        return Delivery(self.source, self.module, event, name, trace_header=trace)


def named(function_arn: str) -> str:
    """A function as it is invoked by name: ``name`` or ``name:alias``."""
    return function_arn.split(":", 6)[6]


class BucketNotices:
    """Tells whom a bucket's notifications name, and the default *bus* if there is one to tell."""

    def __init__(
        self,
        sender: Sender,
        notifications: Sequence[Notification],
        post: Post,
        bus: Bus | None = None,
        on_bus: ModuleType | None = None,
    ) -> None:
        self._sender, self._notifications, self._post = sender, notifications, post
        self._bus, self._on_bus = bus, on_bus

    def on_change(self, change: ObjectChange) -> None:
        """Send what the bucket sends of a change."""
        about = {"source": self._sender.name, "key": change.key}
        write, size = self._post.journal.write, change.size
        if change.event_name.startswith("ObjectCreated"):
            write("object_put", None, **about, bytes=size)
        elif change.event_name.startswith("ObjectRemoved"):
            write("object_deleted", None, **about, bytes=size)
        if not self._notifications and self._bus is None:
            return
        module, scene = self._sender.module, self._post.scene()
        event = module.changed(scene, self._sender.name, change)
        wanted = matching(self._notifications, change.event_name, change.key)
        for each in wanted:
            addressed = module.addressed(event, each.id)
            self._post.start_soon(self._send, each.target, addressed, change)
        if self._bus is not None and self._on_bus is not None:
            told = self._on_bus.changed(scene, self._sender.name, change, event)
            self._post.start_soon(self._put, self._bus, told, change.key)
        if self._notifications and not wanted:
            because = f"no notification is for {change.event_name} of {change.key}"
            write("notification_filtered", because, **about)

    def test(self) -> None:
        """Send the test event, which queues and topics get when they are named."""
        for target in dict.fromkeys(each.target for each in self._notifications):
            if service_of(target) != "lambda":
                event = self._sender.module.test_event(self._post.scene(), bucket=self._sender.name)
                self._post.start_soon(self._send, target, event, None)

    async def _send(self, target: str, event: Any, change: ObjectChange | None) -> None:
        trace = None if change is None else change.trace_header
        if service_of(target) == "lambda":
            await self._post.push(self._sender.delivery(event, target, trace))
            return
        text = orjson.dumps(event).decode()
        try:
            await self._post.receivers.send(target, text, NOTIFICATION_SUBJECT, trace)
        except (ServiceError, Unreachable) as error:
            self._failed(target, None if change is None else change.key, error)

    async def _put(self, bus: Bus, event: dict[str, Any], key: str) -> None:
        detail = orjson.dumps(event["detail"]).decode()
        put = PutEvent(event["source"], event["detail-type"], detail, tuple(event["resources"]))
        try:
            await bus.put_event(put)
        except (ServiceError, Unreachable) as error:
            self._failed(bus.arn, key, error)

    def _failed(self, target: str, key: str | None, error: ServiceError | Unreachable) -> None:
        code = error.code if isinstance(error, ServiceError) else "Unreachable"
        about = {"source": self._sender.name, "target": target, "key": key}
        self._post.journal.write("notification_failed", str(error), **about, code=code)


class TopicNotices:
    """Invokes the functions that subscribe to a topic, and tells what became of its messages."""

    def __init__(self, sender: Sender, topic: Topic, post: Post) -> None:
        self._sender, self._topic, self._post = sender, topic, post
        topic.watch(self._on_told)

    def subscribe(
        self,
        function_arn: str,
        filter_policy: FilterPolicy | None = None,
        dead_letter: Queue | None = None,
    ) -> Subscription:
        """Invoke a function with every message from now on that the policy accepts.

        When SNS gives up, the message goes to *dead_letter*.
        """

        async def deliver(message: Message, subscription_arn: str) -> None:
            self._post.start_soon(push, message)

        subscription = self._topic.subscribe(
            deliver, filter_policy=filter_policy, dead_letter=dead_letter, endpoint=function_arn
        )

        async def push(message: Message) -> None:
            event = self._sender.module.event(message, subscription.arn)
            trace = message.published.trace_header
            answer = await self._post.push(self._sender.delivery(event, function_arn, trace))
            if isinstance(answer.value, InvokeError):
                refused = ServiceError(answer.value.code, answer.value.message)
                await self._topic.give_up(subscription, message, refused)

        return subscription

    def _on_told(self, told: Told) -> None:
        about: dict[str, Any] = {
            "source": self._sender.name,
            "message_id": told.notification.message_id,
        }
        write = self._post.journal.write
        if told.what == "published":
            write("message_published", None, **about)
        elif told.subscription is not None and told.what == "filtered":
            because = "the filter policy of the subscription does not accept it"
            write("notification_filtered", because, **about, target=told.subscription.endpoint)
        elif told.subscription is not None and told.error is not None:
            about["target"] = told.subscription.endpoint
            error = told.error
            fields = {"code": error.code, "destination": told.kept}
            write("notification_failed", error.message, **about, **fields)
