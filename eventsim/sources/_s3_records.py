"""
A record of S3's notifications: what all of them say.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
(Each kind has its version, 2.1, 2.2 or 2.3. Newer editions of the page have one version for all
kinds, 2.4 and then 2.5, which has what the others have; ``--event-version 2.5`` gives it.)
"""

from __future__ import annotations

from typing import Annotated, Any

from eventsim.rules.arns import arn
from eventsim.rules.timestamps import iso_milliseconds
from eventsim.sources import _s3_objects as objects
from eventsim.sources._s3_objects import EMPTY_ETAG, SERVICE, Content
from eventsim.types import Scene

ConfigurationId = Annotated[str, "the id of the bucket's notification configuration"]
MarkerVersionId = Annotated[str | None, "the version of the marker; drawn unless given"]
EventVersion = Annotated[
    str | None, "eventVersion; that of the kind unless given, as 2.5 where S3 has one for all"
]


def described(key: str, content: Content | None, version: str | None) -> dict[str, Any]:
    """An object; what was deleted has neither size nor ETag."""
    told: dict[str, Any] = {"key": objects.encoded(key)}
    if content is not None:
        told.update(size=content.size, eTag=content.etag)
    if version is not None:
        told["versionId"] = version
    return told


def sequenced(
    scene: Scene, key: str, content: Content | None, version: str | None
) -> dict[str, Any]:
    """An object, and where its event stands among those of its key."""
    return {**described(key, content, version), "sequencer": objects.sequencer(scene)}


def marker(scene: Scene, key: str, version: str | None) -> dict[str, Any]:
    """A delete marker: a version with nothing in it."""
    return {
        "key": objects.encoded(key),
        "eTag": EMPTY_ETAG,
        "versionId": version or objects.version_id(scene),
        "sequencer": objects.sequencer(scene),
    }


def requested(
    scene: Scene,
    version: str,
    name: str,
    bucket: str,
    configuration: str,
    told: dict[str, Any],
    source_ip: str | None,
) -> dict[str, Any]:
    """What somebody asked for."""
    who = f"AWS:AROA{scene.letters(17)}:session"
    whence = objects.address(scene, source_ip)
    return notification(scene, version, name, bucket, configuration, told, who, whence)


def of_service(
    scene: Scene, version: str, name: str, bucket: str, configuration: str, told: dict[str, Any]
) -> dict[str, Any]:
    """What S3 did by itself."""
    return notification(scene, version, name, bucket, configuration, told, SERVICE, SERVICE)


def notification(
    scene: Scene,
    version: str,
    name: str,
    bucket: str,
    configuration: str,
    told: dict[str, Any],
    principal: str,
    source_ip: str,
) -> dict[str, Any]:
    record: dict[str, Any] = {
        "eventVersion": version,
        "eventSource": "aws:s3",
        "awsRegion": scene.region,
        "eventTime": iso_milliseconds(scene.at),
        "eventName": name,
        "userIdentity": {"principalId": principal},
        "requestParameters": {"sourceIPAddress": source_ip},
        "responseElements": {
            "x-amz-request-id": objects.request_id(scene),
            "x-amz-id-2": scene.base64(57),
        },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": configuration,
            "bucket": {
                "name": bucket,
                "ownerIdentity": {"principalId": objects.owner(scene.account)},
                "arn": arn("s3", scene.region, scene.account, bucket),
            },
            "object": told,
        },
    }
    return {"Records": [record]}
