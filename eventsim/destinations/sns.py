"""
SNS: a document is a message on a standard topic.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

from eventsim.errors import ServiceError
from eventsim.ids import Chance
from eventsim.rules.deliveries import as_notification
from eventsim.rules.sns import FIFO_SUFFIX
from eventsim.types import Document, Topic

_NO_GROUP = "Invalid parameter: The MessageGroupId parameter is required for FIFO topics"


class SnsDestination:
    """Publishes documents on a topic, without the payloads where they are too large for it."""

    def __init__(self, topic: Topic) -> None:
        self.arn = topic.arn
        self._topic = topic

    async def send(self, document: Document) -> None:
        """Deliver it. Raises ServiceError when it is refused, as a FIFO topic refuses it,
        Unreachable without an answer.
        """
        if self.arn.endswith(FIFO_SUFFIX):
            raise ServiceError("InvalidParameter", _NO_GROUP)
        await self._topic.publish(as_notification(document))


def open_destination(topic: Topic, chance: Chance) -> SnsDestination:
    """The destination that writes to *topic*."""
    return SnsDestination(topic)
