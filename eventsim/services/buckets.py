"""
A simulated S3 bucket: objects by their keys.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html
(Without versions. What is put stays until it is put again: a bucket is as large as what the
user's run puts into it.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import md5

from eventsim.clock import Clock
from eventsim.errors import ServiceError
from eventsim.rules.arns import arn
from eventsim.types import ObjectChange, StoredObject
from eventsim.types.buckets import CONTENT_TYPE

KEY_BYTES_MAX = 1024

CREATED, REMOVED = "ObjectCreated:Put", "ObjectRemoved:Delete"

OnChange = Callable[[ObjectChange], None]


class Bucket:
    """Keeps the newest object of every key.

    With *refuse*, an AWS error code, it takes no object at all.
    """

    def __init__(
        self,
        name: str,
        *,
        region: str,
        clock: Clock,
        refuse: str | None = None,
    ) -> None:
        self.arn = arn("s3", region, "", name)
        self._clock, self._refuse = clock, refuse
        self._objects: dict[str, StoredObject] = {}
        self._watchers: list[OnChange] = []

    def watch(self, on_change: OnChange) -> None:
        """Call *on_change* with every change from now on, once it is made."""
        self._watchers.append(on_change)

    async def put_object(
        self,
        key: str,
        body: bytes,
        content_type: str = CONTENT_TYPE,
        trace_header: str | None = None,
    ) -> None:
        """Put an object; it is there when this returns."""
        if self._refuse is not None:
            text = f"{self.arn} refuses every object, as its resource says"
            raise ServiceError(self._refuse, text)
        if not 0 < len(key.encode()) <= KEY_BYTES_MAX:
            raise ServiceError("KeyTooLongError", f"a key has 1 to {KEY_BYTES_MAX} bytes of UTF-8")
        etag = md5(body, usedforsecurity=False).hexdigest()
        stored = StoredObject(key, body, content_type, etag, self._clock.timestamp())
        self._objects[key] = stored
        self._tell(CREATED, stored, trace_header)

    async def get_object(self, key: str) -> StoredObject:
        """Return the newest object of *key*."""
        if key not in self._objects:
            raise ServiceError("NoSuchKey", "The specified key does not exist.")
        return self._objects[key]

    async def delete_object(self, key: str) -> None:
        """Delete the object of *key*; nobody is told of one that was not there."""
        if self._refuse is not None:
            text = f"{self.arn} refuses every request, as its resource says"
            raise ServiceError(self._refuse, text)
        stored = self._objects.pop(key, None)
        if stored is not None:
            self._tell(REMOVED, stored)

    async def list_objects(self, prefix: str = "") -> Sequence[str]:
        """The keys that begin with *prefix*, in the order of their UTF-8."""
        return sorted((key for key in self._objects if key.startswith(prefix)), key=str.encode)

    def _tell(self, event_name: str, stored: StoredObject, trace: str | None = None) -> None:
        size = len(stored.body)
        change = ObjectChange(event_name, stored.key, size, stored.etag, trace_header=trace)
        for on_change in self._watchers:
            on_change(change)
