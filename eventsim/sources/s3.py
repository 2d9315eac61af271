"""
S3: a bucket, for on-failure documents and the events in them.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from eventsim.backends import Backend
from eventsim.sources._refusing import RefusalCode, refuse_to_refuse
from eventsim.types import Bucket


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


async def find_bucket(arn: str, backend: Backend) -> Bucket:
    """The bucket of that ARN as it is on a back end that has an API.

    Raises ServiceError when it is not there, BackendError, Unreachable.
    """
    from eventsim.sources._s3_client import ClientBucket

    name = arn.rpartition(":")[2]
    await backend.call("s3", "head_bucket", Bucket=name)
    return ClientBucket(name, backend)
