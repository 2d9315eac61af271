"""S3: notifications, by way of EventBridge, Batch Operations, Object Lambda."""

from __future__ import annotations

from tests.event_validators import Validator, powertools, schema, typed, whole

_STRUCTURE = (
    "https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html"
)
_CONFIGURED = (
    "https://docs.aws.amazon.com/AmazonS3/latest/userguide/"
    "notification-how-to-event-types-and-destinations.html"
)

_NOTIFICATION = powertools("S3Model")
_REPLICATION = powertools(
    "S3Model", {"Records.*.replicationEventData": f"the model lacks it: {_STRUCTURE}"}
)
_TRANSITION = powertools(
    "S3Model", {"Records.*.lifecycleEventData": f"the model lacks it: {_STRUCTURE}"}
)
_RETENTION = powertools(
    "S3Model", {"Records.*.objectRetentionEventData": f"the model lacks it: {_STRUCTURE}"}
)
# Powertools wants a size, which S3 does not tell where an object's own bytes are as they were.
_OF_METADATA = typed("S3Event")
_CONFIGURATION = schema(
    _CONFIGURED,
    whole(
        {
            "Service": {"const": "Amazon S3"},
            "Event": {"const": "s3:TestEvent"},
            "Time": {"type": "string"},
            "Bucket": {"type": "string"},
            "RequestId": {"type": "string", "pattern": "^[0-9A-Z]{16}$"},
            "HostId": {"type": "string", "pattern": "^[A-Za-z0-9+/=]{76}$"},
        }
    ),
)

_EVENTBRIDGE = powertools("S3EventNotificationEventBridgeModel")
_BATCH = powertools("S3BatchOperationModel")
_OBJECT_LAMBDA = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/olap-event-context.html"
_TEXT = {"type": "string"}
_URL = {"type": "string", "format": "uri", "pattern": "^https://"}


def _other_operation(context: str) -> Validator:
    """A request that Powertools has no model for: all but its context is that of GetObject."""
    return schema(
        _OBJECT_LAMBDA,
        whole(
            {
                "xAmzRequestId": _TEXT,
                context: whole({"inputS3Url": _URL}),
                "configuration": whole(
                    {"accessPointArn": _TEXT, "supportingAccessPointArn": _TEXT, "payload": _TEXT}
                ),
                "userRequest": whole({"url": _URL, "headers": {"type": "object"}}),
                "userIdentity": {"type": "object", "required": ["type", "arn", "accountId"]},
                "protocolVersion": {"const": "1.00"},
            }
        ),
    )


VALIDATORS: dict[tuple[str, str], Validator] = {
    **{
        ("s3", event): _NOTIFICATION
        for event in (
            "put",
            "post",
            "copy",
            "complete-multipart-upload",
            "delete",
            "delete-marker",
            "restore-post",
            "restore-completed",
            "restore-delete",
            "reduced-redundancy-lost",
            "lifecycle-delete",
            "lifecycle-delete-marker",
            "intelligent-tiering",
        )
    },
    **{
        ("s3", f"replication-{event}"): _REPLICATION
        for event in ("failed", "missed-threshold", "after-threshold", "not-tracked")
    },
    ("s3", "lifecycle-transition"): _TRANSITION,
    ("s3", "retention-put"): _RETENTION,
    ("s3", "tagging-put"): _OF_METADATA,
    ("s3", "tagging-delete"): _OF_METADATA,
    ("s3", "acl-put"): _OF_METADATA,
    ("s3", "test-event"): _CONFIGURATION,
    **{
        ("s3_eventbridge", event): _EVENTBRIDGE
        for event in (
            "created",
            "deleted",
            "restore-initiated",
            "restore-completed",
            "restore-expired",
            "storage-class-changed",
            "access-tier-changed",
            "acl-updated",
            "tags-added",
            "tags-deleted",
        )
    },
    ("s3_batch", "task"): _BATCH,
    ("s3_batch", "task-v2"): _BATCH,
    ("s3_object_lambda", "get-object"): powertools("S3ObjectLambdaEvent"),
    ("s3_object_lambda", "head-object"): _other_operation("headObjectContext"),
    ("s3_object_lambda", "list-objects"): _other_operation("listObjectsContext"),
    ("s3_object_lambda", "list-objects-v2"): _other_operation("listObjectsV2Context"),
}
TIMES = {"s3": ("iso_milliseconds",), "s3_eventbridge": ("iso_seconds",)}
