"""
SNS: a document is a message on a standard topic.

https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
"""

from __future__ import annotations

from eventsim.destinations._refusal import not_valid
from eventsim.ids import Chance
from eventsim.rules.failure_documents import as_message
from eventsim.rules.sns import FIFO_SUFFIX
from eventsim.types import FailureDocument, Publish, Topic


class SnsDestination:
    """Publishes documents on a topic, without the records."""

    def __init__(self, topic: Topic) -> None:
        self.arn = topic.arn
        self._topic = topic

    async def send(self, document: FailureDocument) -> None:
        """Deliver it. Raises ServiceError when it is refused, Unreachable without an answer."""
        await self._topic.publish(Publish(as_message(document)))


def open_destination(topic: Topic, chance: Chance) -> SnsDestination:
    """The destination that writes to *topic*. Raises ServiceError for a FIFO topic."""
    if topic.arn.endswith(FIFO_SUFFIX):
        raise not_valid(topic.arn)
    return SnsDestination(topic)
