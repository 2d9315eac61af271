"""
SNS: a topic, for on-failure documents and its subscribers, and what a function gets of it.

https://docs.aws.amazon.com/sns/latest/dg/welcome.html
https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
(A function is invoked asynchronously, with one message; SNS tries again for 23 days when Lambda
cannot take it, and not at all when the function is not there or not to be invoked.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

import orjson
from pydantic import Field

from eventsim.backends import Backend
from eventsim.errors import BackendError, EventsimError, InvokeError
from eventsim.ids import Chance
from eventsim.rules import arns
from eventsim.rules import sns as rules
from eventsim.rules.refusals import check
from eventsim.rules.sns import FIFO_SUFFIX
from eventsim.rules.sns_filters import Scope, filter_policy
from eventsim.sources._base64 import decoded
from eventsim.sources._message_attributes import ATTRIBUTES_TEXT, attributes_of
from eventsim.sources._names import uuid_of
from eventsim.sources._refusing import refuse_to_refuse
from eventsim.sources._sns_subscriptions import (
    FunctionSubscription,
    Resource,
    SnsEvent,
    subscriptions_of,
)
from eventsim.types import InvocationType, Publish, Queue, Scene, Sent, Topic

__all__ = [
    "FunctionSubscription",
    "Resource",
    "envelope",
    "notification",
    "subscriptions_of",
]

INVOCATION_TYPES: tuple[InvocationType, ...] = ("Event",)
PRINCIPAL = "sns.amazonaws.com"
SAM_EVENTS = {"SNS": SnsEvent}
REFERENCES = {
    ("subscriptions", "queue"): "open_queue",
    ("subscriptions", "dead_letter"): "open_queue",
}

TopicName = Annotated[str, "the topic's name"]
Text = Annotated[str, Field(min_length=1), "the message; - reads it from stdin"]
Subject = Annotated[str | None, "the message's subject"]
Attributes = Annotated[dict[str, Any] | None, ATTRIBUTES_TEXT]
Version = Annotated[Literal["1", "2"], "of the signature: SHA1 or SHA256"]


async def open_topic(
    name: str, resource: Resource, backend: Backend, chance: Chance, queues: Mapping[str, Queue]
) -> Topic:
    """The topic *name* on *backend*, made if it is not there; *queues* are the run's, by name.

    A topic that is made is deleted when the back end closes. Raises EventsimError for a FIFO
    topic or a queue that is none, BackendError, ServiceError or Unreachable when the back end
    cannot give it.
    """
    if name.endswith(FIFO_SUFFIX):
        raise EventsimError(f"topic {name}: FIFO topics are not simulated; call it something else")
    wanted = [
        (
            _queue(name, each.queue, queues),
            each,
            None if each.dead_letter is None else _queue(name, each.dead_letter, queues),
        )
        for each in resource.subscriptions
        if each.queue is not None
    ]
    if backend.name == "simulated":
        from eventsim.services.topics import Topic as SimulatedTopic

        topic = SimulatedTopic(
            name,
            region=backend.region,
            account=backend.account,
            clock=backend.clock,
            chance=chance,
            refuse=resource.refuse,
        )
        for queue, each, dead_letter in wanted:
            topic.subscribe_queue(
                queue,
                raw_message_delivery=each.raw_message_delivery,
                filter_policy=each.filter(),
                dead_letter=dead_letter,
            )
        return topic
    refuse_to_refuse(f"topic {name}", resource.refuse, backend)
    from eventsim.sources._sns_client import Wanted, open_client_topic

    asked = [
        Wanted(
            queue.arn,
            each.raw_message_delivery,
            each.filter_policy,
            each.filter_policy_scope,
            None if dead_letter is None else dead_letter.arn,
        )
        for queue, each, dead_letter in wanted
    ]
    return await open_client_topic(name, backend, asked)


def arn_of(name: str, account: str, region: str, opened: float) -> str:
    """The ARN of a topic of that name."""
    return arns.arn("sns", region, account, name)


async def find_topic(arn: str, backend: Backend) -> Topic:
    """The topic of that ARN as it is on a back end that has an API.

    Raises ServiceError when it is not there, BackendError, Unreachable.
    """
    from eventsim.sources._sns_client import ClientTopic

    await backend.call("sns", "get_topic_attributes", TopicArn=arn)
    return ClientTopic(arn, backend)


def notification(
    scene: Scene,
    *,
    topic: TopicName = "alerts",
    message: Text = "The kettle is on",
    subject: Subject = None,
    attributes: Attributes = None,
    signature_version: Version = "1",
) -> dict[str, Any]:
    """What a function gets of a message that was published."""
    published = _published(scene, topic, message, subject, attributes, signature_version)
    return event(published, _subscription(published.topic_arn))


def envelope(
    scene: Scene,
    *,
    topic: TopicName = "alerts",
    message: Text = "The kettle is on",
    subject: Subject = None,
    attributes: Attributes = None,
    signature_version: Version = "1",
) -> dict[str, Any]:
    """What a queue or an address gets of it, without raw delivery: the body of another event."""
    published = _published(scene, topic, message, subject, attributes, signature_version)
    return rules.envelope_body(published, _subscription(published.topic_arn))


EVENTS = (notification, envelope)


def event(published: rules.Notification, subscription_arn: str) -> dict[str, Any]:
    """The event of a message that a topic took, built afresh."""
    return {"Records": [rules.record(published, subscription_arn)]}


def taken(scene: Scene, told: Mapping[str, Any]) -> Sent:
    """What the SNS of a back end sends a function: the event, if the subscription accepts it."""
    published = Publish(told["message"], told["subject"], _as_published(told["attributes"]))
    message_id, topic_arn = told["message_id"], told["topic_arn"]
    moment = scene.at.timestamp()
    signature = replace(scene, actor=f"sns {topic_arn}").base64(256)
    message = rules.Notification(message_id, topic_arn, moment, published, signature=signature)
    settings, about = told["settings"], {"message_id": message_id}
    scope: Scope = settings.get("FilterPolicyScope") or "MessageAttributes"
    policy = filter_policy(orjson.loads(settings.get("FilterPolicy") or b"{}"), scope)
    if policy is not None and not policy.accepts(published):
        return Sent(None, about)
    redrive = orjson.loads(settings.get("RedrivePolicy") or b"{}")
    arn = told["subscription_arn"]
    kept = rules.envelope(message, arn)
    return Sent(event(message, arn), about, redrive.get("deadLetterTargetArn"), kept)


async def configure(
    topic_arn: str,
    subscriptions: Sequence[tuple[str, FunctionSubscription, str | None]],
    backend: Backend,
) -> None:
    """Subscribe functions, each with its ARN and that of its dead-letter queue, to a topic.

    Raises BackendError, ServiceError, Unreachable.
    """
    if not subscriptions:
        return
    if backend.sends_to is None:
        text = f"{topic_arn}: functions subscribe on the simulated back end and on moto"
        raise BackendError(f"{text}; on {backend.name} subscribe them yourself")
    from eventsim.sources._sns_client import Wanted, subscribe

    for function_arn, each, dead_letter in subscriptions:
        wanted = Wanted(
            function_arn, False, each.filter_policy, each.scope, dead_letter, protocol="lambda"
        )
        await subscribe(topic_arn, wanted, backend)


def _as_published(attributes: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Attributes in Publish's own fields, out of the form that subscribers get."""
    return {
        name: {"DataType": given["Type"], "BinaryValue": decoded(given["Value"])}
        if str(given["Type"]).startswith("Binary")
        else {"DataType": given["Type"], "StringValue": str(given["Value"])}
        for name, given in attributes.items()
    }


def source_arn(event: dict[str, Any], scene: Scene) -> str:
    """The topic's ARN."""
    told = event["Records"][0]["Sns"] if "Records" in event else event
    return str(told["TopicArn"])


def sam_permission(scene: Scene, arn: str) -> dict[str, str]:
    """Of whom SAM lets a function be invoked: of the topic."""
    return {"source_arn": arn}


retry_waits = rules.retry_waits


def retried(refused: InvokeError) -> bool:
    """Whether SNS tries again: not when the function is gone or may not be invoked."""
    return refused.status >= 500 or refused.status == 429


def _published(
    scene: Scene,
    topic: str,
    message: str,
    subject: str | None,
    attributes: dict[str, Any] | None,
    signature_version: str,
) -> rules.Notification:
    if topic.endswith(FIFO_SUFFIX):
        raise EventsimError(f"topic {topic}: no function subscribes to a FIFO topic")
    publish = Publish(message, subject, attributes_of(attributes or {}))
    check(rules.refuse_message(publish))
    topic_arn = arns.arn("sns", scene.region, scene.account, topic)
    return rules.Notification(
        scene.uuid(),
        topic_arn,
        scene.at.timestamp(),
        publish,
        signature_version,
        scene.base64(256),
    )


def _subscription(topic_arn: str) -> str:
    """The ARN of the topic's subscription, the same each time."""
    return f"{topic_arn}:{uuid_of(topic_arn)}"


def _queue(topic: str, given: str, queues: Mapping[str, Queue]) -> Queue:
    name = given.rpartition(":")[2]  # also of an ARN
    if name not in queues:
        known = ", ".join(sorted(queues)) or "none"
        raise EventsimError(f"topic {topic}: '{name}' is no queue of the run; there are: {known}")
    return queues[name]
