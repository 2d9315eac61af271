"""
What a WebSocket API tells functions of a connection: its beginning, its messages, its end.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-keys-connect-disconnect.html
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from eventsim.rules.http_events import Stage, short_id
from eventsim.rules.http_messages import all_values, last_values, query_pairs
from eventsim.rules.timestamps import common_log, epoch_milliseconds
from eventsim.types.http import HttpRequest
from eventsim.types.pushing import Scene

CONNECT, DISCONNECT, DEFAULT = "$connect", "$disconnect", "$default"
SELECTION = "$request.body.action"
_PREFIX = "$request.body."


@dataclass(frozen=True, slots=True)
class Connection:
    """One connection: ``connected_at`` is in milliseconds since 1970."""

    id: str
    connected_at: int
    client: str
    user_agent: str = ""
    authorizer: Mapping[str, Any] | None = None


def connect_event(
    request: HttpRequest, connection: Connection, stage: Stage, scene: Scene
) -> dict[str, Any]:
    """A client asks for a connection."""
    query = query_pairs(request.query)
    parameters = {
        "queryStringParameters": last_values(query),
        "multiValueQueryStringParameters": all_values(query),
    }
    return {
        "headers": last_values(request.headers),
        "multiValueHeaders": all_values(request.headers),
        **(parameters if query else {}),
        "requestContext": _context(CONNECT, "CONNECT", connection, stage, scene),
        **_variables(stage),
        "isBase64Encoded": False,
    }


def message_event(
    message: str | bytes, route: str, connection: Connection, stage: Stage, scene: Scene
) -> dict[str, Any]:
    """A client sent a message."""
    text = message if isinstance(message, str) else b64encode(message).decode("ascii")
    context = _context(route, "MESSAGE", connection, stage, scene)
    return {
        "requestContext": {**context, "messageId": short_id(scene)},
        **_variables(stage),
        "body": text,
        "isBase64Encoded": isinstance(message, bytes),
    }


def disconnect_event(
    code: int, reason: str, connection: Connection, stage: Stage, scene: Scene
) -> dict[str, Any]:
    """The connection is closed, with a code and a reason as WebSocket has them."""
    headers = {"Host": stage.domain, "x-api-key": "", "X-Forwarded-For": "", "x-restapi": ""}
    context = _context(DISCONNECT, "DISCONNECT", connection, stage, scene)
    return {
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "requestContext": {
            **context,
            "disconnectStatusCode": code,
            "disconnectReason": reason,
        },
        **_variables(stage),
        "isBase64Encoded": False,
    }


def selected_route(message: str | bytes, routes: Mapping[str, Any], selection: str) -> str | None:
    """The route that a message takes, ``$default`` for what has none of its own; None for none.

    *selection* names a value of the message's JSON: ``$request.body.action``.
    """
    key: Any = None
    if isinstance(message, str) and selection.startswith(_PREFIX):
        try:
            key = orjson.loads(message)
        except ValueError:
            key = None
        for part in selection.removeprefix(_PREFIX).split("."):
            key = key.get(part) if isinstance(key, dict) else None
    if isinstance(key, str) and key in routes and key not in (CONNECT, DISCONNECT):
        return key
    return DEFAULT if DEFAULT in routes else None


def checked_selection(text: str) -> str:
    """A route selection expression. Raises ValueError for one that is none of a message's JSON."""
    if not text.startswith(_PREFIX) or not all(text.removeprefix(_PREFIX).split(".")):
        raise ValueError(f"'{text}' selects no route; write {SELECTION}")
    return text


def _context(
    key: str,
    kind: Literal["CONNECT", "MESSAGE", "DISCONNECT"],
    connection: Connection,
    stage: Stage,
    scene: Scene,
) -> dict[str, Any]:
    extended = short_id(scene)
    identity: dict[str, Any] = {"sourceIp": connection.client}
    if connection.user_agent:
        identity = {"userAgent": connection.user_agent, **identity}
    authorizer = connection.authorizer
    return {
        "routeKey": key,
        "eventType": kind,
        **({} if authorizer is None else {"authorizer": dict(authorizer)}),
        "extendedRequestId": extended,
        "requestTime": common_log(scene.at),
        "messageDirection": "IN",
        "stage": stage.name,
        "connectedAt": connection.connected_at,
        "requestTimeEpoch": epoch_milliseconds(scene.at),
        "identity": identity,
        "requestId": extended,
        "domainName": stage.domain,
        "connectionId": connection.id,
        "apiId": stage.api_id,
    }


def _variables(stage: Stage) -> dict[str, Any]:
    return {"stageVariables": dict(stage.variables)} if stage.variables else {}
