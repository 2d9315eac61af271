"""
S3 Object Lambda: a request to an access point that a function answers in the place of S3.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/olap-writing-lambda.html
(GetObject is answered by WriteGetObjectResponse, with the route and the token of the event, so
that what the function returns is not looked at; the others are answered by what it returns. On AWS
it is whoever asks that has to be allowed to invoke the function, which here S3 itself has to be.)
"""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote, urlencode

from eventsim.rules.arns import arn, dns_suffix
from eventsim.rules.timestamps import java_date
from eventsim.sources._contract import Broken, object_of, status_of, value_of
from eventsim.sources._s3_objects import KEY, Key, request_id
from eventsim.types import Answer, InvocationType, InvokeResult, Scene

INVOCATION_TYPES: tuple[InvocationType, ...] = ("RequestResponse",)
PRINCIPAL = "s3-object-lambda.amazonaws.com"

AccessPoint = Annotated[str, "the Object Lambda access point's name"]
Supporting = Annotated[str, "the name of the access point behind it"]
Arguments = Annotated[str, "the payload of the access point's configuration"]
Prefix = Annotated[str, "what the listed keys begin with"]

_POINT, _SUPPORTING = "photos-resized", "photos-plain"
_URL_SECONDS = 61


def get_object(
    scene: Scene,
    *,
    access_point: AccessPoint = _POINT,
    supporting_access_point: Supporting = _SUPPORTING,
    key: Key = KEY,
    payload: Arguments = "",
) -> dict[str, Any]:
    """Somebody asks for an object."""
    path = f"/{quote(key)}"
    context = {
        "inputS3Url": _presigned(scene, supporting_access_point, path),
        "outputRoute": f"io-{scene.letters(4).lower()}-001",
        "outputToken": scene.base64(300),
    }
    asked = _request(scene, access_point, supporting_access_point, path, payload)
    return {**asked[0], "getObjectContext": context, **asked[1]}


def head_object(
    scene: Scene,
    *,
    access_point: AccessPoint = _POINT,
    supporting_access_point: Supporting = _SUPPORTING,
    key: Key = KEY,
    payload: Arguments = "",
) -> dict[str, Any]:
    """Somebody asks what there is to say of an object."""
    path = f"/{quote(key)}"
    context = {"inputS3Url": _presigned(scene, supporting_access_point, path)}
    asked = _request(scene, access_point, supporting_access_point, path, payload)
    return {**asked[0], "headObjectContext": context, **asked[1]}


def list_objects(
    scene: Scene,
    *,
    access_point: AccessPoint = _POINT,
    supporting_access_point: Supporting = _SUPPORTING,
    prefix: Prefix = "",
    payload: Arguments = "",
) -> dict[str, Any]:
    """Somebody lists objects, by ListObjects."""
    path = f"/?{urlencode({'prefix': prefix})}"
    context = {"inputS3Url": _presigned(scene, supporting_access_point, path)}
    asked = _request(scene, access_point, supporting_access_point, path, payload)
    return {**asked[0], "listObjectsContext": context, **asked[1]}


def list_objects_v2(
    scene: Scene,
    *,
    access_point: AccessPoint = _POINT,
    supporting_access_point: Supporting = _SUPPORTING,
    prefix: Prefix = "",
    payload: Arguments = "",
) -> dict[str, Any]:
    """Somebody lists objects, by ListObjectsV2."""
    path = f"/?{urlencode({'list-type': 2, 'prefix': prefix})}"
    context = {"inputS3Url": _presigned(scene, supporting_access_point, path)}
    asked = _request(scene, access_point, supporting_access_point, path, payload)
    return {**asked[0], "listObjectsV2Context": context, **asked[1]}


EVENTS = (get_object, head_object, list_objects, list_objects_v2)


def source_arn(event: dict[str, Any], scene: Scene) -> str:
    """The access point's ARN."""
    return str(event["configuration"]["accessPointArn"])


def answer(result: InvokeResult, event: dict[str, Any]) -> Answer:
    """What S3 gives back to who asked, where the function's answer says it."""
    try:
        if "getObjectContext" in event:
            value_of(result)
            return Answer()
        told = object_of(result)
        if status_of(told) < 300 and "headObjectContext" not in event:
            _check_listing(told)
    except Broken as broken:
        return broken.answer()
    return Answer(True, told)


def _check_listing(told: dict[str, Any]) -> None:
    as_xml, as_object = told.get("listResultXml"), told.get("listBucketResult")
    if not isinstance(as_xml, str) and not isinstance(as_object, dict):
        raise Broken("a listing has listResultXml, a string, or listBucketResult, an object")


def _request(
    scene: Scene, point: str, supporting: str, path: str, payload: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What stands before and after the context of the operation."""
    host = f"{point}-{scene.account}.s3-object-lambda.{scene.region}.{dns_suffix(scene.region)}"
    lambda_point = arn("s3-object-lambda", scene.region, scene.account, f"accesspoint/{point}")
    # An access point has an account and a region, which a bucket has not.
    behind = lambda_point.replace(":s3-object-lambda:", ":s3:").replace(point, supporting)
    after = {
        "configuration": {
            "accessPointArn": lambda_point,
            "supportingAccessPointArn": behind,
            "payload": payload,
        },
        "userRequest": {
            "url": f"https://{host}{path}",
            "headers": {
                "Host": host,
                "Accept-Encoding": "identity",
                "X-Amz-Content-SHA256": scene.hex(64),
            },
        },
        "userIdentity": _identity(scene),
        "protocolVersion": "1.00",
    }
    return {"xAmzRequestId": _dashed(scene)}, after


def _dashed(scene: Scene) -> str:
    return f"{request_id(scene)}-{scene.hex(12)}"


def _identity(scene: Scene) -> dict[str, Any]:
    role, session = f"AROA{scene.letters(17)}", "reader"
    issuer = arn("iam", scene.region, scene.account, "role/photo-readers")
    assumed = arn("sts", scene.region, scene.account, f"assumed-role/photo-readers/{session}")
    return {
        "type": "AssumedRole",
        "principalId": f"{role}:{session}",
        "arn": assumed,
        "accountId": scene.account,
        "accessKeyId": f"ASIA{scene.letters(16)}",
        "sessionContext": {
            "attributes": {
                "mfaAuthenticated": "false",
                "creationDate": java_date(scene.at),
            },
            "sessionIssuer": {
                "type": "Role",
                "principalId": role,
                "arn": issuer,
                "accountId": scene.account,
                "userName": "photo-readers",
            },
        },
    }


def _presigned(scene: Scene, supporting: str, path: str) -> str:
    host = f"{supporting}-{scene.account}.s3-accesspoint.{scene.region}.{dns_suffix(scene.region)}"
    day, moment = f"{scene.at:%Y%m%d}", f"{scene.at:%Y%m%dT%H%M%SZ}"
    signed = urlencode(
        {
            "X-Amz-Security-Token": scene.base64(120),
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Date": moment,
            "X-Amz-SignedHeaders": "host",
            "X-Amz-Expires": _URL_SECONDS,
            "X-Amz-Credential": f"ASIA{scene.letters(16)}/{day}/{scene.region}/s3/aws4_request",
            "X-Amz-Signature": scene.hex(64),
        }
    )
    return f"https://{host}{path}{'&' if '?' in path else '?'}{signed}"
