"""
The Runtime API of one execution environment: what its runtime may ask and say, and when.

An invocation is over when its answer has come and the runtime has asked for the next one. The
first answer counts: a second is refused with 403, one under another request id with 400, and
neither ends anything. A streamed answer is read to its end, like any other.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import asyncio
from base64 import b64decode
from typing import Literal, NamedTuple

import orjson

from eventsim.rules.limits import RESPONSE_BYTES_MAX
from eventsim.runtimes._http import Connection, Request

HOST = "127.0.0.1"
CONNECTIONS_MAX = 128
_ROOT = "/2018-06-01"
_INVOCATION = f"{_ROOT}/runtime/invocation/"
_ERROR_TYPE = "Lambda-Runtime-Function-Error-Type"
_ERROR_BODY = "Lambda-Runtime-Function-Error-Body"
_ACCEPTED = b'{"status":"OK"}\n'

State = Literal["Init", "InitError", "Ready", "Running", "Answered"]


class Answer(NamedTuple):
    """What the runtime answered; ``size`` is over the limit when ``body`` was not kept."""

    kind: Literal["response", "error", "init_error"]
    body: bytes
    size: int
    error_type: str | None = None


class Event(NamedTuple):
    """An invocation as the runtime gets it: the event, and the lines of headers about it."""

    request_id: str
    payload: bytes
    headers: str


class Exchange:
    """Listens on a port of its own from ``open`` to ``close``, on this machine only."""

    def __init__(self) -> None:
        self.address = ""
        self.answer: Answer | None = None
        self.bytes_received = 0
        self._state: State = "Init"
        self._server: asyncio.Server | None = None
        self._connections: set[Connection] = set()
        self._asking: Connection | None = None  # who waits for the next event
        self._event: Event | None = None
        self._fetched = False
        self._over = False
        self._waiting: asyncio.Future[None] | None = None

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connection, HOST, 0)
        self.address = f"{HOST}:{self._server.sockets[0].getsockname()[1]}"

    def close(self) -> None:
        """Stop listening and end every connection. May be called again."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in list(self._connections):
            connection.abort()

    def give(self, event: Event) -> None:
        """Hand the event to the runtime, now or as soon as it asks."""
        self._event, self.answer, self._fetched = event, None, False
        self._state = "Running"
        if self._asking is not None:
            connection, self._asking = self._asking, None
            self._send(connection, event)

    def end(self) -> None:
        """The process has ended: nobody will say anything more."""
        self._over = True
        self._wake()

    async def settled(self, until: float | None) -> bool:
        """Wait until the runtime asks for an event, has reported a failed init, or has ended.

        False when the loop's time reaches *until* before that.
        """
        loop = asyncio.get_running_loop()
        timer = None if until is None else loop.call_at(until, self._wake)
        try:
            while not (self._over or self._state == "InitError" or self.is_ready()):
                if until is not None and loop.time() >= until:
                    return False
                self._waiting = loop.create_future()
                await self._waiting
        finally:
            if timer is not None:
                timer.cancel()
        return True

    def is_ready(self) -> bool:
        return self._asking is not None and self._state == "Ready"

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def _connection(self) -> Connection:
        connection = _Connection(self)
        self._connections.add(connection)
        return connection

    def gone(self, connection: Connection) -> None:
        self._connections.discard(connection)
        if self._asking is connection:
            self._asking = None

    def full(self) -> bool:
        return len(self._connections) > CONNECTIONS_MAX

    def serve(self, connection: Connection, request: Request) -> None:
        """Answer a request of the runtime, or keep it waiting."""
        path = request.path
        if request.method == "POST" and path.startswith(_INVOCATION):
            request_id, _, kind = path[len(_INVOCATION) :].rpartition("/")
            if kind == "response":
                return self._on_answer(connection, request_id, _response(request))
            if kind == "error":
                return self._on_answer(connection, request_id, _error(request))
        if request.method == "GET" and path == f"{_INVOCATION}next":
            return self._on_next(connection)
        if request.method == "POST" and path == f"{_ROOT}/runtime/init/error":
            return self._on_init_error(connection, request)
        if request.method == "GET" and path in {f"{_ROOT}/ping", "/ping"}:
            return connection.answer("200 OK", b"pong", content_type="text/plain")
        message = f"there is no {request.method} {path[:200]} here"
        return _refuse(connection, "404 Not Found", "NotFound", message)

    def _on_next(self, connection: Connection) -> None:
        if self._event is not None and not self._fetched:
            return self._send(connection, self._event)
        if self._asking is not None or self._state in {"Running", "InitError"}:
            return self._forbid(connection, "Ready")
        self._state, self._asking = "Ready", connection
        return self._wake()

    def _send(self, connection: Connection, event: Event) -> None:
        self._fetched = True
        connection.answer("200 OK", event.payload, event.headers)

    def _on_answer(self, connection: Connection, request_id: str, answer: Answer) -> None:
        event = self._event
        if event is None or not self._fetched or request_id != event.request_id:
            return _refuse(connection, "400 Bad Request", "InvalidRequestID", "Invalid request ID")
        if self._state != "Running":
            return self._forbid(connection, "Answered")
        self._state, self.answer = "Answered", answer
        if answer.size > RESPONSE_BYTES_MAX:
            message = f"Exceeded maximum allowed payload size ({RESPONSE_BYTES_MAX} bytes)."
            status = "413 Request Entity Too Large"
            return _refuse(connection, status, "RequestEntityTooLarge", message)
        return connection.answer("202 Accepted", _ACCEPTED)

    def _on_init_error(self, connection: Connection, request: Request) -> None:
        if self._state != "Init":
            return self._forbid(connection, "InitError")
        self._state, self.answer = "InitError", _error(request, "init_error")
        connection.answer("202 Accepted", _ACCEPTED)
        return self._wake()

    def _forbid(self, connection: Connection, wanted: State) -> None:
        message = f"Transition from {self._state} to {wanted} is not allowed"
        _refuse(connection, "403 Forbidden", "InvalidStateTransition", message)


class _Connection(Connection):
    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange.serve, exchange.gone, RESPONSE_BYTES_MAX)
        self._exchange = exchange

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self._exchange.full():
            self.abort()

    def buffer_updated(self, nbytes: int) -> None:
        self._exchange.bytes_received += nbytes
        super().buffer_updated(nbytes)


def _refuse(connection: Connection, status: str, kind: str, message: str) -> None:
    connection.answer(status, orjson.dumps({"errorMessage": message, "errorType": kind}))


def _response(request: Request) -> Answer:
    """An answer; one that is streamed may turn out to be an error at its end."""
    failed = request.header(_ERROR_TYPE)
    if failed is None:
        return Answer("response", request.body, request.size)
    encoded = request.header(_ERROR_BODY) or ""
    try:
        body = b64decode(encoded, validate=True)
    except ValueError:
        body = b""
    return Answer("error", body, len(body), failed)


def _error(request: Request, kind: Literal["error", "init_error"] = "error") -> Answer:
    return Answer(kind, request.body, request.size, request.header(_ERROR_TYPE))
