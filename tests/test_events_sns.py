"""What SNS sends to functions and queues, how long it tries, and what it never tries again."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

import pytest

from eventsim.clock import Clock
from eventsim.errors import (
    EventsimError,
    InvokeError,
    ResourceNotFound,
    ServiceError,
    TooManyRequests,
)
from eventsim.ids import Chance
from eventsim.journal import Journal
from eventsim.journal.sinks import MemorySink
from eventsim.push import Pusher
from eventsim.push.builders import builder
from eventsim.rules.sns_filters import filter_policy
from eventsim.services.topics import Topic
from eventsim.sources import sns
from eventsim.types import Delivery, InvokeRequest, InvokeResult, Publish
from tests.commands import eventsim
from tests.event_building import event, scene
from tests.test_destinations import HeldQueue

ATTRIBUTES = {"n": 1.5, "t": "x", "l": ["a", 1], "b": {"Type": "Binary", "Value": "aGk="}}


def test_a_function_gets_the_whole_notification_with_its_attributes() -> None:
    told = event("sns", "notification", message="m", subject="s", attributes=ATTRIBUTES)
    [record] = told["Records"]
    assert record["EventSubscriptionArn"].startswith(f"{record['Sns']['TopicArn']}:")
    assert record["Sns"]["Subject"] == "s"
    assert record["Sns"]["MessageAttributes"] == {
        "n": {"Type": "Number", "Value": "1.5"},
        "t": {"Type": "String", "Value": "x"},
        "l": {"Type": "String.Array", "Value": '["a",1]'},
        "b": {"Type": "Binary", "Value": "aGk="},
    }
    assert len(b64decode(record["Sns"]["Signature"], validate=True)) == 256


def test_without_subject_and_attributes_a_function_gets_null_and_a_queue_nothing() -> None:
    told = event("sns", "notification")["Records"][0]["Sns"]
    assert (told["Subject"], told["MessageAttributes"]) == (None, {})
    body = event("sns", "envelope")
    assert not {"Subject", "MessageAttributes", "SigningCertUrl"} & body.keys()
    assert body["SigningCertURL"] == told["SigningCertUrl"]


def test_addresses_are_those_of_the_partition() -> None:
    told = builder("sns").event(scene("cn-north-1"))["Records"][0]["Sns"]
    host = "https://sns.cn-north-1.amazonaws.com.cn/"
    assert told["SigningCertUrl"].startswith(host)
    assert told["UnsubscribeUrl"].startswith(
        f"{host}?Action=Unsubscribe&SubscriptionArn=arn:aws-cn:"
    )


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"topic": "alerts.fifo"}, "no function subscribes to a FIFO topic"),
        ({"attributes": {"a": True}}, "attribute 'a' is True; write"),
        ({"attributes": {"a": {"Type": "Text", "Value": "x"}}}, "of type 'Text'"),
        ({"attributes": {"a": {"Type": "Binary", "Value": "%"}}}, "not base64"),
        ({"attributes": {"a": {"Type": "String", "Value": ""}}}, "has the value ''"),
        ({"message": "x" * (256 * 1024 + 1)}, "Message too long"),
        ({"message": ""}, "at least 1 character"),
    ],
)
def test_what_nobody_can_publish_is_refused(given: dict[str, Any], text: str) -> None:
    with pytest.raises(EventsimError, match=text):
        event("sns", "notification", **given)


def test_a_message_may_come_from_another_event_by_a_pipe() -> None:
    put = eventsim("generate", "s3", "put", "--key", "a b.jpg", "--compact")
    told = eventsim("generate", "sns", "--message", "-", stdin=put.stdout)
    inner = json.loads(json.loads(told.stdout)["Records"][0]["Sns"]["Message"])
    assert inner == json.loads(put.stdout)
    assert inner["Records"][0]["s3"]["object"]["key"] == "a+b.jpg"


def test_sns_tries_for_23_days() -> None:
    waits = list(sns.retry_waits())
    assert waits[:6] == [0, 0, 0, 1, 1, 1]
    assert waits[14] == 20
    assert waits[5:15] == sorted(waits[5:15])
    assert set(waits[15:]) == {20}
    assert (len(waits), sum(waits) // 86_400) == (100_015, 23)


class Refusing:
    """An invoker that refuses with *error* so often, and takes the next."""

    def __init__(self, error: InvokeError, times: int) -> None:
        self.error, self.times, self.asked = error, times, list[float]()

    async def invoke(self, request: InvokeRequest) -> InvokeResult:
        self.asked.append(self.clock.time())
        if len(self.asked) <= self.times:
            raise self.error
        return InvokeResult(202)

    clock: Clock


async def pushed(clock: Clock, invoker: Refusing) -> bool:
    invoker.clock = clock
    pusher = Pusher(invoker, Journal(clock, sinks=[MemorySink()]), clock, Chance(1))
    delivery = Delivery("sns", sns, event("sns", "notification"), "consumer")
    return (await pusher.push(delivery, scene())).accepted


async def test_a_function_that_is_throttled_gets_its_message_later(clock: Clock) -> None:
    invoker = Refusing(TooManyRequests("no"), 6)
    assert await pushed(clock, invoker)
    assert invoker.asked == pytest.approx([0, 0, 0, 0, 1, 2, 3])


async def test_a_function_that_is_not_there_is_not_tried_again(clock: Clock) -> None:
    invoker = Refusing(ResourceNotFound("gone"), 1)
    assert not await pushed(clock, invoker)
    assert len(invoker.asked) == 1


def topic(clock: Clock) -> Topic:
    return Topic(
        "alerts", region="us-east-1", account="123456789012", clock=clock, chance=Chance(1)
    )


async def test_a_subscriber_gets_what_its_policy_accepts(clock: Clock) -> None:
    red, every = HeldQueue(), HeldQueue()
    alerts = topic(clock)
    accepted = filter_policy({"colour": ["red"]})
    alerts.subscribe_queue(red, raw_message_delivery=True, filter_policy=accepted)
    alerts.subscribe_queue(every, raw_message_delivery=True)
    for colour in ("red", "blue"):
        attributes = {"colour": {"DataType": "String", "StringValue": colour}}
        await alerts.publish(Publish(colour, None, attributes))
    assert [message.body for message in red.sent] == ["red"]
    assert [message.body for message in every.sent] == ["red", "blue"]


async def test_what_a_subscriber_refuses_goes_to_its_dead_letter_queue(clock: Clock) -> None:
    kept, alerts = HeldQueue(), topic(clock)

    async def refuse(notification: Any, subscription_arn: str) -> None:
        raise ServiceError("AccessDenied", "no")

    subscription = alerts.subscribe(refuse, dead_letter=kept)
    await alerts.publish(Publish("lost"))
    [message] = kept.sent
    body = json.loads(message.body)
    assert body["Message"] == "lost"
    assert body["UnsubscribeURL"].endswith(f"SubscriptionArn={subscription.arn}")
