"""
CloudFront: Lambda@Edge changes requests and responses, or answers in the origin's place.

What it makes of an answer: the request that goes on, or a response. One that it cannot take is a
502 for the viewer, a function that fails a 503. The functions are replicated to the edge, so no
policy of theirs is asked.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html
"""

from __future__ import annotations

import base64
from typing import Annotated, Any, Literal

from pydantic import Field

from eventsim.rules.arns import dns_suffix
from eventsim.sources._contract import Broken, kind_of, object_of, one_of, value_at
from eventsim.types import Answer, InvocationType, InvokeResult, Scene

INVOCATION_TYPES: tuple[InvocationType, ...] = ("RequestResponse",)
PRINCIPAL = None

Method = Annotated[
    Literal["GET", "HEAD", "POST", "PUT", "PATCH", "OPTIONS", "DELETE"], "of the request"
]
Uri = Annotated[str, "the path"]
Query = Annotated[str, "the query string, without its question mark"]
Header = Annotated[tuple[str, ...], "Name=value of a request header, besides Host and the like"]
Body = Annotated[str | None, "of the request, where the function gets it"]
Distribution = Annotated[str, "the distribution's id"]
Origin = Annotated[Literal["custom", "s3"], "the kind of origin"]
Status = Annotated[int, Field(ge=200, le=599), "of the response"]

_REASONS = {200: "OK", 301: "Moved Permanently", 302: "Found", 403: "Forbidden", 404: "Not Found"}


def viewer_request(
    scene: Scene,
    *,
    method: Method = "GET",
    uri: Uri = "/index.html",
    query: Query = "",
    header: Header = (),
    body: Body = None,
    distribution: Distribution = "E2QWRUHAPOMQZL",
) -> dict[str, Any]:
    """A viewer's request arrived, before the cache is looked into."""
    asked = _request(scene, method, uri, query, header, body, distribution, None)
    return _event(scene, "viewer-request", distribution, {"request": asked})


def origin_request(
    scene: Scene,
    *,
    method: Method = "GET",
    uri: Uri = "/index.html",
    query: Query = "",
    header: Header = (),
    body: Body = None,
    origin: Origin = "custom",
    distribution: Distribution = "E2QWRUHAPOMQZL",
) -> dict[str, Any]:
    """A request is not in the cache and goes to the origin."""
    asked = _request(scene, method, uri, query, header, body, distribution, origin)
    return _event(scene, "origin-request", distribution, {"request": asked})


def origin_response(
    scene: Scene,
    *,
    method: Method = "GET",
    uri: Uri = "/index.html",
    query: Query = "",
    header: Header = (),
    status: Status = 200,
    origin: Origin = "custom",
    distribution: Distribution = "E2QWRUHAPOMQZL",
) -> dict[str, Any]:
    """The origin answered, before the cache keeps it."""
    asked = _request(scene, method, uri, query, header, None, distribution, origin)
    told = {"request": asked, "response": _response(scene, status)}
    return _event(scene, "origin-response", distribution, told)


def viewer_response(
    scene: Scene,
    *,
    method: Method = "GET",
    uri: Uri = "/index.html",
    query: Query = "",
    header: Header = (),
    status: Status = 200,
    distribution: Distribution = "E2QWRUHAPOMQZL",
) -> dict[str, Any]:
    """A response goes to the viewer, from the cache or the origin."""
    asked = _request(scene, method, uri, query, header, None, distribution, None)
    told = {"request": asked, "response": _response(scene, status)}
    return _event(scene, "viewer-response", distribution, told)


EVENTS = (viewer_request, origin_request, origin_response, viewer_response)

_BODY_BYTES_MAX = {"viewer-request": 40 * 1024, "origin-request": 1024 * 1024}
# Headers that a function must not set, or only leave as they are.
_FORBIDDEN = {
    "connection",
    "expect",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "trailer",
    "upgrade",
    "x-accel-buffering",
    "x-accel-charset",
    "x-accel-limit-rate",
    "x-accel-redirect",
    "x-cache",
    "x-forwarded-proto",
    "x-real-ip",
}


def answer(result: InvokeResult, event: dict[str, Any]) -> Answer:
    """The request that goes on or the response, as CloudFront takes it over."""
    cf = event["Records"][0]["cf"]
    if result.function_error is not None:
        because = f"the function failed: {result.function_error}"
        return Answer(False, {"status": "503"}, because)
    try:
        told = object_of(result)
        trigger = cf["config"]["eventType"]
        if "status" in told or trigger.endswith("response"):
            _check_response(told, trigger)
        else:
            _check_request(told)
        _check_headers(told, cf)
    except Broken as broken:
        return Answer(False, {"status": "502"}, str(broken))
    return Answer(value=told)


def _check_request(told: dict[str, Any]) -> None:
    for key in ("uri", "method"):
        if not isinstance(told.get(key), str):
            raise Broken(f"{key} is {kind_of(told.get(key))}; a request has one, a response status")
    if not told["uri"].startswith("/"):
        raise Broken(f"uri is '{told['uri']}'; it has to begin with /")


def _check_response(told: dict[str, Any], trigger: str) -> None:
    status = told.get("status")
    number = int(status) if isinstance(status, str | int) and str(status).isdigit() else 0
    if not 200 <= number <= 599 or isinstance(status, bool):
        raise Broken(f'status is {status!r}; it has to be a number from 200 to 599, such as "302"')
    if told.get("body") is None:
        return
    body, encoding = value_at(told, "body", str), "text"
    if trigger == "viewer-response":
        raise Broken("body is there; a function cannot give one to a viewer's response")
    if "bodyEncoding" in told:
        encoding = one_of(told, "bodyEncoding", ("text", "base64"))
    try:
        decoded = base64.b64decode(body, validate=True) if encoding == "base64" else body.encode()
    except ValueError:
        raise Broken("body is not base64, as bodyEncoding says") from None
    limit = _BODY_BYTES_MAX.get(trigger, 1024 * 1024)
    if len(decoded) > limit:
        raise Broken(f"body has {len(decoded)} bytes; at most {limit} may be")


def _check_headers(told: dict[str, Any], cf: dict[str, Any]) -> None:
    headers = value_at(told, "headers", dict) if "headers" in told else {}
    before = cf.get("response", cf["request"])["headers"]
    for name, values in headers.items():
        if name != name.lower():
            raise Broken(f"headers.{name} has to be in lower case; the name in key may not")
        if not isinstance(values, list) or not all(
            isinstance(each, dict)
            and isinstance(each.get("value"), str)
            and isinstance(each.get("key", name), str)
            for each in values
        ):
            raise Broken(f"headers.{name} has to be an array of objects with key and value")
        barred = name in _FORBIDDEN or name.startswith(("x-amz-cf-", "x-edge-"))
        if barred and values != before.get(name):
            raise Broken(f"headers.{name} is one that a function must not set")
        if any(each.get("key", name).lower() != name for each in values):
            raise Broken(f"headers.{name} has a key of another name")


def _event(scene: Scene, trigger: str, distribution: str, told: dict[str, Any]) -> dict[str, Any]:
    config = {
        "distributionDomainName": _domain(distribution),
        "distributionId": distribution,
        "eventType": trigger,
        "requestId": scene.base64(40),
    }
    return {"Records": [{"cf": {"config": config, **told}}]}


def _domain(distribution: str) -> str:
    return f"d{distribution.lower()[:13]}.cloudfront.net"


def _request(
    scene: Scene,
    method: str,
    uri: str,
    query: str,
    said: tuple[str, ...],
    body: str | None,
    distribution: str,
    origin: str | None,
) -> dict[str, Any]:
    client = f"203.0.113.{scene.number(1, 254)}"
    host = "www.example.com" if origin else _domain(distribution)
    pairs = [
        ("Host", host),
        ("User-Agent", "curl/8.14.1" if origin is None else "Amazon CloudFront"),
    ]
    if origin is not None:
        pairs += [("X-Forwarded-For", client), ("Via", f"2.0 {_domain(distribution)} (CloudFront)")]
    pairs += [each.partition("=")[::2] for each in said]
    made: dict[str, Any] = {
        "clientIp": client,
        "headers": _headers(pairs),
        "method": method,
        "querystring": query,
        "uri": uri,
    }
    if body is not None:
        encoded = base64.b64encode(body.encode()).decode()
        made["body"] = {
            "inputTruncated": False,
            "action": "read-only",
            "encoding": "base64",
            "data": encoded,
        }
    if origin is not None:
        made["origin"] = {origin: _origin(scene, origin)}
    return made


def _origin(scene: Scene, kind: str) -> dict[str, Any]:
    if kind == "s3":
        return {
            "authMethod": "none",
            "customHeaders": {},
            "domainName": f"photos.s3.{scene.region}.{dns_suffix(scene.region)}",
            "path": "",
            "region": scene.region,
        }
    return {
        "customHeaders": {},
        "domainName": "www.example.com",
        "keepaliveTimeout": 5,
        "path": "",
        "port": 443,
        "protocol": "https",
        "readTimeout": 30,
        "sslProtocols": ["TLSv1.2"],
    }


def _response(scene: Scene, status: int) -> dict[str, Any]:
    pairs = [("Content-Type", "text/html"), ("Cache-Control", "max-age=300"), ("Server", "nginx")]
    return {
        "headers": _headers([*pairs, ("ETag", f'"{scene.hex(32)}"')]),
        "status": str(status),
        "statusDescription": _REASONS.get(status, ""),
    }


def _headers(pairs: list[Any]) -> dict[str, list[dict[str, str]]]:
    made: dict[str, list[dict[str, str]]] = {}
    for name, value in pairs:
        made.setdefault(name.lower(), []).append({"key": name, "value": value})
    return made
