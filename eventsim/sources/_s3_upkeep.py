"""
The notifications of S3 about what it did by itself, one builder for each.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html

Where AWS is silent: what Replication Time Control tells beside the rule (``threshold``,
``replicationTime``) is left out; ``--set`` with ``--create`` adds it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from eventsim.rules.arns import arn
from eventsim.rules.timestamps import iso_milliseconds
from eventsim.sources import _s3_objects as objects
from eventsim.sources._builders import variant
from eventsim.sources._s3_objects import (
    BUCKET,
    CONFIGURATION,
    KEY,
    SERVICE,
    ArchiveTier,
    BucketName,
    Etag,
    Key,
    Size,
    StorageClass,
    VersionId,
)
from eventsim.sources._s3_records import (
    ConfigurationId,
    EventVersion,
    MarkerVersionId,
    described,
    marker,
    notification,
    of_service,
    sequenced,
)
from eventsim.types import Scene

FailureReason = Annotated[
    str | None,
    "why it failed, if it did; AssumeRoleNotPermitted of one that is told to have failed",
]
_FAILED = "Replication:OperationFailedReplication"
Operation = Literal["OBJECT_PUT", "OBJECT_DELETE", "OBJECT_ACL", "OBJECT_TAGGING"]


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
    configuration_id: ConfigurationId = CONFIGURATION,
    event_version: EventVersion = None,
) -> dict[str, Any]:
    """The copy of an archived object is there."""
    told = sequenced(scene, key, objects.content(scene, size, None, etag), version_id)
    name, who = "ObjectRestore:Completed", f"AmazonCustomer:{objects.owner(scene.account)}"
    event = notification(
        scene, event_version or "2.1", name, bucket, configuration_id, told, who, SERVICE
    )
    event["Records"][0]["glacierEventData"] = {
        "restoreEventData": {
            "lifecycleRestorationExpiryTime": iso_milliseconds(
                expires or scene.at + timedelta(days=7)
            ),
            "lifecycleRestoreStorageClass": storage_class,
        }
    }
    return event


def _by_itself(
    kind: tuple[str, str],
    scene: Scene,
    *,
    bucket: BucketName = BUCKET,
    key: Key = KEY,
    size: Size = 1024,
    etag: Etag = None,
    version_id: VersionId = None,
    configuration_id: ConfigurationId = CONFIGURATION,
    event_version: EventVersion = None,
) -> dict[str, Any]:
    told = sequenced(scene, key, objects.content(scene, size, None, etag), version_id)
    event_name, version = kind
    return of_service(scene, event_version or version, event_name, bucket, configuration_id, told)


restore_delete = variant(
    _by_itself,
    ("ObjectRestore:Delete", "2.3"),
    "restore_delete",
    "The copy of an archived object has gone.",
)
reduced_redundancy_lost = variant(
    _by_itself,
    ("ReducedRedundancyLostObject", "2.1"),
    "reduced_redundancy_lost",
    "S3 lost an object of reduced redundancy.",
)


def _replication(
    event_name: str,
    scene: Scene,
    *,
    bucket: BucketName = BUCKET,
    key: Key = KEY,
    size: Size = 1024,
    etag: Etag = None,
    version_id: VersionId = None,
    rule_id: Annotated[str, "the id of the replication rule"] = "replicate-everything",
    destination: Annotated[str, "the bucket that gets the replicas"] = "photos-replica",
    operation: Annotated[Operation, "what is replicated"] = "OBJECT_PUT",
    began: Annotated[datetime | None, "when; 15 minutes before if not said"] = None,
    failure_reason: FailureReason = None,
    configuration_id: ConfigurationId = CONFIGURATION,
    event_version: EventVersion = None,
) -> dict[str, Any]:
    version = version_id or objects.version_id(scene)
    told = sequenced(scene, key, objects.content(scene, size, None, etag), version)
    if event_name == _FAILED:
        failure_reason = failure_reason or "AssumeRoleNotPermitted"
    event = of_service(scene, event_version or "2.2", event_name, bucket, configuration_id, told)
    event["Records"][0]["replicationEventData"] = {
        "replicationRuleId": rule_id,
        "destinationBucket": arn("s3", scene.region, scene.account, destination),
        "s3Operation": operation,
        "requestTime": iso_milliseconds(began or scene.at - timedelta(minutes=15)),
        **({} if failure_reason is None else {"failureReason": failure_reason}),
    }
    return event


replication_failed = variant(
    _replication, _FAILED, "replication_failed", "An object could not be replicated."
)
replication_missed_threshold = variant(
    _replication,
    "Replication:OperationMissedThreshold",
    "replication_missed_threshold",
    "An object was not replicated within 15 minutes.",
)
replication_after_threshold = variant(
    _replication,
    "Replication:OperationReplicatedAfterThreshold",
    "replication_after_threshold",
    "An object was replicated after more than 15 minutes.",
)
replication_not_tracked = variant(
    _replication,
    "Replication:OperationNotTracked",
    "replication_not_tracked",
    "The replication of an object is not measured any more.",
)


def lifecycle_delete(
    scene: Scene,
    *,
    bucket: BucketName = BUCKET,
    key: Key = KEY,
    version_id: VersionId = None,
    configuration_id: ConfigurationId = CONFIGURATION,
    event_version: EventVersion = None,
) -> dict[str, Any]:
    """A lifecycle rule deleted an object, or a version of it, for good."""
    told = sequenced(scene, key, None, version_id)
    name = "LifecycleExpiration:Delete"
    return of_service(scene, event_version or "2.3", name, bucket, configuration_id, told)


def lifecycle_delete_marker(
    scene: Scene,
    *,
    bucket: BucketName = BUCKET,
    key: Key = KEY,
    version_id: MarkerVersionId = None,
    configuration_id: ConfigurationId = CONFIGURATION,
    event_version: EventVersion = None,
) -> dict[str, Any]:
    """A lifecycle rule hid an object behind a delete marker."""
    told = marker(scene, key, version_id)
    name = "LifecycleExpiration:DeleteMarkerCreated"
    return of_service(scene, event_version or "2.3", name, bucket, configuration_id, told)


def lifecycle_transition(
    scene: Scene,
    *,
    bucket: BucketName = BUCKET,
    key: Key = KEY,
    size: Size = 1_048_576,
    etag: Etag = None,
    version_id: VersionId = None,
    storage_class: Annotated[StorageClass, "where the object is now"] = "GLACIER",
    configuration_id: ConfigurationId = CONFIGURATION,
    event_version: EventVersion = None,
) -> dict[str, Any]:
    """A lifecycle rule moved an object to another storage class."""
    told = described(key, objects.content(scene, size, None, etag), version_id)
    event = of_service(
        scene, event_version or "2.3", "LifecycleTransition", bucket, configuration_id, told
    )
    event["Records"][0]["lifecycleEventData"] = {
        "transitionEventData": {"destinationStorageClass": storage_class}
    }
    return event


def intelligent_tiering(
    scene: Scene,
    *,
    bucket: BucketName = BUCKET,
    key: Key = KEY,
    size: Size = 1_048_576,
    etag: Etag = None,
    version_id: VersionId = None,
    tier: Annotated[ArchiveTier, "where the object is now"] = "ARCHIVE_ACCESS",
    configuration_id: ConfigurationId = CONFIGURATION,
    event_version: EventVersion = None,
) -> dict[str, Any]:
    """Intelligent-Tiering moved an object to an archive tier."""
    told = described(key, objects.content(scene, size, None, etag), version_id)
    event = of_service(
        scene, event_version or "2.3", "IntelligentTiering", bucket, configuration_id, told
    )
    event["Records"][0]["intelligentTieringEventData"] = {"destinationAccessTier": tier}
    return event
