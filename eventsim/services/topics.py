"""
A simulated SNS topic: what is published goes to every subscriber at once.

https://docs.aws.amazon.com/sns/latest/dg/welcome.html
(Standard topics. A topic keeps no message: what a subscriber refuses goes to the dead-letter queue
of its subscription, and is gone where there is none. Delivery to a queue is not tried again: what a
queue here refuses it would refuse each time.)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal, NamedTuple

from eventsim.clock import Clock
from eventsim.errors import ServiceError
from eventsim.ids import Chance
from eventsim.rules import sns as rules
from eventsim.rules.arns import arn
from eventsim.rules.refusals import check
from eventsim.rules.sns_filters import FilterPolicy
from eventsim.types import Publish, Queue, SendMessage

Deliver = Callable[[rules.Notification, str], Awaitable[None]]  # with the subscription's ARN


class Subscription(NamedTuple):
    """One subscriber of a topic; ``deliver`` raises ServiceError when it refuses a message.

    ``endpoint`` is the subscriber's ARN.
    """

    arn: str
    deliver: Deliver
    filter_policy: FilterPolicy | None = None
    dead_letter: Queue | None = None
    endpoint: str = ""


class Told(NamedTuple):
    """What became of a message: it was published, not accepted by the filter policy of a
    subscription, or not taken by its subscriber, for ``error``.

    ``kept`` is the ARN of the dead-letter queue that took it.
    """

    what: Literal["published", "filtered", "refused"]
    notification: rules.Notification
    subscription: Subscription | None = None
    error: ServiceError | None = None
    kept: str | None = None


OnTold = Callable[[Told], None]


class Topic:
    """Hands each message to its subscribers, in the order in which they subscribed.

    With *refuse*, an AWS error code, it takes no message at all.
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
    ) -> None:
        self.arn = arn("sns", region, account, name)
        self._name, self._clock, self._chance = name, clock, chance
        self._refuse = refuse
        self._subscriptions: list[Subscription] = []
        self._watchers: list[OnTold] = []

    def watch(self, on_told: OnTold) -> None:
        """Call *on_told* with what becomes of messages from now on.

        A publisher never hears of it.
        """
        self._watchers.append(on_told)

    def subscribe(
        self,
        deliver: Deliver,
        *,
        filter_policy: FilterPolicy | None = None,
        dead_letter: Queue | None = None,
        endpoint: str = "",
    ) -> Subscription:
        """Call *deliver* with every message from now on that the policy accepts.

        What it refuses goes to *dead_letter*, as the JSON that a queue gets.
        """
        arn = f"{self.arn}:{self._chance.uuid('subscriptions', self._name)}"
        subscription = Subscription(arn, deliver, filter_policy, dead_letter, endpoint)
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

        return self.subscribe(
            deliver, filter_policy=filter_policy, dead_letter=dead_letter, endpoint=queue.arn
        )

    async def publish(self, message: Publish) -> None:
        """Deliver to every subscriber; one that refuses keeps no other from its message."""
        if self._refuse is not None:
            text = f"{self.arn} refuses every message, as its resource says"
            raise ServiceError(self._refuse, text)
        check(rules.refuse_message(message))
        message_id = self._chance.uuid("notifications", self._name)
        now = self._clock.timestamp()
        notification = rules.Notification(message_id, self.arn, now, message)
        self._tell(Told("published", notification))
        for subscription in tuple(self._subscriptions):
            policy = subscription.filter_policy
            if policy is None or policy.accepts(message):
                await self._deliver(subscription, notification)
            else:
                self._tell(Told("filtered", notification, subscription))

    async def give_up(
        self, subscription: Subscription, notification: rules.Notification, error: ServiceError
    ) -> None:
        """Keep in the dead-letter queue, where there is one, what a subscriber refused for good."""
        queue, again = subscription.dead_letter, None
        kept = None if queue is None else queue.arn
        if queue is not None:
            try:
                await queue.send([SendMessage(rules.envelope(notification, subscription.arn))])
            except ServiceError as refused:
                kept, again = None, refused
        self._tell(Told("refused", notification, subscription, error, kept))
        if again is not None:
            self._tell(Told("refused", notification, subscription, again))

    async def _deliver(self, subscription: Subscription, notification: rules.Notification) -> None:
        try:
            await subscription.deliver(notification, subscription.arn)
        except ServiceError as error:
            await self.give_up(subscription, notification, error)

    def _tell(self, told: Told) -> None:
        for on_told in self._watchers:
            on_told(told)
