"""
The address where the handlers of a run find AWS, on this machine alone.

It is served by the loop that the run is on. So a handler that calls it must not have the loop's
thread: with an endpoint, inline handlers run in a thread of ours in virtual time too.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from http import HTTPStatus
from typing import Any

import anyio
import anyio.lowlevel

from eventsim.runtimes._http import Connection, Request
from eventsim.types import HttpRequest, HttpResponse

HOST = "127.0.0.1"
BODY_BYTES_MAX = 64 * 1024 * 1024
CONNECTIONS_MAX = 1000
_OURS = {"connection", "content-length", "transfer-encoding"}
_BODYLESS = (204, 304)

Respond = Callable[[HttpRequest], Coroutine[Any, Any, HttpResponse]]


class Endpoint:
    """A server for the requests of handlers; ``respond``, once it is set, answers them.

    A request that cannot be answered fails alone, as a service does: with 500.
    """

    def __init__(self) -> None:
        self.url = ""
        self.respond: Respond = _nobody
        self._server: asyncio.Server | None = None
        self._connections: set[Connection] = set()
        self._under_way: set[asyncio.Task[HttpResponse]] = set()

    async def open(self) -> None:
        """Listen at ``url``, a free port of this machine."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connection, HOST, 0)
        self.url = f"http://{HOST}:{self._server.sockets[0].getsockname()[1]}"

    async def aclose(self) -> None:
        """Stop listening, and end every connection and what is under way."""
        if self._server is not None:
            self._server.close()
        for task in self._under_way:
            task.cancel()
        for connection in list(self._connections):
            connection.abort()
        with anyio.CancelScope(shield=True):
            await anyio.lowlevel.checkpoint()  # connections close in the loop's next round

    def _connection(self) -> Connection:
        connection = _Connection(self._serve, self._connections)
        self._connections.add(connection)
        return connection

    def _serve(self, connection: Connection, request: Request) -> None:
        if request.size > len(request.body):
            connection.reply(*_written(HttpResponse(413, (("Content-Type", "text/plain"),))))
            return
        task = asyncio.get_running_loop().create_task(self.respond(_read(request)))
        self._under_way.add(task)
        task.add_done_callback(partial(self._answer, connection, request.method))

    def _answer(
        self, connection: Connection, method: str, task: asyncio.Task[HttpResponse]
    ) -> None:
        self._under_way.discard(task)
        if task.cancelled():
            return
        failed = task.exception()
        response = _broken(failed) if failed is not None else task.result()
        connection.reply(*_written(response, method))


class _Connection(Connection):
    """One of a bounded number of connections, which are *known* while they last."""

    def __init__(
        self, serve: Callable[[Connection, Request], None], known: set[Connection]
    ) -> None:
        super().__init__(serve, known.discard, BODY_BYTES_MAX)
        self._known = known

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if len(self._known) > CONNECTIONS_MAX:
            self.abort()


async def _nobody(request: HttpRequest) -> HttpResponse:
    return HttpResponse(503)


def _read(request: Request) -> HttpRequest:
    lines = (line.partition(":") for line in request.head.split("\n") if ":" in line)
    headers = tuple((name.strip(), value.strip()) for name, _, value in lines)
    path, _, query = request.path.partition("?")
    return HttpRequest(request.method, path, query, headers, request.body)


def _written(response: HttpResponse, method: str = "GET") -> tuple[str, bytes]:
    """The head and the body of a response; that to HEAD says how long its body would be."""
    status = HTTPStatus(response.status)
    lines = [f"HTTP/1.1 {response.status} {status.phrase}"]
    lines += [f"{name}: {value}" for name, value in response.headers if name.lower() not in _OURS]
    if method == "HEAD":
        lines.append(f"Content-Length: {response.header('Content-Length', '0')}")
        return _head(lines), b""
    if response.status in _BODYLESS:
        return _head(lines), b""
    lines.append(f"Content-Length: {len(response.body)}")
    return _head(lines), response.body


def _head(lines: list[str]) -> str:
    return "".join(f"{line.translate({10: ' ', 13: ' '})}\r\n" for line in lines)


def _broken(error: BaseException) -> HttpResponse:
    text = f"{type(error).__name__}: {error}"
    status = 501 if isinstance(error, NotImplementedError) else 500
    return HttpResponse(status, (("Content-Type", "text/plain"),), text.encode())
