"""
S3: buckets, and the events about their objects.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from eventsim.backends import Backend
from eventsim.errors import BackendError, EventsimError
from eventsim.rules.arns import arn
from eventsim.rules.notifications import Notification
from eventsim.sources._refusing import refuse_to_refuse
from eventsim.sources._s3_notifications import (
    Resource,
    S3Event,
    disagreement,
    notifications_of,
)
from eventsim.sources._s3_requests import (
    acl_put,
    complete_multipart_upload,
    configured,
    copy,
    delete,
    delete_marker,
    post,
    put,
    restore_post,
    retention_put,
    tagging_delete,
    tagging_put,
)
from eventsim.sources._s3_upkeep import (
    intelligent_tiering,
    lifecycle_delete,
    lifecycle_delete_marker,
    lifecycle_transition,
    reduced_redundancy_lost,
    replication_after_threshold,
    replication_failed,
    replication_missed_threshold,
    replication_not_tracked,
    restore_completed,
    restore_delete,
)
from eventsim.types import Bucket, InvocationType, ObjectChange, Scene

__all__ = [
    "Resource",
    "acl_put",
    "complete_multipart_upload",
    "copy",
    "delete",
    "delete_marker",
    "disagreement",
    "intelligent_tiering",
    "lifecycle_delete",
    "lifecycle_delete_marker",
    "lifecycle_transition",
    "notifications_of",
    "post",
    "put",
    "reduced_redundancy_lost",
    "replication_after_threshold",
    "replication_failed",
    "replication_missed_threshold",
    "replication_not_tracked",
    "restore_completed",
    "restore_delete",
    "restore_post",
    "retention_put",
    "tagging_delete",
    "tagging_put",
    "test_event",
]

INVOCATION_TYPES: tuple[InvocationType, ...] = ("Event",)
PRINCIPAL = "s3.amazonaws.com"
SAM_EVENTS = {"S3": S3Event}
REFERENCES = {
    ("notifications", "queue"): "open_queue",
    ("notifications", "topic"): "open_topic",
}
EVENTS = (
    put,
    post,
    copy,
    complete_multipart_upload,
    delete,
    delete_marker,
    restore_post,
    tagging_put,
    tagging_delete,
    acl_put,
    retention_put,
    configured,
    restore_completed,
    restore_delete,
    reduced_redundancy_lost,
    replication_failed,
    replication_missed_threshold,
    replication_after_threshold,
    replication_not_tracked,
    lifecycle_delete,
    lifecycle_delete_marker,
    lifecycle_transition,
    intelligent_tiering,
)


async def open_bucket(name: str, resource: Resource, backend: Backend) -> Bucket:
    """The bucket *name* on *backend*, made if it is not there.

    A bucket that is made is deleted, with all that is in it, when the back end closes. Raises
    BackendError, ServiceError or Unreachable when the back end cannot give it.
    """
    if backend.name == "simulated":
        from eventsim.services.buckets import Bucket as SimulatedBucket

        return SimulatedBucket(
            name, region=backend.region, clock=backend.clock, refuse=resource.refuse
        )
    refuse_to_refuse(f"bucket {name}", resource.refuse, backend)
    from eventsim.sources._s3_client import open_client_bucket

    return await open_client_bucket(name, backend)


def arn_of(name: str, account: str, region: str, opened: float) -> str:
    """The ARN of a bucket of that name."""
    return arn("s3", region, account, name)


async def find_bucket(arn: str, backend: Backend) -> Bucket:
    """The bucket of that ARN as it is on a back end that has an API.

    Raises ServiceError when it is not there, BackendError, Unreachable.
    """
    from eventsim.sources._s3_client import ClientBucket

    name = arn.rpartition(":")[2]
    await backend.call("s3", "head_bucket", Bucket=name)
    return ClientBucket(name, backend)


def source_arn(event: dict[str, Any], scene: Scene) -> str:
    """The bucket's ARN, which has no account in it."""
    if "Records" not in event:  # a test event
        return arn("s3", scene.region, scene.account, event["Bucket"])
    return str(event["Records"][0]["s3"]["bucket"]["arn"])


BUS_EVENTS = "s3_eventbridge"  # the source that tells the default bus of the same
_CHANGES: dict[str, Callable[..., dict[str, Any]]] = {
    "ObjectCreated:Put": put,
    "ObjectCreated:Post": post,
    "ObjectCreated:Copy": copy,
    "ObjectCreated:CompleteMultipartUpload": complete_multipart_upload,
    "ObjectRemoved:Delete": delete,
    "ObjectRemoved:DeleteMarkerCreated": delete_marker,
    "ObjectTagging:Put": tagging_put,
    "ObjectTagging:Delete": tagging_delete,
    "ObjectAcl:Put": acl_put,
    "ObjectRestore:Post": restore_post,
    "ObjectRestore:Completed": restore_completed,
}


def changed(scene: Scene, bucket: str, change: ObjectChange) -> dict[str, Any]:
    """The event about a change, for whichever notification. Raises EventsimError for one that
    S3 is not known to tell of.
    """
    build = _CHANGES.get(change.event_name)
    if build is None:
        raise EventsimError(f"no event is built for {change.event_name} of {bucket}")
    scene = replace(scene, actor=f"s3 {bucket}")
    event = build(scene, bucket=bucket, key=change.key, version_id=change.version_id)
    told = event["Records"][0]["s3"]["object"]
    if "Marker" not in change.event_name:
        known = {"size": change.size, "eTag": change.etag}
        told.update({name: value for name, value in known.items() if name in told})
    return event


def made(scene: Scene, told: Mapping[str, Any]) -> dict[str, Any] | None:
    """The event of what the S3 of a back end tells; None where no such event is known."""
    if told["event_name"] not in _CHANGES:
        return None
    names = ("event_name", "key", "size", "etag", "version_id")
    change = ObjectChange(*(told[name] for name in names))
    return addressed(changed(scene, told["bucket"], change), told["configuration_id"])


async def configure(
    name: str, settings: Resource, notifications: Sequence[Notification], backend: Backend
) -> None:
    """Have the bucket *name* on *backend* tell whom its notifications name.

    Raises BackendError, ServiceError, Unreachable.
    """
    if not notifications and not settings.eventbridge:
        return
    if backend.sends_to is None:
        text = f"bucket {name}: notifications work on the simulated back end and on moto"
        raise BackendError(f"{text}; on {backend.name} make them yourself")
    if not settings.test_event:
        raise BackendError(f"bucket {name}: {backend.name} always sends the test event")
    from eventsim.sources._s3_client import configure_bucket

    await configure_bucket(name, notifications, settings.eventbridge, backend)


def addressed(event: dict[str, Any], configuration_id: str) -> dict[str, Any]:
    """The same event as the notification of that id has it."""
    records = [
        {**record, "s3": {**record["s3"], "configurationId": configuration_id}}
        for record in event["Records"]
    ]
    return {"Records": records}


test_event = configured


def sam_permission(scene: Scene, arn: str) -> dict[str, str]:
    """Of whom SAM lets a function be invoked: of any bucket of the account."""
    return {"source_account": scene.account}
