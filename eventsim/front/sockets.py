"""A WebSocket connection of ASGI, in the few words that a front has for one."""

from __future__ import annotations

from contextlib import suppress

import anyio
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from eventsim.types import HttpResponse, Pairs

NORMAL = 1000
GONE = (1006, "")  # how a connection ends that nobody closed
_HUNG_UP = (OSError, RuntimeError, WebSocketDisconnect)  # what servers raise, each in its way


class AsgiSocket:
    """A Socket on a server of ASGI."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._socket = WebSocket(scope, receive, send)
        self.status = 101
        self._closed: tuple[int, str] | None = None
        self._sending = anyio.Lock()

    async def accept(self, headers: Pairs = ()) -> None:
        given = self._socket.scope.get("subprotocols") or [None]
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        try:
            await self._socket.accept(subprotocol=given[0], headers=raw)
        except _HUNG_UP:
            self._closed = GONE

    async def refuse(self, response: HttpResponse) -> None:
        from eventsim.front.serving import asgi_response

        self.status = response.status
        await self._socket.send_denial_response(asgi_response(response))

    async def receive(self) -> str | bytes | None:
        if self._closed is not None:
            return None
        try:
            message = await self._socket.receive()
        except (RuntimeError, WebSocketDisconnect):
            message = {"type": "websocket.disconnect", "code": NORMAL}
        if message["type"] == "websocket.disconnect":
            self._closed = (message.get("code") or NORMAL, message.get("reason") or "")
            return None
        text: str | None = message.get("text")
        return text if text is not None else bytes(message["bytes"])

    async def send(self, message: str) -> bool:
        async with self._sending:
            if self._closed is not None:
                return False
            if self._socket.client_state is not WebSocketState.CONNECTED:
                return False
            try:
                await self._socket.send_text(message)
            except _HUNG_UP:
                self._closed = GONE
            return self._closed is None

    async def close(self, code: int, reason: str = "") -> None:
        async with self._sending:
            if self._closed is None:
                self._closed = (code, reason)
                with suppress(*_HUNG_UP):  # the client was faster
                    await self._socket.close(code, reason)

    @property
    def closed(self) -> tuple[int, str]:
        return self._closed or (NORMAL, "")
