"""What S3 says of an object, its owner and a request, in whichever form it tells of them."""

from __future__ import annotations

from hashlib import md5
from typing import Annotated, Literal, NamedTuple
from urllib.parse import quote_plus

from eventsim.sources._names import hex_of
from eventsim.types import Scene

BucketName = Annotated[str, "the bucket's name"]
Key = Annotated[str, "the object's key, as it is, not encoded"]
Size = Annotated[int, "bytes of the object"]
Body = Annotated[str | None, "the object's text, which gives its size and ETag"]
Etag = Annotated[str | None, "the object's ETag, without quotes; drawn unless given"]
VersionId = Annotated[str | None, "the object's version, in a bucket that has them"]
SourceIp = Annotated[str | None, "the address of who asked; drawn unless given"]
StorageClass = Literal[
    "STANDARD",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "REDUCED_REDUNDANCY",
    "GLACIER",
    "GLACIER_IR",
    "DEEP_ARCHIVE",
]
ArchiveTier = Literal["ARCHIVE_ACCESS", "DEEP_ARCHIVE_ACCESS"]

BUCKET, KEY, CONFIGURATION = "photos", "red flower.jpg", "object-events"  # unless said otherwise
SERVICE = "s3.amazonaws.com"
EMPTY_ETAG = md5(b"", usedforsecurity=False).hexdigest()


class Content(NamedTuple):
    """The size and the ETag of an object."""

    size: int
    etag: str


def content(scene: Scene, size: int, body: str | None = None, etag: str | None = None) -> Content:
    """Of *body* if there is one, whose MD5 is the ETag; otherwise as it is said or drawn."""
    drawn = scene.hex(32)
    if body is None:
        return Content(size, etag or drawn)
    encoded = body.encode()
    digest = md5(encoded, usedforsecurity=False).hexdigest()
    return Content(len(encoded), etag or digest)


def encoded(key: str) -> str:
    """A key as notifications and jobs have it: spaces are plus signs."""
    return quote_plus(key, safe="/")


def sequencer(scene: Scene) -> str:
    """Hexadecimal digits, always as many, that grow from event to event.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
    (The longer of two is to be compared with the shorter one padded, on which side depends on the
    edition of the page: as many digits each time make it the same.)
    """
    return f"{round(scene.at.timestamp() * 2**32) + scene.count('sequencers'):018X}"


def version_id(scene: Scene) -> str:
    """The 32 characters that a version has."""
    return scene.letters(32, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._")


def request_id(scene: Scene) -> str:
    """The 16 characters of ``x-amz-request-id``."""
    return scene.letters(16)


def owner(account: str) -> str:
    """The customer id of an account: always the same, and not the account's number."""
    return f"A{hex_of(account, 13).upper()}"


def address(scene: Scene, given: str | None) -> str:
    """An address of a client, out of those that are for examples."""
    drawn = scene.number(1, 254)
    return given or f"203.0.113.{drawn}"
