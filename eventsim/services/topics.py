"""
A simulated SNS topic: what is published goes to every subscriber at once.

https://docs.aws.amazon.com/sns/latest/dg/welcome.html
(Standard topics. A topic keeps no message: what a subscriber refuses goes to the dead-letter queue
of its subscription, and is gone where there is none. Delivery to a queue is not tried again: what a
queue here refuses it would refuse each time.)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from eventsim.clock import Clock
from eventsim.errors import ServiceError
from eventsim.ids import Chance
from eventsim.rules import sns as rules
from eventsim.rules.arns import arn
from eventsim.rules.refusals import check
from eventsim.rules.sns_filters import FilterPolicy
from eventsim.types import Publish, Queue, SendMessage

Deliver = Callable[[rules.Notification, str], Awaitable[None]]  # with the subscription's ARN
OnRefused = Callable[["Subscription", rules.Notification, ServiceError], None]


class Subscription(NamedTuple):
    """One subscriber of a topic; ``deliver`` raises ServiceError when it refuses a message."""

    arn: str
    deliver: Deliver
    filter_policy: FilterPolicy | None = None
    dead_letter: Queue | None = None


def nobody(subscription: Subscription, notification: rules.Notification, e: ServiceError) -> None:
    """For a topic whose refused deliveries interest nobody."""


class Topic:
    """Hands each message to its subscribers, in the order in which they subscribed.

    With *refuse*, an AWS error code, it takes no message at all. *on_refused* is told of every
    delivery that a subscriber refused, which the publisher never hears of.
    """

    def __init__(
        self,
        name: str,
        *,
        region: str,
        account: str,
        clock: Clock,
        chance: Chance,
        refuse: str | None = None,
        on_refused: OnRefused = nobody,
    ) -> None:
        self.arn = arn("sns", region, account, name)
        self._name, self._clock, self._chance = name, clock, chance
        self._refuse, self._on_refused = refuse, on_refused
        self._subscriptions: list[Subscription] = []

    def subscribe(
        self,
        deliver: Deliver,
        *,
        filter_policy: FilterPolicy | None = None,
        dead_letter: Queue | None = None,
    ) -> Subscription:
        """Call *deliver* with every message from now on that the policy accepts.

        What it refuses goes to *dead_letter*, as the JSON that a queue gets.
        """
        uuid = self._chance.uuid("subscriptions", self._name)
        subscription = Subscription(f"{self.arn}:{uuid}", deliver, filter_policy, dead_letter)
        self._subscriptions.append(subscription)
        return subscription

    def subscribe_queue(
        self,
        queue: Queue,
        *,
        raw_message_delivery: bool = False,
        filter_policy: FilterPolicy | None = None,
        dead_letter: Queue | None = None,
    ) -> Subscription:
        """Send every message to *queue*, as it was published or in SNS's envelope.

        Raises ServiceError for a FIFO queue, which no standard topic may have.
        """
        if queue.fifo:
            reason = "FIFO SQS Queues can not be subscribed to standard SNS topics"
            text = f"Invalid parameter: Invalid parameter: Endpoint Reason: {reason}"
            raise ServiceError("InvalidParameter", text)

        async def deliver(notification: rules.Notification, subscription_arn: str) -> None:
            published = notification.published
            trace = published.trace_header
            if raw_message_delivery:
                attributes = published.message_attributes
                message = SendMessage(published.message, attributes, trace_header=trace)
            else:
                envelope = rules.envelope(notification, subscription_arn)
                message = SendMessage(envelope, trace_header=trace)
            await queue.send([message])

        return self.subscribe(deliver, filter_policy=filter_policy, dead_letter=dead_letter)

    async def publish(self, message: Publish) -> None:
        """Deliver to every subscriber; one that refuses keeps no other from its message."""
        if self._refuse is not None:
            text = f"{self.arn} refuses every message, as its resource says"
            raise ServiceError(self._refuse, text)
        check(rules.refuse_message(message))
        message_id = self._chance.uuid("notifications", self._name)
        now = self._clock.timestamp()
        notification = rules.Notification(message_id, self.arn, now, message)
        for subscription in tuple(self._subscriptions):
            policy = subscription.filter_policy
            if policy is None or policy.accepts(message):
                await self._deliver(subscription, notification)

    async def _deliver(self, subscription: Subscription, notification: rules.Notification) -> None:
        try:
            await subscription.deliver(notification, subscription.arn)
        except ServiceError as error:
            self._on_refused(subscription, notification, error)
            if subscription.dead_letter is not None:
                kept = SendMessage(rules.envelope(notification, subscription.arn))
                try:
                    await subscription.dead_letter.send([kept])
                except ServiceError as again:
                    self._on_refused(subscription, notification, again)
