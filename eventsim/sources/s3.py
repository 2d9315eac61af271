"""
S3: buckets, and the events about their objects.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import quote_plus

from pydantic import BaseModel, ConfigDict

from eventsim.backends import Backend
from eventsim.rules.arns import arn
from eventsim.rules.timestamps import iso_milliseconds
from eventsim.sources._refusing import RefusalCode, refuse_to_refuse
from eventsim.types import Bucket, InvocationType, Scene

INVOCATION_TYPES: tuple[InvocationType, ...] = ("Event",)
PRINCIPAL = "s3.amazonaws.com"


class Resource(BaseModel):
    """A bucket in a scenario: ``discarded: {type: s3}``.

    ``refuse: AccessDenied`` lets a simulated bucket refuse every object with that code.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["s3"] = "s3"
    refuse: RefusalCode | None = None


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


def put(
    scene: Scene,
    *,
    bucket: Annotated[str, "the bucket's name"] = "photos",
    key: Annotated[str, "the object's key, as it is, not encoded"] = "red flower.jpg",
    size: Annotated[int, "bytes"] = 1024,
    version_id: Annotated[str | None, "of a bucket with versions"] = None,
) -> dict[str, Any]:
    """An object was created by PutObject."""
    described = {"size": size, "eTag": scene.hex(32)}
    return _notification(scene, "ObjectCreated:Put", bucket, key, described, version_id)


def delete(
    scene: Scene,
    *,
    bucket: Annotated[str, "the bucket's name"] = "photos",
    key: Annotated[str, "the object's key, as it is, not encoded"] = "red flower.jpg",
    version_id: Annotated[str | None, "of a bucket with versions"] = None,
) -> dict[str, Any]:
    """An object was deleted for good."""
    return _notification(scene, "ObjectRemoved:Delete", bucket, key, {}, version_id)


EVENTS = (put, delete)


def source_arn(event: dict[str, Any], scene: Scene) -> str:
    """The bucket's ARN, which has no account in it."""
    return str(event["Records"][0]["s3"]["bucket"]["arn"])


def _notification(
    scene: Scene, name: str, bucket: str, key: str, described: dict[str, Any], version: str | None
) -> dict[str, Any]:
    principal = f"AWS:{scene.letters(21)}"
    record: dict[str, Any] = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": scene.region,
        "eventTime": iso_milliseconds(scene.at),
        "eventName": name,
        "userIdentity": {"principalId": principal},
        "requestParameters": {"sourceIPAddress": f"203.0.113.{scene.number(1, 254)}"},
        "responseElements": {
            "x-amz-request-id": scene.hex(16).upper(),
            "x-amz-id-2": scene.letters(76),
        },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": scene.uuid(),
            "bucket": {
                "name": bucket,
                "ownerIdentity": {"principalId": scene.letters(14)},
                "arn": arn("s3", scene.region, scene.account, bucket),
            },
            "object": {
                "key": quote_plus(key, safe="/"),
                **described,
                **({} if version is None else {"versionId": version}),
                "sequencer": _sequencer(scene),
            },
        },
    }
    return {"Records": [record]}


def _sequencer(scene: Scene) -> str:
    """Hexadecimal digits, always as many, that grow with time."""
    return f"{round(scene.at.timestamp() * 1_000_000):014X}{scene.hex(4).upper()}"
