"""
SNS: a topic, for on-failure documents and its subscribers, and what a function gets of it.

https://docs.aws.amazon.com/sns/latest/dg/welcome.html
https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
(A function is invoked asynchronously, with one message; SNS tries again for 23 days when Lambda
cannot take it, and not at all when the function is not there or not to be invoked.)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from eventsim.backends import Backend
from eventsim.errors import EventsimError, InvokeError
from eventsim.ids import Chance
from eventsim.rules import arns
from eventsim.rules import sns as rules
from eventsim.rules.refusals import check
from eventsim.rules.sns import FIFO_SUFFIX
from eventsim.rules.sns_filters import FilterPolicy, Scope, filter_policy
from eventsim.sources._message_attributes import ATTRIBUTES_TEXT, attributes_of
from eventsim.sources._names import uuid_of
from eventsim.sources._refusing import RefusalCode, refuse_to_refuse
from eventsim.types import InvocationType, Publish, Queue, Scene, Topic

INVOCATION_TYPES: tuple[InvocationType, ...] = ("Event",)
PRINCIPAL = "sns.amazonaws.com"
REFERENCES = {
    ("subscriptions", "queue"): "open_queue",
    ("subscriptions", "dead_letter"): "open_queue",
}

TopicName = Annotated[str, "the topic's name"]
Text = Annotated[str, Field(min_length=1), "the message; - reads it from stdin"]
Subject = Annotated[str | None, "the message's subject"]
Attributes = Annotated[dict[str, Any] | None, ATTRIBUTES_TEXT]
Version = Annotated[Literal["1", "2"], "of the signature: SHA1 or SHA256"]


class QueueSubscription(BaseModel):
    """A queue of the scenario that gets what is published, in SNS's envelope or as it is.

    Of what is published it gets what the ``filter_policy`` accepts. What the queue refuses goes to
    the queue ``dead_letter``. In CloudFormation the keys are RawMessageDelivery, FilterPolicy,
    FilterPolicyScope and RedrivePolicy.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    queue: Annotated[str, Field(min_length=1)]
    raw_message_delivery: Annotated[bool, Field(strict=True)] = False
    filter_policy: dict[str, Any] | None = None
    filter_policy_scope: Scope = "MessageAttributes"
    dead_letter: Annotated[str, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _filters(self) -> Self:
        self.filter()
        return self

    def filter(self) -> FilterPolicy | None:
        """The policy, ready to be asked. Raises PatternError for one that SNS refuses."""
        return filter_policy(self.filter_policy or {}, self.filter_policy_scope)


class Resource(BaseModel):
    """A topic in a scenario: ``alerts: {type: sns, subscriptions: [{queue: inbox}]}``.

    ``refuse: AuthorizationError`` lets a simulated topic refuse every message with that code.
    On AWS the policy of a queue must let the topic send; none is written here.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["sns"] = "sns"
    subscriptions: tuple[QueueSubscription, ...] = ()
    refuse: RefusalCode | None = None


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


def source_arn(event: dict[str, Any], scene: Scene) -> str:
    """The topic's ARN."""
    told = event["Records"][0]["Sns"] if "Records" in event else event
    return str(told["TopicArn"])


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
