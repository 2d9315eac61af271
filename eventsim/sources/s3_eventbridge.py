"""
S3 by way of EventBridge: what a bucket with EventBridge on tells the default bus of its region.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
(Keys are as they are, not encoded as in notifications. A bucket sends all of its events; the
rules of the bus filter.)
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from eventsim.rules.arns import arn
from eventsim.rules.timestamps import iso_seconds
from eventsim.sources import _s3_objects as objects
from eventsim.sources._builders import variant
from eventsim.sources._eventbridge_envelope import envelope
from eventsim.sources._s3_objects import (
    BUCKET,
    EMPTY_ETAG,
    KEY,
    SERVICE,
    ArchiveTier,
    Body,
    BucketName,
    Etag,
    Key,
    Size,
    SourceIp,
    StorageClass,
    VersionId,
)
from eventsim.types import InvocationType, ObjectChange, Scene

INVOCATION_TYPES: tuple[InvocationType, ...] = ("Event",)
PRINCIPAL = "events.amazonaws.com"

Creation = Literal["PutObject", "POST Object", "CopyObject", "CompleteMultipartUpload"]
Deletion = Literal["DeleteObject", "Lifecycle Expiration"]
Requester = Annotated[str | None, "the account that asked; the bucket's own unless given"]


def created(
    scene: Scene,
    *,
    bucket: BucketName = BUCKET,
    key: Key = KEY,
    size: Size = 1024,
    body: Body = None,
    etag: Etag = None,
    version_id: VersionId = None,
    reason: Annotated[Creation, "the operation that created it"] = "PutObject",
    requester: Requester = None,
    source_ip: SourceIp = None,
) -> dict[str, Any]:
    """An object was created."""
    told = _sized(scene, key, version_id, size, etag, body)
    told["sequencer"] = objects.sequencer(scene)
    detail = {**_requested(scene, bucket, told, requester, source_ip), "reason": reason}
    return _envelope(scene, "Object Created", bucket, detail)


def deleted(
    scene: Scene,
    *,
    bucket: BucketName = BUCKET,
    key: Key = KEY,
    version_id: VersionId = None,
    marker: Annotated[bool, "whether it was only hidden behind a delete marker"] = False,
    reason: Annotated[Deletion, "what deleted it"] = "DeleteObject",
    requester: Requester = None,
    source_ip: SourceIp = None,
) -> dict[str, Any]:
    """An object, or a version of it, was deleted, or hidden behind a delete marker."""
    if marker:
        told = _object(key, version_id or objects.version_id(scene), etag=EMPTY_ETAG)
    else:
        told = _object(key, version_id)
    told["sequencer"] = objects.sequencer(scene)
    if reason == "Lifecycle Expiration":
        detail = _by_itself(scene, bucket, told)
    else:
        detail = _requested(scene, bucket, told, requester, source_ip)
    detail["reason"] = reason
    detail["deletion-type"] = "Delete Marker Created" if marker else "Permanently Deleted"
    return _envelope(scene, "Object Deleted", bucket, detail)


def restore_initiated(
    scene: Scene,
    *,
    bucket: BucketName = BUCKET,
    key: Key = KEY,
    size: Size = 1024,
    etag: Etag = None,
    version_id: VersionId = None,
    storage_class: Annotated[StorageClass, "where the object is archived"] = "GLACIER",
    requester: Requester = None,
    source_ip: SourceIp = None,
) -> dict[str, Any]:
    """A copy of an archived object was asked for."""
    told = _sized(scene, key, version_id, size, etag)
    detail = _requested(scene, bucket, told, requester, source_ip)
    detail["source-storage-class"] = storage_class
    return _envelope(scene, "Object Restore Initiated", bucket, detail)


def restore_completed(
    scene: Scene,
    *,
    bucket: BucketName = BUCKET,
    key: Key = KEY,
    size: Size = 1024,
    etag: Etag = None,
    version_id: VersionId = None,
    storage_class: Annotated[StorageClass, "where the object is archived"] = "GLACIER",
    expires: Annotated[datetime | None, "when the copy goes; seven days later if not said"] = None,
) -> dict[str, Any]:
    """The copy of an archived object is there."""
    told = _sized(scene, key, version_id, size, etag)
    detail = _by_itself(scene, bucket, told)
    detail["restore-expiry-time"] = iso_seconds(expires or scene.at + timedelta(days=7))
    detail["source-storage-class"] = storage_class
    return _envelope(scene, "Object Restore Completed", bucket, detail)


def restore_expired(
    scene: Scene,
    *,
    bucket: BucketName = BUCKET,
    key: Key = KEY,
    size: Size = 1024,
    etag: Etag = None,
    version_id: VersionId = None,
) -> dict[str, Any]:
    """The copy of an archived object has gone."""
    told = _sized(scene, key, version_id, size, etag)
    return _envelope(scene, "Object Restore Expired", bucket, _by_itself(scene, bucket, told))


def storage_class_changed(
    scene: Scene,
    *,
    bucket: BucketName = BUCKET,
    key: Key = KEY,
    size: Size = 1_048_576,
    etag: Etag = None,
    version_id: VersionId = None,
    storage_class: Annotated[StorageClass, "where the object is now"] = "INTELLIGENT_TIERING",
) -> dict[str, Any]:
    """A lifecycle rule moved an object to another storage class."""
    told = _sized(scene, key, version_id, size, etag)
    detail = {**_by_itself(scene, bucket, told), "destination-storage-class": storage_class}
    return _envelope(scene, "Object Storage Class Changed", bucket, detail)


def access_tier_changed(
    scene: Scene,
    *,
    bucket: BucketName = BUCKET,
    key: Key = KEY,
    size: Size = 1_048_576,
    etag: Etag = None,
    version_id: VersionId = None,
    tier: Annotated[ArchiveTier, "where the object is now"] = "ARCHIVE_ACCESS",
) -> dict[str, Any]:
    """Intelligent-Tiering moved an object to an archive tier."""
    told = _sized(scene, key, version_id, size, etag)
    detail = {**_by_itself(scene, bucket, told), "destination-access-tier": tier}
    return _envelope(scene, "Object Access Tier Changed", bucket, detail)


def _of_metadata(
    detail_type: str,
    scene: Scene,
    *,
    bucket: BucketName = BUCKET,
    key: Key = KEY,
    etag: Etag = None,
    version_id: VersionId = None,
    requester: Requester = None,
    source_ip: SourceIp = None,
) -> dict[str, Any]:
    told = _object(key, version_id, etag=objects.content(scene, 0, None, etag).etag)
    detail = _requested(scene, bucket, told, requester, source_ip)
    return _envelope(scene, detail_type, bucket, detail)


acl_updated = variant(
    _of_metadata,
    "Object ACL Updated",
    "acl_updated",
    "An object's access control list was changed.",
)
tags_added = variant(_of_metadata, "Object Tags Added", "tags_added", "An object was given tags.")
tags_deleted = variant(
    _of_metadata, "Object Tags Deleted", "tags_deleted", "An object lost its tags."
)

EVENTS = (
    created,
    deleted,
    restore_initiated,
    restore_completed,
    restore_expired,
    storage_class_changed,
    access_tier_changed,
    acl_updated,
    tags_added,
    tags_deleted,
)


_REASONS: dict[str, Creation] = {
    "Put": "PutObject",
    "Post": "POST Object",
    "Copy": "CopyObject",
    "CompleteMultipartUpload": "CompleteMultipartUpload",
}


def changed(
    scene: Scene, bucket: str, change: ObjectChange, notified: dict[str, Any]
) -> dict[str, Any] | None:
    """What the default bus is told of a change, of which *notified* tells the same in the form of
    notifications; None for one that the bus is not told of here.
    """
    kind, _, how = change.event_name.partition(":")
    scene = replace(scene, actor=f"s3_eventbridge {bucket}")
    key, version = change.key, change.version_id
    if kind == "ObjectCreated":
        size, etag, reason = change.size, change.etag, _REASONS[how]
        event = created(
            scene, bucket=bucket, key=key, size=size, etag=etag, version_id=version, reason=reason
        )
    elif kind == "ObjectRemoved":
        event = deleted(
            scene, bucket=bucket, key=key, version_id=version, marker=how == "DeleteMarkerCreated"
        )
    else:
        return None
    record = notified["Records"][0]
    event["detail"]["object"]["sequencer"] = record["s3"]["object"]["sequencer"]
    event["detail"]["request-id"] = record["responseElements"]["x-amz-request-id"]
    event["detail"]["source-ip-address"] = record["requestParameters"]["sourceIPAddress"]
    return event


def source_arn(event: dict[str, Any], scene: Scene) -> str:
    """The ARN of a rule for the bucket, on the default bus."""
    name = f"rule/{event['detail']['bucket']['name']}"
    return arn("events", scene.region, scene.account, name)


def _envelope(
    scene: Scene, detail_type: str, bucket: str, detail: dict[str, Any]
) -> dict[str, Any]:
    place = arn("s3", scene.region, scene.account, bucket)
    return envelope(scene, "aws.s3", detail_type, detail, [place])


def _object(key: str, version: str | None, **described: Any) -> dict[str, Any]:
    return {"key": key, **described, **({} if version is None else {"version-id": version})}


def _sized(
    scene: Scene,
    key: str,
    version: str | None,
    size: int,
    etag: str | None,
    body: str | None = None,
) -> dict[str, Any]:
    """An object of which there is something."""
    content = objects.content(scene, size, body, etag)
    return _object(key, version, size=content.size, etag=content.etag)


def _requested(
    scene: Scene, bucket: str, told: dict[str, Any], requester: str | None, source_ip: str | None
) -> dict[str, Any]:
    """What somebody asked for."""
    detail = _by_itself(scene, bucket, told)
    detail["requester"] = requester or scene.account
    detail["source-ip-address"] = objects.address(scene, source_ip)
    return detail


def _by_itself(scene: Scene, bucket: str, told: dict[str, Any]) -> dict[str, Any]:
    """What S3 did by itself."""
    return {
        "version": "0",
        "bucket": {"name": bucket},
        "object": told,
        "request-id": objects.request_id(scene),
        "requester": SERVICE,
    }
