"""The events of API Gateway, as they can be asked for by name."""

from __future__ import annotations

from typing import Annotated, Any

import orjson

from eventsim.errors import EventsimError
from eventsim.rules.arns import dns_suffix
from eventsim.rules.authorizer_events import (
    http_v2_authorizer_event,
    request_event,
    token_event,
)
from eventsim.rules.http_events import (
    Matched,
    Stage,
    execute_api_arn,
    http_v1_event,
    http_v2_event,
    rest_event,
    short_id,
)
from eventsim.rules.http_routes import DEFAULT, Route, checked_path, take_http, take_rest
from eventsim.rules.socket_events import (
    Connection,
    connect_event,
    disconnect_event,
    message_event,
)
from eventsim.rules.timestamps import epoch_milliseconds
from eventsim.sources._http_said import (
    CLIENT,
    USER_AGENT,
    Binary,
    Body,
    Cookies,
    Headers,
    Method,
    Path,
    Query,
    Said,
    SourceIp,
    StageVariables,
)
from eventsim.types import Scene

API_ID = "a1b2c3d4e5"

Resource = Annotated[str, "the resource's path, such as /pets/{id}"]
StageName = Annotated[str, "the stage's name"]
RouteKey = Annotated[str, "the route's path, such as /pets/{id}, or $default"]
ConnectionId = Annotated[str | None, "the connection's id"]
Token = Annotated[str, "what the client sent to be let in"]


def rest(
    scene: Scene,
    *,
    method: Method = "GET",
    path: Path = "/pets/1",
    resource: Resource = "/{proxy+}",
    query: Query = "",
    header: Headers = (),
    cookie: Cookies = (),
    body: Body = None,
    binary: Binary = False,
    stage: StageName = "prod",
    stage_variables: StageVariables = None,
    source_ip: SourceIp = CLIENT,
) -> dict[str, Any]:
    """A request to a REST API with proxy integration."""
    where = _stage(scene, stage, stage_variables, ("*/*",) if binary else ())
    said = Said(method, path, query, header, cookie, body, binary, source_ip, where.domain)
    matched = _matched(Route(method, _path(resource)), path)
    return rest_event(said.request(scene), where, matched, scene)


def http_v2(
    scene: Scene,
    *,
    method: Method = "GET",
    path: Path = "/pets/1",
    route: RouteKey = DEFAULT,
    query: Query = "",
    header: Headers = (),
    cookie: Cookies = (),
    body: Body = None,
    binary: Binary = False,
    stage: StageName = DEFAULT,
    stage_variables: StageVariables = None,
    source_ip: SourceIp = CLIENT,
) -> dict[str, Any]:
    """A request to an HTTP API, in payload format 2.0."""
    where = _stage(scene, stage, stage_variables)
    said = Said(method, path, query, header, cookie, body, binary, source_ip, where.domain)
    matched = _matched(Route(method, _path(route)), path)
    return http_v2_event(said.request(scene), where, matched, scene)


def http_v1(
    scene: Scene,
    *,
    method: Method = "GET",
    path: Path = "/pets/1",
    route: RouteKey = DEFAULT,
    query: Query = "",
    header: Headers = (),
    cookie: Cookies = (),
    body: Body = None,
    binary: Binary = False,
    stage: StageName = DEFAULT,
    stage_variables: StageVariables = None,
    source_ip: SourceIp = CLIENT,
) -> dict[str, Any]:
    """A request to an HTTP API, in payload format 1.0."""
    where = _stage(scene, stage, stage_variables)
    said = Said(method, path, query, header, cookie, body, binary, source_ip, where.domain)
    matched = _matched(Route(method, _path(route)), path)
    return http_v1_event(said.request(scene), where, matched, scene)


def rest_non_proxy(
    scene: Scene,
    *,
    body: Annotated[str, "the body, in JSON"] = '{"name": "rex"}',
) -> Any:
    """A request to a REST API without proxy integration: its body, as the event.

    The invocation type is Event where the integration sets X-Amz-Invocation-Type.
    """
    try:
        return orjson.loads(body)
    except ValueError:
        raise EventsimError("body is not JSON, which it must be without a template") from None


def websocket_connect(
    scene: Scene,
    *,
    query: Query = "",
    header: Headers = (),
    stage: StageName = "prod",
    connection_id: ConnectionId = None,
    source_ip: SourceIp = CLIENT,
) -> dict[str, Any]:
    """A client asks a WebSocket API for a connection."""
    where = _stage(scene, stage)
    said = Said("GET", "/", query, header, source_ip=source_ip, host=where.domain)
    request = said.request(scene)
    return connect_event(request, _connection(scene, connection_id, source_ip), where, scene)


def websocket_message(
    scene: Scene,
    *,
    body: Annotated[str, "the message"] = '{"action": "hello"}',
    route: Annotated[str, "the key of the route that it takes"] = DEFAULT,
    stage: StageName = "prod",
    connection_id: ConnectionId = None,
    source_ip: SourceIp = CLIENT,
) -> dict[str, Any]:
    """A client sends a message to a WebSocket API."""
    connection = _connection(scene, connection_id, source_ip)
    return message_event(body, route, connection, _stage(scene, stage), scene)


def websocket_disconnect(
    scene: Scene,
    *,
    code: Annotated[int, "the code that the connection is closed with"] = 1000,
    reason: Annotated[str, "the reason for it"] = "",
    stage: StageName = "prod",
    connection_id: ConnectionId = None,
    source_ip: SourceIp = CLIENT,
) -> dict[str, Any]:
    """A connection to a WebSocket API is closed."""
    connection = _connection(scene, connection_id, source_ip)
    return disconnect_event(code, reason, connection, _stage(scene, stage), scene)


def token_authorizer(
    scene: Scene,
    *,
    token: Token = "Bearer let-me-in",
    method: Method = "GET",
    path: Path = "/pets/1",
    stage: StageName = "prod",
) -> dict[str, Any]:
    """A REST API asks a TOKEN authorizer."""
    return token_event(execute_api_arn(scene, _stage(scene, stage), method, path), token)


def request_authorizer(
    scene: Scene,
    *,
    method: Method = "GET",
    path: Path = "/pets/1",
    resource: Resource = "/{proxy+}",
    query: Query = "",
    header: Headers = ("Authorization: Bearer let-me-in",),
    stage: StageName = "prod",
    stage_variables: StageVariables = None,
    source_ip: SourceIp = CLIENT,
) -> dict[str, Any]:
    """A REST API asks a REQUEST authorizer."""
    where = _stage(scene, stage, stage_variables)
    said = Said(method, path, query, header, source_ip=source_ip, host=where.domain)
    matched = _matched(Route(method, _path(resource)), path)
    return request_event(said.request(scene), where, matched, scene)


def v2_authorizer(
    scene: Scene,
    *,
    method: Method = "GET",
    path: Path = "/pets/1",
    route: RouteKey = DEFAULT,
    query: Query = "",
    header: Headers = ("Authorization: Bearer let-me-in",),
    cookie: Cookies = (),
    stage: StageName = DEFAULT,
    stage_variables: StageVariables = None,
    source_ip: SourceIp = CLIENT,
) -> dict[str, Any]:
    """An HTTP API asks an authorizer, in payload format 2.0."""
    where = _stage(scene, stage, stage_variables)
    said = Said(method, path, query, header, cookie, source_ip=source_ip, host=where.domain)
    matched = _matched(Route(method, _path(route)), path)
    request = said.request(scene)
    identity = [request.header("Authorization")] if request.header("Authorization") else []
    return http_v2_authorizer_event(request, where, matched, scene, identity)


def domain_of(api_id: str, region: str) -> str:
    """The host of an API."""
    return f"{api_id}.execute-api.{region}.{dns_suffix(region)}"


def _stage(
    scene: Scene,
    name: str,
    variables: dict[str, str] | None = None,
    binary_types: tuple[str, ...] = (),
) -> Stage:
    domain = domain_of(API_ID, scene.region)
    return Stage(API_ID, name, domain, variables or {}, binary_types)


def _connection(scene: Scene, given: str | None, source_ip: str) -> Connection:
    connected_at = epoch_milliseconds(scene.at)
    return Connection(given or short_id(scene), connected_at, source_ip, USER_AGENT)


def _path(text: str) -> str:
    try:
        return text if text == DEFAULT else checked_path(text)
    except ValueError as error:
        raise EventsimError(str(error)) from None


def _matched(route: Route, path: str) -> Matched:
    take = take_http if route.path == DEFAULT else take_rest
    taken = take([route], route.method, path)
    if taken is None:
        raise EventsimError(f"path is '{path}', which {route.path} does not match")
    return Matched(route, taken.parameters)
