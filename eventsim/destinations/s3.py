"""
S3: a document is an object of its own, with the event in it.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

from eventsim.ids import Chance
from eventsim.rules.deliveries import OBJECT_CONTENT_TYPE, as_object
from eventsim.types import Bucket, Document


class S3Destination:
    """Puts documents into a bucket, with what the function was, or would have been, sent."""

    def __init__(self, bucket: Bucket, chance: Chance) -> None:
        self.arn = bucket.arn
        self._bucket, self._chance = bucket, chance

    async def send(self, document: Document) -> None:
        """Deliver it. Raises ServiceError when it is refused, Unreachable without an answer."""
        key, body = as_object(document, self._chance.uuid("objects", self.arn))
        trace = document.trace_header
        await self._bucket.put_object(key, body, OBJECT_CONTENT_TYPE, trace)


def open_destination(bucket: Bucket, chance: Chance) -> S3Destination:
    """The destination that writes to *bucket*."""
    return S3Destination(bucket, chance)
