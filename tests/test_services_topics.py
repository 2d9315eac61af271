"""A simulated topic: what its subscribers get, and what it does not take."""

from __future__ import annotations

import json
from typing import Any

import pytest

from eventsim.clock import Clock
from eventsim.errors import ServiceError
from eventsim.ids import Chance
from eventsim.rules.sns import MESSAGE_BYTES_MAX, Notification, envelope
from eventsim.rules.sns_filters import filter_policy
from eventsim.services.topics import Subscription, Told, Topic
from eventsim.types import Publish, SendMessage
from tests.test_destinations import HeldQueue

ARN = "arn:aws:sns:us-east-1:123456789012:alerts"
COLOUR = {"colour": {"DataType": "String", "StringValue": "red"}}
Refused = list[tuple[Subscription, str, str]]


def topic(clock: Clock, refused: Refused | None = None, **more: Any) -> Topic:
    def on_told(told: Told) -> None:
        if told.error is not None and told.subscription is not None and refused is not None:
            message = told.notification.published.message
            refused.append((told.subscription, message, told.error.code))

    place = {"region": "us-east-1", "account": "123456789012"}
    made = Topic("alerts", **place, clock=clock, chance=Chance(7), **more)
    made.watch(on_told)
    return made


def test_an_envelope_is_that_of_sns() -> None:
    published = Publish("stop", "why", {**COLOUR, "b": {"DataType": "Binary", "BinaryValue": b"1"}})

    text = envelope(Notification("m", ARN, 1767225600.5, published), f"{ARN}:s")

    assert text == "\n".join(
        [
            "{",
            '  "Type" : "Notification",',
            '  "MessageId" : "m",',
            f'  "TopicArn" : "{ARN}",',
            '  "Subject" : "why",',
            '  "Message" : "stop",',
            '  "Timestamp" : "2026-01-01T00:00:00.500Z",',
            '  "SignatureVersion" : "1",',
            '  "Signature" : "EXAMPLE",',
            '  "SigningCertURL" : "https://sns.us-east-1.amazonaws.com/'
            'SimpleNotificationService-c800b6d9163b0db7d28f86c1470a9542.pem",',
            '  "UnsubscribeURL" : "https://sns.us-east-1.amazonaws.com/'
            f'?Action=Unsubscribe&SubscriptionArn={ARN}:s",',
            '  "MessageAttributes" : {',
            '    "colour" : {',
            '      "Type" : "String",',
            '      "Value" : "red"',
            "    },",
            '    "b" : {',
            '      "Type" : "Binary",',
            '      "Value" : "MQ=="',
            "    }",
            "  }",
            "}",
        ]
    )


def test_an_envelope_leaves_out_what_was_not_published() -> None:
    found = json.loads(envelope(Notification("m", ARN, 0.0, Publish("stop")), f"{ARN}:s"))

    assert not {"Subject", "MessageAttributes"} & set(found)


async def test_every_subscriber_gets_every_message_in_its_own_form(clock: Clock) -> None:
    whole, raw, alerts = HeldQueue(), HeldQueue(), topic(clock)
    alerts.subscribe_queue(whole)
    alerts.subscribe_queue(raw, raw_message_delivery=True)

    await alerts.publish(Publish("one", message_attributes=COLOUR))
    await alerts.publish(Publish("two"))

    found = [json.loads(message.body) for message in whole.sent]
    assert [each["Message"] for each in found] == ["one", "two"]
    assert len({each["MessageId"] for each in found}) == 2
    assert raw.sent == [SendMessage("one", COLOUR), SendMessage("two")]


async def test_a_subscriber_that_refuses_keeps_no_other_from_its_message(clock: Clock) -> None:
    refused: Refused = []
    alerts, queue = topic(clock, refused), HeldQueue()
    closed = alerts.subscribe_queue(HeldQueue(refuse="AccessDenied"))
    alerts.subscribe_queue(queue, raw_message_delivery=True)

    await alerts.publish(Publish("one"))

    assert queue.sent == [SendMessage("one")]
    assert refused == [(closed, "one", "AccessDenied")]


async def test_a_callback_may_subscribe_and_is_told_its_subscription(clock: Clock) -> None:
    alerts, told = topic(clock), list[tuple[str, str]]()

    async def deliver(notification: Notification, subscription_arn: str) -> None:
        told.append((notification.published.message, subscription_arn))

    subscription = alerts.subscribe(deliver)
    await alerts.publish(Publish("one"))

    assert told == [("one", subscription.arn)]
    assert subscription.arn.startswith(f"{ARN}:")


def test_a_fifo_queue_cannot_subscribe(clock: Clock) -> None:
    with pytest.raises(ServiceError, match="FIFO SQS Queues can not be subscribed"):
        topic(clock).subscribe_queue(HeldQueue(fifo=True))


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (Publish(""), "Empty message"),
        (Publish("é" * (MESSAGE_BYTES_MAX // 2) + "a"), "Message too long"),
        (Publish("a" * (MESSAGE_BYTES_MAX - 14), message_attributes=COLOUR), "Message too long"),
    ],
)
async def test_what_is_empty_or_over_256_kib_is_refused(
    clock: Clock, message: Publish, text: str
) -> None:
    alerts, queue = topic(clock), HeldQueue()
    alerts.subscribe_queue(queue)

    with pytest.raises(ServiceError, match=f"^InvalidParameter: Invalid parameter: {text}$"):
        await alerts.publish(message)
    assert queue.sent == []


@pytest.mark.parametrize(
    "message",
    [
        Publish("a" * MESSAGE_BYTES_MAX),
        Publish("a" * (MESSAGE_BYTES_MAX - 15), message_attributes=COLOUR),
    ],
)
async def test_256_kib_are_taken(clock: Clock, message: Publish) -> None:
    await topic(clock).publish(message)


async def test_who_watches_hears_of_what_a_policy_or_a_subscriber_did_not_take(
    clock: Clock,
) -> None:
    told: list[tuple[str, str, str | None]] = []
    alerts, kept = topic(clock), HeldQueue()
    policy = filter_policy({"colour": ["red"]})
    closed = alerts.subscribe_queue(HeldQueue(refuse="AccessDenied"), dead_letter=kept)
    red = alerts.subscribe_queue(HeldQueue(), filter_policy=policy)
    alerts.watch(lambda each: told.append((each.what, _arn(each), each.kept)))

    await alerts.publish(Publish("one"))

    assert told == [
        ("published", "", None),
        ("refused", closed.arn, kept.arn),
        ("filtered", red.arn, None),
    ]
    assert [json.loads(message.body)["Message"] for message in kept.sent] == ["one"]


async def test_a_dead_letter_queue_that_refuses_too_is_told_of_and_keeps_nothing(
    clock: Clock,
) -> None:
    refused: Refused = []
    alerts = topic(clock, refused)
    full = HeldQueue(refuse="OverLimit")
    alerts.subscribe_queue(HeldQueue(refuse="AccessDenied"), dead_letter=full)

    await alerts.publish(Publish("one"))

    assert [code for _, _, code in refused] == ["AccessDenied", "OverLimit"]


def _arn(told: Told) -> str:
    return "" if told.subscription is None else told.subscription.arn
