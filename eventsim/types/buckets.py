"""
What a bucket holds, and how it is written and read.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

CONTENT_TYPE = "binary/octet-stream"


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object of a bucket; ``last_modified`` is in seconds since the epoch."""

    key: str
    body: bytes
    content_type: str
    etag: str
    last_modified: float


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """What happened to an object, by the name of S3's event without ``s3:``.

    ``size`` is in bytes; ``version_id`` is that of a bucket with versions; ``trace_header`` says
    what the change comes of, where that is known.
    """

    event_name: str
    key: str
    size: int
    etag: str
    version_id: str | None = None
    trace_header: str | None = None


class Bucket(Protocol):
    """A bucket on one back end. Its objects are what the user puts there, however many."""

    arn: str

    async def put_object(
        self,
        key: str,
        body: bytes,
        content_type: str = CONTENT_TYPE,
        trace_header: str | None = None,
    ) -> None:
        """Put an object, in place of one of that key; *trace_header* goes on to who is told.

        Raises ServiceError when it is refused, Unreachable without an answer.
        """

    async def get_object(self, key: str) -> StoredObject:
        """Return an object. Raises ServiceError with NoSuchKey when there is none."""

    async def delete_object(self, key: str) -> None:
        """Delete an object; one that is not there is no error.

        Raises ServiceError when that is refused, Unreachable without an answer.
        """

    async def list_objects(self, prefix: str = "") -> Sequence[str]:
        """The keys that begin with *prefix*, in the order of their UTF-8."""
