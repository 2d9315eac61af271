"""
SQS: a document is a message on a standard queue.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

from eventsim.ids import Chance
from eventsim.rules.deliveries import as_message
from eventsim.types import Document, Queue


class SqsDestination:
    """Sends documents to a queue. A FIFO queue refuses them, since they have no group."""

    def __init__(self, queue: Queue) -> None:
        self.arn = queue.arn
        self._queue = queue

    async def send(self, document: Document) -> None:
        """Deliver it. Raises ServiceError when it is refused, Unreachable without an answer."""
        await self._queue.send([as_message(document)])


def open_destination(queue: Queue, chance: Chance) -> SqsDestination:
    """The destination that writes to *queue*."""
    return SqsDestination(queue)
