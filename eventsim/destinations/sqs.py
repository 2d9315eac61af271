"""
SQS: a document is a message on a standard queue.

https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
"""

from __future__ import annotations

from eventsim.destinations._refusal import not_valid
from eventsim.ids import Chance
from eventsim.rules.failure_documents import as_message
from eventsim.types import FailureDocument, Queue, SendMessage


class SqsDestination:
    """Sends documents to a queue, without the records."""

    def __init__(self, queue: Queue) -> None:
        self.arn = queue.arn
        self._queue = queue

    async def send(self, document: FailureDocument) -> None:
        """Deliver it. Raises ServiceError when it is refused, Unreachable without an answer."""
        await self._queue.send([SendMessage(as_message(document))])


def open_destination(queue: Queue, chance: Chance) -> SqsDestination:
    """The destination that writes to *queue*. Raises ServiceError for a FIFO queue."""
    if queue.fifo:
        raise not_valid(queue.arn)
    return SqsDestination(queue)
