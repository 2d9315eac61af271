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
        self._apps = apps
        self._hosts = {host: app for app in apps.values() for host in app.hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw = scope.get("raw_path") or scope["path"].encode()
        path = raw.decode("latin-1") or "/"
        app, inside = self._find(_host(scope), path)
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


def _host(scope: Scope) -> str:
    """The name of the host that was asked for, without its port, in lower case."""
    for name, value in scope["headers"]:
        if name == b"host":
            text: str = value.decode("latin-1")
            return text.rpartition(":")[0].lower() if ":" in text else text.lower()
    return ""
