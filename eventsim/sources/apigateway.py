"""
API Gateway: REST, HTTP and WebSocket APIs, and their Lambda authorizers.

https://docs.aws.amazon.com/apigateway/latest/developerguide/getting-started-with-lambda-integration.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eventsim.errors import EventsimError, InvokeError
from eventsim.rules.arns import arn
from eventsim.rules.authorizer_answers import (
    BrokenAuthorizer,
    NotAuthorized,
    policy_identity,
    simple_identity,
)
from eventsim.rules.http_answers import (
    fault,
    http_v1_answer,
    http_v2_answer,
    rest_answer,
    socket_answer,
)
from eventsim.rules.http_events import steady_id
from eventsim.sources._apigateway_builders import (
    API_ID,
    domain_of,
    http_v1,
    http_v2,
    request_authorizer,
    rest,
    rest_non_proxy,
    token_authorizer,
    v2_authorizer,
    websocket_connect,
    websocket_disconnect,
    websocket_message,
)
from eventsim.sources._apigateway_http import HttpFront
from eventsim.sources._apigateway_settings import SAM_EVENTS, Resource
from eventsim.sources._apigateway_sockets import SocketFront
from eventsim.types import (
    Answer,
    Front,
    HttpResponse,
    InvocationType,
    InvokeResult,
    Scene,
    Trigger,
)

__all__ = [
    "SAM_EVENTS",
    "Resource",
    "http_v1",
    "http_v2",
    "request_authorizer",
    "rest",
    "rest_non_proxy",
    "token_authorizer",
    "v2_authorizer",
    "websocket_connect",
    "websocket_disconnect",
    "websocket_message",
]
EVENTS = (
    rest,
    http_v2,
    http_v1,
    rest_non_proxy,
    websocket_connect,
    websocket_message,
    websocket_disconnect,
    token_authorizer,
    request_authorizer,
    v2_authorizer,
)
INVOCATION_TYPES: tuple[InvocationType, ...] = ("RequestResponse", "Event")
PRINCIPAL = "apigateway.amazonaws.com"


def open_fronts(
    scene: Scene, resources: Mapping[str, Resource], triggers: Sequence[Trigger]
) -> list[Front]:
    """The APIs of a scenario, with those that SAM makes of functions' events.

    Raises EventsimError where two events have one route, or an event asks for another protocol
    than its API has.
    """
    apis = dict(resources)
    for trigger in triggers:
        event = trigger.properties
        _, protocol = event.refers
        stage = "Prod" if protocol == "REST" else None
        api = apis.get(event.api, Resource(protocol=protocol, stage=stage))
        if api.protocol != protocol:
            wrong = f"is of protocol {api.protocol}, not {protocol}"
            raise EventsimError(f"{trigger.name} is an event of {event.api}, which {wrong}")
        key, block = event.route(trigger.function)
        if key in api.routes:
            raise EventsimError(f"{trigger.name} has the route {key} of {event.api} once more")
        if block.authorizer not in (None, "NONE", *api.authorizers):
            raise EventsimError(f"{trigger.name}: {event.api} has no authorizer {block.authorizer}")
        apis[event.api] = api.model_copy(update={"routes": {**api.routes, key: block}})
    return [_front(name, api, scene) for name, api in apis.items()]


def _front(name: str, api: Resource, scene: Scene) -> Front:
    domain = domain_of(steady_id(name, 10), scene.region)
    if api.protocol == "WEBSOCKET":
        return SocketFront(name, api, domain)
    return HttpFront(name, api, domain)


def source_arn(event: Any, scene: Scene) -> str:
    """The ARN of what called: the method of a resource, a route, or an authorizer."""
    context = event.get("requestContext", {}) if isinstance(event, dict) else {}
    api = context.get("apiId", API_ID)
    if _is_authorizer(event):
        return arn("execute-api", scene.region, scene.account, f"{api}/authorizers/authorizer")
    stage, key = context.get("stage", "prod"), context.get("routeKey")
    if "eventType" in context:
        part = key
    elif _version(event) == "2.0":
        method, _, path = str(key).partition(" ")
        part = f"{method}{path}" if path else "$default"
    else:
        part = f"{context.get('httpMethod', 'POST')}{context.get('resourcePath', '/')}"
    return arn("execute-api", scene.region, scene.account, f"{api}/{stage}/{part}")


def answer(result: InvokeResult, event: Any) -> Answer:
    """The response to a request, an identity from an authorizer, or what went wrong.

    What a WebSocket API makes of an answer is a response too, from which it takes what it needs.
    """
    if result.status_code == 202:
        return Answer(value=HttpResponse(200, (("content-type", "application/json"),), b""))
    if _is_authorizer(event):
        return _identity(result, event)
    if isinstance(event, dict) and "eventType" in event.get("requestContext", {}):
        return socket_answer(result)
    match _version(event):
        case "2.0":
            return http_v2_answer(result)
        case "1.0":
            return http_v1_answer(result)
        case "rest":
            return rest_answer(result)
    return Answer(value=HttpResponse(200, (("content-type", "application/json"),), result.payload))


def refusal(error: InvokeError, event: Any) -> Answer:
    """The 500 of a function that could not be invoked, whatever the reason."""
    text, kind = "Internal server error", "InternalServerErrorException"
    if _version(event) in ("1.0", "2.0"):
        text, kind = "Internal Server Error", ""
    return Answer(False, fault(500, text, kind), str(error))


def _version(event: Any) -> str:
    """The payload format of a proxy integration's event; nothing for any other event."""
    if not isinstance(event, dict) or "requestContext" not in event:
        return ""
    return str(event.get("version", "rest"))


def _is_authorizer(event: Any) -> bool:
    keys = event.keys() if isinstance(event, dict) else ()
    return "type" in keys and ("methodArn" in keys or "routeArn" in keys)


def _identity(result: InvokeResult, event: dict[str, Any]) -> Answer:
    http = "version" in event
    try:
        if event.get("version") == "2.0" and b'"isAuthorized"' in result.payload:
            return Answer(value=simple_identity(result))
        return Answer(value=policy_identity(result, flat=not http))
    except NotAuthorized as why:
        return Answer(False, fault(401, "Unauthorized", "UnauthorizedException"), str(why))
    except BrokenAuthorizer as why:
        kind = "AuthorizerConfigurationException"
        broken = fault(500, "Internal Server Error" if http else None, "" if http else kind)
        return Answer(False, broken, str(why))
