"""
S3: buckets, and the events about their objects.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from eventsim.backends import Backend
from eventsim.rules.arns import arn
from eventsim.sources import _s3_requests, _s3_upkeep
from eventsim.sources._refusing import RefusalCode, refuse_to_refuse
from eventsim.types import Bucket, InvocationType, Scene

INVOCATION_TYPES: tuple[InvocationType, ...] = ("Event",)
PRINCIPAL = "s3.amazonaws.com"
EVENTS = (*_s3_requests.EVENTS, *_s3_upkeep.EVENTS)


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


def source_arn(event: dict[str, Any], scene: Scene) -> str:
    """The bucket's ARN, which has no account in it."""
    if "Records" not in event:  # a test event
        return arn("s3", scene.region, scene.account, event["Bucket"])
    return str(event["Records"][0]["s3"]["bucket"]["arn"])
