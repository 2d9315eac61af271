"""
Requests as the events of API Gateway, load balancers and function URLs.

A REST API, a function URL and a load balancer hand the path over as it came, an HTTP API decodes
it. REST events have null for what is not there, those of payload format 2.0 have nothing.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import unquote

from eventsim.rules.arns import arn
from eventsim.rules.http_messages import (
    all_values,
    body_value,
    cookies,
    is_text,
    joined_values,
    last_values,
    lowered,
    matches_media_type,
    query_pairs,
)
from eventsim.rules.http_routes import DEFAULT, Route
from eventsim.rules.timestamps import common_log, epoch_milliseconds
from eventsim.types.http import HttpRequest
from eventsim.types.pushing import Scene

_DIGITS = "abcdefghijklmnopqrstuvwxyz0123456789"
_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_NOBODY = {
    **dict.fromkeys(("accessKey", "accountId", "caller", "cognitoAuthenticationProvider")),
    **dict.fromkeys(("cognitoAuthenticationType", "cognitoIdentityId", "cognitoIdentityPoolId")),
    **dict.fromkeys(("principalOrgId", "user", "userArn")),
}


@dataclass(frozen=True, slots=True)
class Stage:
    """The stage of an API that requests come to; ``domain`` is the name of its host."""

    api_id: str
    name: str
    domain: str
    variables: Mapping[str, str] = field(default_factory=dict)
    binary_types: tuple[str, ...] = ()

    def path(self, path: str) -> str:
        """A path of the API with the stage before it, unless that is ``$default``."""
        return path if self.name == DEFAULT else f"/{self.name}{path}"


@dataclass(frozen=True, slots=True)
class Matched:
    """The route that a request took, with the values of its variables and what let it in."""

    route: Route
    parameters: Mapping[str, str] = field(default_factory=dict)
    authorizer: Mapping[str, Any] | None = None


def short_id(scene: Scene) -> str:
    """An id in the short form: that of a request of an HTTP API, of a WebSocket connection."""
    return f"{scene.letters(15, _BASE64)}="


def rest_event(
    request: HttpRequest, stage: Stage, matched: Matched, scene: Scene
) -> dict[str, Any]:
    """The event of a REST API's proxy integration."""
    return _version_1(request, stage, matched, scene, rest=True)


def http_v1_event(
    request: HttpRequest, stage: Stage, matched: Matched, scene: Scene
) -> dict[str, Any]:
    """The event of an HTTP API in payload format 1.0."""
    event = _version_1(request, stage, matched, scene, rest=False)
    return {"version": "1.0", **event}


def _version_1(
    request: HttpRequest, stage: Stage, matched: Matched, scene: Scene, *, rest: bool
) -> dict[str, Any]:
    headers = request.headers if rest else lowered(request.headers)
    query = query_pairs(request.query)
    path = request.path if rest else stage.path(unquote(request.path))
    body, encoded = _body(request, stage, rest)
    parameters = dict(matched.parameters) if rest else _decoded(matched.parameters)
    resource = matched.route.path
    return {
        "resource": resource,
        "path": path,
        "httpMethod": request.method,
        "headers": last_values(headers),
        "multiValueHeaders": all_values(headers),
        "queryStringParameters": last_values(query) or None,
        "multiValueQueryStringParameters": all_values(query) or None,
        "pathParameters": parameters or None,
        "stageVariables": dict(stage.variables) or None,
        "requestContext": _context_1(request, stage, matched, scene, rest),
        "body": body,
        "isBase64Encoded": encoded,
    }


def _context_1(
    request: HttpRequest, stage: Stage, matched: Matched, scene: Scene, rest: bool
) -> dict[str, Any]:
    resource = matched.route.path
    extended = short_id(scene)
    path = stage.path(request.path if rest else unquote(request.path))
    return {
        "resourceId": resource_id(matched.route) if rest else matched.route.key,
        "resourcePath": resource,
        "httpMethod": request.method,
        "extendedRequestId": extended,
        "requestTime": common_log(scene.at),
        "path": path,
        "accountId": scene.account,
        "protocol": request.protocol,
        "stage": stage.name,
        "domainPrefix": stage.domain.partition(".")[0],
        "requestTimeEpoch": epoch_milliseconds(scene.at),
        "requestId": scene.uuid() if rest else extended,
        "identity": {
            **_NOBODY,
            "sourceIp": request.client,
            "userAgent": request.header("User-Agent") or None,
        },
        "domainName": stage.domain,
        "apiId": stage.api_id,
        **({} if matched.authorizer is None else {"authorizer": dict(matched.authorizer)}),
    }


def http_v2_event(
    request: HttpRequest, stage: Stage, matched: Matched, scene: Scene
) -> dict[str, Any]:
    """The event of an HTTP API in payload format 2.0."""
    path = stage.path(unquote(request.path))
    event = _version_2(request, stage, matched.route.key, path, scene, matched.authorizer)
    if matched.parameters:
        event["pathParameters"] = _decoded(matched.parameters)
    if stage.variables:
        event["stageVariables"] = dict(stage.variables)
    return event


def url_event(
    request: HttpRequest,
    url_id: str,
    domain: str,
    scene: Scene,
    authorizer: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The event of a function URL: payload format 2.0, and the path as it came.

    Whoever calls without an *authorizer* is ``anonymous``.
    """
    stage = Stage(url_id, DEFAULT, domain)
    event = _version_2(request, stage, DEFAULT, request.path, scene, authorizer, scene.uuid())
    if authorizer is None:
        event["requestContext"]["accountId"] = "anonymous"
    return event


def _version_2(
    request: HttpRequest,
    stage: Stage,
    key: str,
    path: str,
    scene: Scene,
    authorizer: Mapping[str, Any] | None,
    request_id: str | None = None,
) -> dict[str, Any]:
    given = cookies(request.headers)
    headers = [pair for pair in lowered(request.headers) if pair[0] != "cookie"]
    query = joined_values(query_pairs(request.query))
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": key,
        "rawPath": path,
        "rawQueryString": request.query,
        **({"cookies": given} if given else {}),
        "headers": joined_values(headers),
        **({"queryStringParameters": query} if query else {}),
        "requestContext": {
            "accountId": scene.account,
            "apiId": stage.api_id,
            **({} if authorizer is None else {"authorizer": dict(authorizer)}),
            "domainName": stage.domain,
            "domainPrefix": stage.domain.partition(".")[0],
            "http": {
                "method": request.method,
                "path": path,
                "protocol": request.protocol,
                "sourceIp": request.client,
                "userAgent": request.header("User-Agent"),
            },
            "requestId": request_id or short_id(scene),
            "routeKey": key,
            "stage": stage.name,
            "time": common_log(scene.at),
            "timeEpoch": epoch_milliseconds(scene.at),
        },
        "isBase64Encoded": False,
    }
    if request.body:
        event["body"], event["isBase64Encoded"] = body_value(request.body, text=_text(request))
    return event


def alb_event(request: HttpRequest, target_group: str, *, multi_value: bool) -> dict[str, Any]:
    """The event of a load balancer; with *multi_value* it has lists in place of single values.

    Parameters of the query stay percent-encoded.
    """
    headers, query = lowered(request.headers), query_pairs(request.query, decoded=False)
    body, encoded = body_value(request.body, text=_text(request)) if request.body else ("", False)
    values: dict[str, Any] = {
        "queryStringParameters": last_values(query),
        "headers": last_values(headers),
    }
    if multi_value:
        values = {
            "multiValueQueryStringParameters": all_values(query),
            "multiValueHeaders": all_values(headers),
        }
    return {
        "requestContext": {"elb": {"targetGroupArn": target_group}},
        "httpMethod": request.method,
        "path": request.path,
        **values,
        "body": body,
        "isBase64Encoded": encoded,
    }


def resource_id(route: Route) -> str:
    """The id of a REST API's resource, the same for the same path."""
    return steady_id(route.path, 6)


def steady_id(text: str, length: int) -> str:
    """An id as AWS makes them for APIs and function URLs, the same for the same text."""
    number, letters = int.from_bytes(sha256(text.encode()).digest()), ""
    while len(letters) < length:
        number, place = divmod(number, len(_DIGITS))
        letters += _DIGITS[place]
    return letters


def execute_api_arn(scene: Scene, stage: Stage, method: str, path: str) -> str:
    """What a request is called where it is asked whether it may: an ARN of execute-api."""
    resource = f"{stage.api_id}/{stage.name}/{method}{path}"
    return arn("execute-api", scene.region, scene.account, resource)


def _body(request: HttpRequest, stage: Stage, rest: bool) -> tuple[str | None, bool]:
    """A REST API hands over base64 for its binary media types alone, whatever the bytes are."""
    if not request.body:
        return None, False
    if not rest:
        return body_value(request.body, text=_text(request))
    if matches_media_type(stage.binary_types, request.header("Content-Type")):
        return body_value(request.body, text=False)
    return request.body.decode("utf-8", "replace"), False


def _text(request: HttpRequest) -> bool:
    return is_text(request.header("Content-Type"), request.header("Content-Encoding"))


def _decoded(parameters: Mapping[str, str]) -> dict[str, str]:
    return {name: unquote(value) for name, value in parameters.items()}
