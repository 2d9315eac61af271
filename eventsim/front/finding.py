"""Which front a request is for, and the path that it has there."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from eventsim.front.serving import FrontApp, asgi_response, read_body
from eventsim.front.sockets import AsgiSocket
from eventsim.rules.http_answers import fault

PREFIX = "/_fronts/"


class Finding:
    """An ASGI application over fronts by their names."""

    def __init__(self, apps: Mapping[str, FrontApp]) -> None:
        self._apps = dict(apps)
        self._hosts = {host: app for app in apps.values() for host in app.hosts}

    def __len__(self) -> int:
        """How many there are."""
        return len(self._apps)

    def add(self, app: FrontApp, name: str) -> None:
        """Serve one more, or another of the same name."""
        self.remove(name)
        self._apps[name] = app
        self._hosts |= dict.fromkeys(app.hosts, app)

    def remove(self, name: str) -> None:
        """Serve that one no longer."""
        gone = self._apps.pop(name, None)
        self._hosts = {host: app for host, app in self._hosts.items() if app is not gone}

    def names(self, scope: Scope) -> bool:
        """Whether a request says by its host, or by its path, that it is for one of them."""
        path = _path(scope)
        name = path.removeprefix(PREFIX).partition("/")[0] if path.startswith(PREFIX) else ""
        return _host(scope) in self._hosts or name in self._apps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app, inside = self._find(_host(scope), _path(scope))
        if app is not None:
            await app(scope, receive, send, inside)
            return
        known = ", ".join(f"{PREFIX}{name}/" for name in self._apps) or "none"
        response = fault(404, f"no API, load balancer or function URL is here; there are: {known}")
        if scope["type"] == "websocket":
            await AsgiSocket(scope, receive, send).refuse(response)
        else:
            with suppress(ClientDisconnect):  # nobody is left to be told
                await read_body(Request(scope, receive), 0)
                await asgi_response(response)(scope, receive, send)

    def _find(self, host: str, path: str) -> tuple[FrontApp | None, str]:
        if host in self._hosts:
            return self._hosts[host], path
        if path.startswith(PREFIX):
            name, slash, rest = path.removeprefix(PREFIX).partition("/")
            if name in self._apps:
                return self._apps[name], f"/{rest}" if slash else "/"
        only = next(iter(self._apps.values())) if len(self._apps) == 1 else None
        return only, path


def _path(scope: Scope) -> str:
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return raw.decode("latin-1") or "/"


def _host(scope: Scope) -> str:
    """The name of the host that was asked for, without its port, in lower case."""
    for name, value in scope["headers"]:
        if name == b"host":
            text: str = value.decode("latin-1")
            return text.rpartition(":")[0].lower() if ":" in text else text.lower()
    return ""
