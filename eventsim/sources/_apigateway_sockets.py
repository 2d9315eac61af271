"""
WebSocket APIs: connections, the messages on them, and what functions send back.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

import orjson

from eventsim.rules.arns import arn
from eventsim.rules.http_answers import fault
from eventsim.rules.http_events import Stage, short_id, steady_id
from eventsim.rules.socket_events import (
    CONNECT,
    DISCONNECT,
    Connection,
    connect_event,
    disconnect_event,
    message_event,
    selected_route,
)
from eventsim.rules.timestamps import epoch_milliseconds, iso_milliseconds
from eventsim.sources._apigateway_authorizing import Authorizing
from eventsim.sources._apigateway_settings import TIMEOUT_SECONDS, Resource
from eventsim.sources._http_said import forwarded, reached
from eventsim.types import Answer, Calling, HttpRequest, HttpResponse, Socket

MESSAGE_BYTES_MAX = 128 * 1024
POST_BYTES_MAX = 128 * 1024
CONNECTIONS = "/@connections/"
TOO_LARGE = 1009


@dataclass(slots=True)
class _Open:
    """A connection that is open, and when it was last heard of."""

    socket: Socket
    connection: Connection
    since: str
    last_active: str


class SocketFront:
    """A WebSocket API, by its *name* in the scenario."""

    body_bytes_max = POST_BYTES_MAX

    def __init__(self, name: str, settings: Resource, domain: str) -> None:
        self.name, self._settings = name, settings
        self.api_id = steady_id(name, 10)
        self.hosts: Sequence[str] = (f"{name}.localhost".lower(), domain)
        self.root = f"/{settings.stage_name}"
        self._open: dict[str, _Open] = {}
        self._authorizers = {
            key: Authorizing(f"{name}/{key}", each, settings.protocol)
            for key, each in settings.authorizers.items()
        }

    @property
    def routes(self) -> Sequence[str]:
        return [f"{key} -> {route.function}" for key, route in self._settings.routes.items()]

    def too_large(self) -> HttpResponse:
        """The 413 of a message over 128 KB."""
        return fault(413, "Payload Too Large", "PayloadTooLargeException")

    async def respond(self, request: HttpRequest, calling: Calling) -> HttpResponse:
        """What a function asks for one connection: to send, to close, to tell of it."""
        place, _, name = request.path.partition(CONNECTIONS)
        if not name or place not in ("", self.root):
            return fault(403, "Forbidden", "ForbiddenException")
        opened = self._open.get(unquote(name))
        if opened is None:
            return fault(410, "Gone", "GoneException")
        if request.method == "POST":
            if not await opened.socket.send(request.body.decode("utf-8", "replace")):
                return fault(410, "Gone", "GoneException")
            self._touch(opened, calling)
            return HttpResponse(200)
        if request.method == "DELETE":
            await opened.socket.close(1000, "Connection Closed Normally")
            return HttpResponse(204)
        if request.method == "GET":
            return _told(opened)
        return fault(403, "Missing Authentication Token", "MissingAuthenticationTokenException")

    async def converse(self, request: HttpRequest, socket: Socket, calling: Calling) -> None:
        """Hold one connection: let it in, hand its messages over, tell of its end."""
        if request.path.rstrip("/") not in ("", self.root):
            await socket.refuse(fault(403, "Forbidden", "ForbiddenException"))
            return
        scene = calling.scene()
        request = forwarded(request, scene, *reached(request))
        agent = request.header("User-Agent")
        since = epoch_milliseconds(scene.at)
        connection = Connection(short_id(scene), since, request.client, agent)
        stage = Stage(
            self.api_id,
            self._settings.stage_name,
            request.header("Host") or self.hosts[-1],
            self._settings.stage_variables,
        )
        let_in = await self._connect(request, connection, stage, calling)
        if isinstance(let_in, HttpResponse):
            await socket.refuse(let_in)
            return
        now = iso_milliseconds(scene.at)
        opened = _Open(socket, let_in, now, now)
        self._open[let_in.id] = opened
        try:
            await socket.accept()
            await self._listen(opened, stage, calling)
        finally:
            del self._open[let_in.id]
        code, reason = socket.closed
        event = disconnect_event(code, reason, let_in, stage, calling.scene())
        await self._invoke(DISCONNECT, event, stage, calling)

    async def _connect(
        self, request: HttpRequest, connection: Connection, stage: Stage, calling: Calling
    ) -> Connection | HttpResponse:
        """The connection as functions will know it, or the response to a client who may not."""
        event = connect_event(request, connection, stage, calling.scene())
        route = self._settings.routes.get(CONNECT)
        name = (route and route.authorizer) or self._settings.authorizer
        if name is not None and name != "NONE":
            authorizer = self._authorizers[name]
            admitted = await authorizer.admit_socket(request, stage, event, calling)
            if isinstance(admitted, HttpResponse):
                return admitted
            connection = replace(connection, authorizer=admitted)
            event = connect_event(request, connection, stage, calling.scene())
        if route is None:
            return connection
        answer = await self._invoke(CONNECT, event, stage, calling)
        if answer is None:
            return fault(504, "Endpoint request timed out", "InternalServerErrorException")
        response: HttpResponse = answer.value
        return connection if 200 <= response.status < 300 else response

    async def _listen(self, opened: _Open, stage: Stage, calling: Calling) -> None:
        while (message := await opened.socket.receive()) is not None:
            self._touch(opened, calling)
            encoded = message if isinstance(message, bytes) else message.encode()
            if len(encoded) > MESSAGE_BYTES_MAX:
                await opened.socket.close(TOO_LARGE, "Message too big")
                return
            if isinstance(message, bytes):
                message = encoded.decode("utf-8", "replace")
            await self._message(message, opened, stage, calling)

    async def _message(self, message: str, opened: _Open, stage: Stage, calling: Calling) -> None:
        routes, selection = self._settings.routes, self._settings.route_selection
        key = selected_route(message, routes, selection)
        scene = calling.scene()
        if key is None:
            await opened.socket.send(_fault_frame("Forbidden", opened, short_id(scene)))
            return
        event = message_event(message, key, opened.connection, stage, scene)
        answer = await self._invoke(key, event, stage, calling)
        if answer is None or not answer.accepted:
            text = "Internal server error" if answer else "Endpoint request timed out"
            request_id = event["requestContext"]["requestId"]
            await opened.socket.send(_fault_frame(text, opened, request_id))
        elif routes[key].reply and answer.value.body:
            await opened.socket.send(answer.value.body.decode("utf-8", "replace"))

    async def _invoke(
        self, key: str, event: dict[str, Any], stage: Stage, calling: Calling
    ) -> Answer | None:
        route = self._settings.routes.get(key)
        if route is None:
            return None
        scene = calling.scene()
        resource = f"{stage.api_id}/{stage.name}/{key}"
        own = route.timeout or self._settings.timeout
        return await calling.call(
            event,
            route.function,
            source_arn=arn("execute-api", scene.region, scene.account, resource),
            within=TIMEOUT_SECONDS["WEBSOCKET"] if own is None else own,
        )

    def _touch(self, opened: _Open, calling: Calling) -> None:
        opened.last_active = iso_milliseconds(calling.scene().at)


def _fault_frame(text: str, opened: _Open, request_id: str) -> str:
    told = {"message": text, "connectionId": opened.connection.id, "requestId": request_id}
    return orjson.dumps(told).decode()


def _told(opened: _Open) -> HttpResponse:
    connection = opened.connection
    told: Mapping[str, Any] = {
        "connectedAt": opened.since,
        "identity": {"sourceIp": connection.client, "userAgent": connection.user_agent},
        "lastActiveAt": opened.last_active,
    }
    return HttpResponse(200, (("content-type", "application/json"),), orjson.dumps(told))
