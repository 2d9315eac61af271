"""A run that serves HTTP as long as somebody wants it to: its fronts on one port, in real time."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn

from eventsim.errors import EventsimError
from eventsim.front import application, urls
from eventsim.simulation.fronts import open_fronts
from eventsim.simulation.running import Result, Simulation

HOST = "127.0.0.1"
GRACE_SECONDS = 5  # for requests that are on their way when the server stops
SOCKET_BYTES_MAX = 1_048_576
HEADER_BYTES_MAX = 65_536


@dataclass(frozen=True, slots=True)
class Address:
    """Where to serve; port 0 is any that is free."""

    host: str = HOST
    port: int = 0


class _Server(uvicorn.Server):
    """A server that leaves the signals of the process to who started it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class HttpServer:
    """A port, taken when this is made, and what is served on it until ``stop``.

    Raises EventsimError for one that is taken, and says what to do about it.
    """

    def __init__(self, address: Address) -> None:
        self._socket = _bound(address)
        host, self.port = self._socket.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        self.base = f"http://{shown}:{self.port}"
        self._server: _Server | None = None
        self._stopped = False

    async def run(self, application: Any) -> None:
        """Serve an ASGI application until ``stop``; requests on their way are answered then."""
        config = uvicorn.Config(
            application,
            log_config=None,
            access_log=False,
            lifespan="off",
            http="h11",
            ws="websockets-sansio",
            ws_max_size=SOCKET_BYTES_MAX,
            h11_max_incomplete_event_size=HEADER_BYTES_MAX,
            timeout_graceful_shutdown=GRACE_SECONDS,
            server_header=False,
            proxy_headers=False,
        )
        self._server = _Server(config)
        self._server.should_exit = self._stopped
        await self._server.serve([self._socket])

    def stop(self) -> None:
        """Take no more requests and finish those on their way; then ``run`` ends."""
        self._stopped = True
        if self._server is not None:
            self._server.should_exit = True

    def close(self) -> None:
        """Give the port back."""
        self._socket.close()


class Serving:
    """Serves the fronts of *simulation*, which is entered, from ``run`` to ``stop``.

    *on_ready* is told once, when the server answers. Making one raises
    EventsimError for a port that is taken, or when there is nothing to serve.
    """

    def __init__(
        self,
        simulation: Simulation,
        address: Address,
        on_ready: Callable[[Serving], None],
    ) -> None:
        self._simulation, self._on_ready = simulation, on_ready
        self._served = open_fronts(simulation.setting)
        self._server = HttpServer(address)
        self.base, self.port = self._server.base, self._server.port

    @property
    def urls(self) -> Mapping[str, str]:
        """The address of each front by its name."""
        return urls(self._served, self.base)

    @property
    def routes(self) -> Mapping[str, list[str]]:
        """The routes of each front, a line each, by its name."""
        return {each.front.name: list(each.front.routes) for each in self._served}

    async def run(self) -> Result:
        """Serve until ``stop``, while the timeline plays and mappings poll; then end the run."""
        try:
            return await self._simulation.run(self._serve)
        finally:
            self._server.close()

    def stop(self) -> None:
        """Take no more requests and finish those on their way; then ``run`` ends."""
        self._server.stop()

    async def _serve(self) -> None:
        self._on_ready(self)
        await self._server.run(application(self._served))


def _bound(address: Address) -> socket.socket:
    """A socket that listens there. Raises EventsimError with what to do about it."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    # By its protocol asyncio knows that answers need not wait for those before them to arrive.
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address.host, address.port))
        made.listen(128)
    except OSError as error:
        made.close()
        where = f"{address.host}:{address.port}"
        if error.errno == errno.EADDRINUSE:
            text = f"{where} is in use; choose another --port, or 0 for any that is free"
            raise EventsimError(text) from None
        raise EventsimError(f"cannot serve at {where}: {error.strerror or error}") from None
    return made
