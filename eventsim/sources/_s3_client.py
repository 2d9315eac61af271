"""
A bucket behind the real S3 API: moto in this process, an emulator, or AWS.

https://docs.aws.amazon.com/AmazonS3/latest/API/Welcome.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eventsim.backends import Backend
from eventsim.errors import ServiceError
from eventsim.rules.arns import arn, service_of
from eventsim.rules.notifications import Notification
from eventsim.sources._lifetimes import undo_on_close
from eventsim.types import StoredObject
from eventsim.types.buckets import CONTENT_TYPE

HOME_REGION = "us-east-1"  # the one that CreateBucket does not want to be told
_TARGETS = {
    "lambda": ("LambdaFunctionConfigurations", "LambdaFunctionArn"),
    "sqs": ("QueueConfigurations", "QueueArn"),
    "sns": ("TopicConfigurations", "TopicArn"),
}
MISSING = frozenset({"404", "NoSuchBucket", "NotFound"})


class ClientBucket:
    """A bucket that is read and written by requests, each made once."""

    def __init__(self, name: str, backend: Backend) -> None:
        self.arn = arn("s3", backend.region, "", name)
        self._name, self._backend = name, backend

    async def put_object(
        self,
        key: str,
        body: bytes,
        content_type: str = CONTENT_TYPE,
        trace_header: str | None = None,
    ) -> None:
        """Put it. Raises ServiceError when it is refused, Unreachable without an answer."""
        await self._call("put_object", Key=key, Body=body, ContentType=content_type)

    async def get_object(self, key: str) -> StoredObject:
        """Return an object. Raises ServiceError with NoSuchKey when there is none."""
        answer = await self._call("get_object", Key=key)
        return StoredObject(
            key=key,
            body=answer["Body"],
            content_type=answer["ContentType"],
            etag=answer["ETag"].strip('"'),
            last_modified=answer["LastModified"].timestamp(),
        )

    async def delete_object(self, key: str) -> None:
        """Delete it. Raises ServiceError when that is refused, Unreachable without an answer."""
        await self._call("delete_object", Key=key)

    async def list_objects(self, prefix: str = "") -> Sequence[str]:
        """The keys that begin with *prefix*, in the order of their UTF-8."""
        keys: list[str] = []
        parameters = {"Prefix": prefix}
        while True:
            answer = await self._call("list_objects_v2", **parameters)
            keys += [each["Key"] for each in answer.get("Contents", ())]
            if not answer.get("NextContinuationToken"):
                return keys
            parameters["ContinuationToken"] = answer["NextContinuationToken"]

    async def delete(self) -> None:
        """Delete the bucket and every object in it."""
        for key in await self.list_objects():
            await self.delete_object(key)
        await self._call("delete_bucket")

    async def _call(self, operation: str, **parameters: Any) -> Any:
        return await self._backend.call("s3", operation, Bucket=self._name, **parameters)


async def open_client_bucket(name: str, backend: Backend) -> ClientBucket:
    """The bucket *name*, created when it is missing, and then deleted when the back end closes."""
    try:
        await backend.call("s3", "head_bucket", Bucket=name)
    except ServiceError as error:
        if error.code not in MISSING:
            raise
        place = {"CreateBucketConfiguration": {"LocationConstraint": backend.region}}
        elsewhere = place if backend.region != HOME_REGION else {}
        await backend.call("s3", "create_bucket", Bucket=name, **elsewhere)
        bucket = ClientBucket(name, backend)
        undo_on_close(backend, bucket.delete)
        return bucket
    return ClientBucket(name, backend)


async def configure_bucket(
    name: str, notifications: Sequence[Notification], eventbridge: bool, backend: Backend
) -> None:
    """Put the bucket's configuration, in place of any other."""
    configuration: dict[str, Any] = {"EventBridgeConfiguration": {}} if eventbridge else {}
    for each in notifications:
        kind, arn_key = _TARGETS[service_of(each.target)]
        rules = {"prefix": each.prefix, "suffix": each.suffix}
        found = [{"Name": rule, "Value": value} for rule, value in rules.items() if value]
        given = {"Id": each.id, arn_key: each.target, "Events": list(each.events)}
        key = {"Filter": {"Key": {"FilterRules": found}}} if found else {}
        configuration.setdefault(kind, []).append(given | key)
    await backend.call(
        "s3",
        "put_bucket_notification_configuration",
        Bucket=name,
        NotificationConfiguration=configuration,
    )
