"""
The notifications of S3 about what somebody asked of it, one builder for each.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import Field

from eventsim.rules.timestamps import iso_milliseconds
from eventsim.sources import _s3_objects as objects
from eventsim.sources._builders import named, variant
from eventsim.sources._s3_objects import (
    BUCKET,
    CONFIGURATION,
    KEY,
    Body,
    BucketName,
    Content,
    Etag,
    Key,
    Size,
    SourceIp,
    VersionId,
)
from eventsim.sources._s3_records import (
    ConfigurationId,
    EventVersion,
    MarkerVersionId,
    described,
    marker,
    requested,
    sequenced,
)
from eventsim.types import Scene


def _created(
    event_name: str,
    scene: Scene,
    *,
    bucket: BucketName = BUCKET,
    key: Key = KEY,
    size: Size = 1024,
    body: Body = None,
    etag: Etag = None,
    version_id: VersionId = None,
    source_ip: SourceIp = None,
    configuration_id: ConfigurationId = CONFIGURATION,
    event_version: EventVersion = None,
) -> dict[str, Any]:
    told = sequenced(scene, key, objects.content(scene, size, body, etag), version_id)
    return requested(
        scene, event_version or "2.1", event_name, bucket, configuration_id, told, source_ip
    )


put = variant(_created, "ObjectCreated:Put", "put", "An object was created by PutObject.")
post = variant(_created, "ObjectCreated:Post", "post", "An object was created by a form's POST.")
copy = variant(_created, "ObjectCreated:Copy", "copy", "An object was created by CopyObject.")


def complete_multipart_upload(
    scene: Scene,
    *,
    bucket: BucketName = BUCKET,
    key: Key = "videos/launch.mp4",
    size: Size = 26_214_400,
    parts: Annotated[int, Field(ge=1, le=10_000), "parts of the upload"] = 5,
    version_id: VersionId = None,
    source_ip: SourceIp = None,
    configuration_id: ConfigurationId = CONFIGURATION,
    event_version: EventVersion = None,
) -> dict[str, Any]:
    """An object was created out of its parts."""
    told = sequenced(scene, key, Content(size, f"{scene.hex(32)}-{parts}"), version_id)
    name = "ObjectCreated:CompleteMultipartUpload"
    return requested(scene, event_version or "2.1", name, bucket, configuration_id, told, source_ip)


def delete(
    scene: Scene,
    *,
    bucket: BucketName = BUCKET,
    key: Key = KEY,
    version_id: VersionId = None,
    source_ip: SourceIp = None,
    configuration_id: ConfigurationId = CONFIGURATION,
    event_version: EventVersion = None,
) -> dict[str, Any]:
    """An object, or a version of it, was deleted for good."""
    told = sequenced(scene, key, None, version_id)
    name = "ObjectRemoved:Delete"
    return requested(scene, event_version or "2.1", name, bucket, configuration_id, told, source_ip)


def delete_marker(
    scene: Scene,
    *,
    bucket: BucketName = BUCKET,
    key: Key = KEY,
    version_id: MarkerVersionId = None,
    source_ip: SourceIp = None,
    configuration_id: ConfigurationId = CONFIGURATION,
    event_version: EventVersion = None,
) -> dict[str, Any]:
    """An object of a bucket with versions was hidden behind a delete marker."""
    told = marker(scene, key, version_id)
    name = "ObjectRemoved:DeleteMarkerCreated"
    return requested(scene, event_version or "2.1", name, bucket, configuration_id, told, source_ip)


def restore_post(
    scene: Scene,
    *,
    bucket: BucketName = BUCKET,
    key: Key = KEY,
    size: Size = 1024,
    etag: Etag = None,
    version_id: VersionId = None,
    source_ip: SourceIp = None,
    configuration_id: ConfigurationId = CONFIGURATION,
    event_version: EventVersion = None,
) -> dict[str, Any]:
    """A copy of an archived object was asked for."""
    told = sequenced(scene, key, objects.content(scene, size, None, etag), version_id)
    name = "ObjectRestore:Post"
    return requested(scene, event_version or "2.1", name, bucket, configuration_id, told, source_ip)


def _of_metadata(
    event_name: str,
    scene: Scene,
    *,
    bucket: BucketName = BUCKET,
    key: Key = KEY,
    etag: Etag = None,
    version_id: VersionId = None,
    source_ip: SourceIp = None,
    configuration_id: ConfigurationId = CONFIGURATION,
    event_version: EventVersion = None,
) -> dict[str, Any]:
    told = described(key, objects.content(scene, 0, None, etag), version_id)
    del told["size"]
    return requested(
        scene, event_version or "2.3", event_name, bucket, configuration_id, told, source_ip
    )


tagging_put = variant(_of_metadata, "ObjectTagging:Put", "tagging_put", "An object was given tags.")
tagging_delete = variant(
    _of_metadata, "ObjectTagging:Delete", "tagging_delete", "An object lost its tags."
)
acl_put = variant(
    _of_metadata, "ObjectAcl:Put", "acl_put", "An object's access control list was changed."
)


def retention_put(
    scene: Scene,
    *,
    bucket: BucketName = BUCKET,
    key: Key = KEY,
    size: Size = 1024,
    etag: Etag = None,
    version_id: VersionId = None,
    mode: Annotated[Literal["GOVERNANCE", "COMPLIANCE"], "of the retention"] = "GOVERNANCE",
    until: Annotated[datetime | None, "when it ends; 30 days later if not said"] = None,
    source_ip: SourceIp = None,
    configuration_id: ConfigurationId = CONFIGURATION,
    event_version: EventVersion = None,
) -> dict[str, Any]:
    """An object's retention was set."""
    version = version_id or objects.version_id(scene)
    told = described(key, objects.content(scene, size, None, etag), version)
    name, since = "ObjectRetention:Put", event_version or "2.5"
    event = requested(scene, since, name, bucket, configuration_id, told, source_ip)
    event["Records"][0]["objectRetentionEventData"] = {
        "mode": mode,
        "retainUntilDate": iso_milliseconds(until or scene.at + timedelta(days=30)),
    }
    return event


@named("test_event", "A topic or queue was set up to get notifications; no function gets this.")
def configured(scene: Scene, *, bucket: BucketName = BUCKET) -> dict[str, Any]:
    return {
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": iso_milliseconds(scene.at),
        "Bucket": bucket,
        "RequestId": objects.request_id(scene),
        "HostId": scene.base64(57),
    }
