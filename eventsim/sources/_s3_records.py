"""A record of S3's notifications: what all of them say."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote_plus

from eventsim.rules.arns import arn
from eventsim.rules.timestamps import iso_milliseconds
from eventsim.sources import _s3_objects as objects
from eventsim.sources._s3_objects import EMPTY_ETAG, SERVICE, Content
from eventsim.types import Scene


def described(key: str, content: Content | None, version: str | None) -> dict[str, Any]:
    """An object; what was deleted has neither size nor ETag."""
    told: dict[str, Any] = {"key": quote_plus(key, safe="/")}
    if content is not None:
        told.update(size=content.size, eTag=content.etag)
    if version is not None:
        told["versionId"] = version
    return told


def marker(scene: Scene, key: str, version: str | None) -> dict[str, Any]:
    """A delete marker: a version with nothing in it."""
    return {
        "key": quote_plus(key, safe="/"),
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
