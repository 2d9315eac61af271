"""
What API Gateway asks a Lambda authorizer, and what it needs to have of a request for that.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-lambda-authorizer-input.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from eventsim.rules.http_events import (
    Matched,
    Stage,
    execute_api_arn,
    http_v1_event,
    http_v2_event,
    rest_event,
)
from eventsim.rules.http_messages import query_pairs
from eventsim.types.http import HttpRequest
from eventsim.types.pushing import Scene

_KINDS = ("$request.header", "$request.querystring", "$stageVariables", "$context")


def token_event(method_arn: str, token: str) -> dict[str, Any]:
    """A TOKEN authorizer is asked about the value of one header."""
    return {"type": "TOKEN", "methodArn": method_arn, "authorizationToken": token}


def request_event(
    request: HttpRequest, stage: Stage, matched: Matched, scene: Scene
) -> dict[str, Any]:
    """A REQUEST authorizer of a REST API is asked about the request, without its body."""
    event = rest_event(request, stage, matched, scene)
    arn = execute_api_arn(scene, stage, request.method, request.path)
    return {"type": "REQUEST", "methodArn": arn, **_bodyless(event)}


def http_v1_authorizer_event(
    request: HttpRequest, stage: Stage, matched: Matched, scene: Scene, identity: Iterable[str]
) -> dict[str, Any]:
    """An authorizer of an HTTP API in format 1.0 is asked; *identity* are the sources' values."""
    event = _bodyless(http_v1_event(request, stage, matched, scene))
    joined = ",".join(identity)
    return {
        "version": event.pop("version"),
        "type": "REQUEST",
        "methodArn": execute_api_arn(scene, stage, request.method, request.path),
        "identitySource": joined,
        "authorizationToken": joined,
        **event,
    }


def http_v2_authorizer_event(
    request: HttpRequest, stage: Stage, matched: Matched, scene: Scene, identity: Iterable[str]
) -> dict[str, Any]:
    """An authorizer of an HTTP API in format 2.0 is asked."""
    event = _bodyless(http_v2_event(request, stage, matched, scene))
    sources = list(identity)
    return {
        "version": event.pop("version"),
        "type": "REQUEST",
        "routeArn": execute_api_arn(scene, stage, request.method, request.path),
        **({"identitySource": sources} if sources else {}),
        **event,
    }


def identity_values(sources: Iterable[str], request: HttpRequest, stage: Stage) -> list[str] | None:
    """The values of identity sources, in order; None when one of them is not there."""
    values = [_value(source, request, stage) for source in sources]
    return None if not all(values) else [value for value in values if value]


def checked_source(text: str) -> str:
    """An identity source such as ``$request.header.Authorization``.

    Raises ValueError for what names nothing of a request.
    """
    kind, _, name = text.rpartition(".")
    if kind not in _KINDS or not name or (kind == "$context" and name not in _CONTEXT):
        raise ValueError(f"'{text}' is no identity source; write $request.header.Authorization")
    return text


_CONTEXT = ("httpMethod", "path", "sourceIp")


def _value(source: str, request: HttpRequest, stage: Stage) -> str | None:
    kind, _, name = source.rpartition(".")
    if kind == "$request.header":
        return request.header(name) or None
    if kind == "$request.querystring":
        return dict(query_pairs(request.query)).get(name)
    if kind == "$stageVariables":
        return stage.variables.get(name)
    context = {"httpMethod": request.method, "path": request.path, "sourceIp": request.client}
    return context.get(name)


def _bodyless(event: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name not in _OF_THE_BODY}


_OF_THE_BODY = ("body", "isBase64Encoded")
