"""
A topic behind the real SNS API: moto in this process, an emulator, or AWS.

https://docs.aws.amazon.com/sns/latest/api/welcome.html
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import orjson

from eventsim.backends import Backend
from eventsim.sources._lifetimes import undo_on_close
from eventsim.types import Publish


class ClientTopic:
    """A topic that is published to by requests, each made once."""

    def __init__(self, arn: str, backend: Backend) -> None:
        self.arn = arn
        self._backend = backend

    async def publish(self, message: Publish) -> None:
        """Publish it. Raises ServiceError when it is refused, Unreachable without an answer."""
        parameters: dict[str, Any] = {"Message": message.message}
        if message.subject is not None:
            parameters["Subject"] = message.subject
        if message.message_attributes:
            parameters["MessageAttributes"] = dict(message.message_attributes)
        await self._backend.call("sns", "publish", TopicArn=self.arn, **parameters)


class Wanted(NamedTuple):
    """A queue or function that is to be subscribed, by its ARN, and how."""

    endpoint: str
    raw_message_delivery: bool = False
    filter_policy: dict[str, Any] | None = None
    filter_policy_scope: str = "MessageAttributes"
    dead_letter_arn: str | None = None
    protocol: str = "sqs"

    def attributes(self) -> dict[str, str]:
        """The same as Subscribe takes it."""
        attributes = {}
        if self.protocol == "sqs":
            attributes["RawMessageDelivery"] = "true" if self.raw_message_delivery else "false"
        if self.filter_policy:
            attributes["FilterPolicyScope"] = self.filter_policy_scope
            attributes["FilterPolicy"] = orjson.dumps(self.filter_policy).decode()
        if self.dead_letter_arn is not None:
            redrive = {"deadLetterTargetArn": self.dead_letter_arn}
            attributes["RedrivePolicy"] = orjson.dumps(redrive).decode()
        return attributes


async def open_client_topic(name: str, backend: Backend, queues: Sequence[Wanted]) -> ClientTopic:
    """The topic *name* with *queues* subscribed to it.

    It is created when it is missing, and then deleted when the back end closes.
    """
    arn = await _find(name, backend)
    if arn is None:
        created = await backend.call("sns", "create_topic", Name=name)
        arn = str(created["TopicArn"])
        undo_on_close(backend, partial(backend.call, "sns", "delete_topic", TopicArn=arn))
    for wanted in queues:
        await subscribe(arn, wanted, backend)
    return ClientTopic(arn, backend)


async def subscribe(topic_arn: str, wanted: Wanted, backend: Backend) -> None:
    """Subscribe what is *wanted*, until the back end closes."""
    answer = await backend.call(
        "sns",
        "subscribe",
        TopicArn=topic_arn,
        Protocol=wanted.protocol,
        Endpoint=wanted.endpoint,
        Attributes=wanted.attributes(),
        ReturnSubscriptionArn=True,
    )
    subscription = answer["SubscriptionArn"]
    unsubscribe = partial(backend.call, "sns", "unsubscribe", SubscriptionArn=subscription)
    undo_on_close(backend, unsubscribe)


async def _find(name: str, backend: Backend) -> str | None:
    """The ARN of a topic that is there; its account may be another than the scenario's."""
    parameters: dict[str, Any] = {}
    while True:
        answer = await backend.call("sns", "list_topics", **parameters)
        for topic in answer["Topics"]:
            if topic["TopicArn"].rpartition(":")[2] == name:
                return str(topic["TopicArn"])
        if not answer.get("NextToken"):
            return None
        parameters["NextToken"] = answer["NextToken"]
