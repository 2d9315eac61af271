"""
``delete``: a mapping, by its name function.Event, a stream by that of its resource, or objects of
a bucket.

A mapping that is deleted finishes what is in flight. The mappings on a deleted stream deliver
what they have read of it and then have nothing more to poll.

https://docs.aws.amazon.com/lambda/latest/api/API_DeleteEventSourceMapping.html
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DeleteStream.html
https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import ClassVar

from pydantic import Field

from eventsim.errors import EventsimError
from eventsim.scenario.block import Step as TimelineStep
from eventsim.scenario.stage import Stage
from eventsim.scenario.values import Text, resource_name
from eventsim.types import Deletable


class Step(TimelineStep):
    """Delete the mapping or the stream ``delete``, or ``objects`` of the bucket, by their keys."""

    meanings: ClassVar[Mapping[str, tuple[str, str]]] = {"objects": ("delete", "open_bucket")}
    deletable_keys: ClassVar[Collection[str]] = ("delete",)

    delete: Text = Field(examples=["orders", "consumer.Orders"])
    objects: tuple[Text, ...] | None = None

    async def perform(self, stage: Stage) -> None:
        """Return when it is gone. Raises EventsimError for a stream that cannot be deleted,
        ServiceError for an object.
        """
        if self.objects is not None:
            bucket = stage.buckets[resource_name(self.delete)]
            for key in self.objects:
                await bucket.delete_object(key)
            return
        if self.delete in stage.mappings:
            await stage.mappings[self.delete].delete()
            return
        stream = stage.streams[resource_name(self.delete)]
        if not isinstance(stream, Deletable):
            raise EventsimError(f"cannot delete {self.delete}: its source does not know how")
        await stream.delete()
