"""
SNS: a topic, for on-failure documents and its subscribers.

https://docs.aws.amazon.com/sns/latest/dg/welcome.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from eventsim.backends import Backend
from eventsim.errors import EventsimError
from eventsim.ids import Chance
from eventsim.rules import arns
from eventsim.rules.sns import FIFO_SUFFIX
from eventsim.sources._refusing import RefusalCode, refuse_to_refuse
from eventsim.types import Queue, Topic

REFERENCES = {("subscriptions", "queue"): "open_queue"}


class QueueSubscription(BaseModel):
    """A queue of the scenario that gets what is published, in SNS's envelope or as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    queue: Annotated[str, Field(min_length=1)]
    raw_message_delivery: Annotated[bool, Field(strict=True)] = False


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
    wanted = [(_queue(name, each, queues), each) for each in resource.subscriptions]
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
        for queue, each in wanted:
            topic.subscribe_queue(queue, raw_message_delivery=each.raw_message_delivery)
        return topic
    refuse_to_refuse(f"topic {name}", resource.refuse, backend)
    from eventsim.sources._sns_client import open_client_topic

    return await open_client_topic(
        name, backend, [(queue.arn, each.raw_message_delivery) for queue, each in wanted]
    )


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


def _queue(topic: str, subscription: QueueSubscription, queues: Mapping[str, Queue]) -> Queue:
    name = subscription.queue.rpartition(":")[2]  # also of an ARN
    if name not in queues:
        known = ", ".join(sorted(queues)) or "none"
        raise EventsimError(f"topic {topic}: '{name}' is no queue of the run; there are: {known}")
    return queues[name]
