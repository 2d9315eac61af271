"""An HTTP request and its response, whoever serves them, and what serves them with functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from eventsim.types.invocations import InvocationType
from eventsim.types.pushing import Answer, Scene

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as it came: ``path`` and ``query`` percent-encoded, names of headers in any case.

    ``client`` is the address of who sent it.
    """

    method: str = "GET"
    path: str = "/"
    query: str = ""
    headers: Pairs = ()
    body: bytes = b""
    client: str = "127.0.0.1"
    protocol: str = "HTTP/1.1"

    def header(self, name: str, default: str = "") -> str:
        """The last value of a header."""
        return _last(self.headers, name, default)


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A response. ``encoded`` says that the body is base64 text still, for who may decode it."""

    status: int = 200
    headers: Pairs = ()
    body: bytes = b""
    encoded: bool = False

    def header(self, name: str, default: str = "") -> str:
        """The last value of a header."""
        return _last(self.headers, name, default)


def _last(headers: Pairs, name: str, default: str) -> str:
    wanted = name.lower()
    found = [value for key, value in headers if key.lower() == wanted]
    return found[-1] if found else default


@dataclass(frozen=True, slots=True)
class Trigger:
    """An event of a function that is neither polled nor sent by a step: SAM's properties of it.

    ``function`` is what is invoked, by an alias or not; ``name`` is function.Event.
    """

    name: str
    function: str
    properties: Any


class Calling(Protocol):
    """How a front invokes functions, where and when its requests come in."""

    def scene(self) -> Scene:
        """Where and when an event comes about now."""

    def time(self) -> float:
        """Seconds since the run began."""

    async def call(
        self,
        event: Any,
        function: str,
        *,
        source_arn: str | None = None,
        invocation_type: InvocationType | None = None,
        within: float | None = None,
    ) -> Answer | None:
        """What the service made of the function's answer; None if that took too long.

        ``within`` is in seconds of this machine. A function that is late runs on.
        """


class Front(Protocol):
    """What HTTP requests come to: an API, a load balancer, a function URL."""

    @property
    def name(self) -> str:
        """By which it is told apart in a run."""

    @property
    def hosts(self) -> Sequence[str]:
        """The names of hosts that are its own."""

    @property
    def root(self) -> str:
        """The path that a client begins with, ``/Prod`` or nothing."""

    @property
    def routes(self) -> Sequence[str]:
        """A line for each route, for people: ``GET /pets/{id} -> pets``."""

    @property
    def body_bytes_max(self) -> int:
        """The largest body of a request."""

    def too_large(self) -> HttpResponse:
        """What a request with a larger body gets."""

    async def respond(self, request: HttpRequest, calling: Calling) -> HttpResponse:
        """The response to a request."""


class Socket(Protocol):
    """One WebSocket connection, as its server has it."""

    async def accept(self, headers: Pairs = ()) -> None:
        """Let the client in, who may be gone by then."""

    async def refuse(self, response: HttpResponse) -> None:
        """Answer the request for a connection with a plain response."""

    async def receive(self) -> str | bytes | None:
        """The next message; None once the client is gone."""

    async def send(self, message: str) -> bool:
        """Send a text; False, and nothing happens, once the client is gone."""

    async def close(self, code: int, reason: str = "") -> None:
        """Close the connection, if the client has not."""

    @property
    def closed(self) -> tuple[int, str]:
        """The code and the reason that it was closed with."""


@runtime_checkable
class SocketFront(Front, Protocol):
    """A front that also holds WebSocket connections."""

    async def converse(self, request: HttpRequest, socket: Socket, calling: Calling) -> None:
        """Hold one connection, from its request to its end."""
