"""One front as an ASGI application: bounded requests in, responses and WebSockets out."""

from __future__ import annotations

from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from eventsim.front.calling import PushCalling
from eventsim.front.sockets import AsgiSocket
from eventsim.rules.http_answers import fault
from eventsim.rules.http_messages import title_case
from eventsim.types import Front, HttpRequest, HttpResponse, SocketFront

BODYLESS = (204, 304)
DISCARDED_BYTES_MAX = 64 * 1_048_576  # of a body that is too large, so that its 413 is read


class FrontApp:
    """Serves a front: its requests become events, and each is told in the journal."""

    def __init__(self, front: Front, calling: PushCalling) -> None:
        self._front, self._calling = front, calling
        self.hosts = front.hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send, path: str) -> None:
        """Serve a request of which *path* is what the front sees, percent-encoded."""
        if scope["type"] == "websocket":
            await self._converse(scope, receive, send, path)
            return
        try:
            body = await read_body(Request(scope, receive), self._front.body_bytes_max)
        except ClientDisconnect:
            return  # half a request is none, and nobody waits for an answer
        request = request_of(scope, path, body or b"")
        if body is None:
            response = self._front.too_large()
        elif request.method == "CONNECT":
            response = fault(400, "Bad Request")  # it asks for a tunnel, and 200 would promise one
        else:
            response = await self._front.respond(request, self._calling)
        self._tell(request, response.status)
        await asgi_response(response)(scope, receive, send)

    async def _converse(self, scope: Scope, receive: Receive, send: Send, path: str) -> None:
        socket = AsgiSocket(scope, receive, send)
        request = request_of(scope, path, b"")
        if isinstance(self._front, SocketFront):
            await self._front.converse(request, socket, self._calling)
        else:
            await socket.refuse(HttpResponse(403))
        self._tell(request, socket.status)

    def _tell(self, request: HttpRequest, status: int) -> None:
        self._calling.journal.write(
            "request_served",
            front=self._front.name,
            method=request.method,
            url_path=request.path,
            http_status=status,
        )


def request_of(scope: Scope, path: str, body: bytes) -> HttpRequest:
    """The request of an ASGI scope. Names of headers have the case that most clients give them."""
    client = scope.get("client") or ("127.0.0.1", 0)
    headers = tuple(
        (title_case(name.decode("latin-1")), value.decode("latin-1"))
        for name, value in scope["headers"]
    )
    return HttpRequest(
        scope.get("method", "GET"),
        path,
        scope["query_string"].decode("latin-1"),
        headers,
        body,
        client[0],
        f"HTTP/{scope.get('http_version', '1.1')}",
    )


def asgi_response(response: HttpResponse) -> Response:
    """The response as Starlette sends it: header for header, without a body where HTTP has none."""
    body = b"" if response.status in BODYLESS else response.body
    made = Response(body, response.status)
    own: list[tuple[bytes, bytes]] = [
        (name.encode("latin-1"), value.encode("utf-8")) for name, value in response.headers
    ]
    if response.status not in BODYLESS:
        own.append((b"content-length", str(len(body)).encode()))
    made.raw_headers = own
    return made


async def read_body(request: Request, most: int) -> bytes | None:
    """The whole body, never more than so many bytes in memory; None for a larger one.

    A larger one is read on, and forgotten: a connection that is closed while its client still
    sends loses the response. Raises ClientDisconnect.
    """
    declared: Any = request.headers.get("content-length", "")
    read_max = max(most, DISCARDED_BYTES_MAX)
    if declared.isdecimal() and int(declared) > read_max:
        return None
    chunks, size = list[bytes](), 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > read_max:
            return None
        if size > most:
            chunks.clear()
        else:
            chunks.append(chunk)
    return None if size > most else b"".join(chunks)
