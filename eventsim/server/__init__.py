"""
One endpoint for real clients: every AWS service on one port.

A request is for a front of the scenario if its host or its path says so; else its signature says
for which service it is. ``services`` are ours, by the name that a client signs with: one more is
one more ASGI application there. Everything else is moto's. Web pages elsewhere get at nothing but
the fronts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import orjson
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from eventsim import __version__
from eventsim.front import Finding
from eventsim.server.routing import Asked, BadSignature, asked, is_foreign
from eventsim.server.wsgi import failed, sent

__all__ = ["ASKED", "OWN", "Endpoint"]

ASKED = "eventsim.asked"  # the key of a scope under which our services find an Asked
OWN = "/_eventsim/"
_LAMBDA_PATH = re.compile(r"/20\d\d-\d\d-\d\d/")


class Endpoint:
    """The ASGI application of a server.

    *fronts* are the scenario's, *urls* those that were made while it runs, *pages* what is below
    ``/_eventsim/`` by name, besides ``health``.
    """

    def __init__(
        self,
        services: Mapping[str, ASGIApp],
        fronts: Finding,
        urls: Finding,
        others: ASGIApp,
        pages: Mapping[str, ASGIApp],
    ) -> None:
        self._services, self._others = services, others
        self._fronts, self._urls = fronts, urls
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): v.decode("latin-1") for name, v in scope["headers"]}
        app = self._app(scope, headers)
        if app not in (self._fronts, self._urls) and is_foreign(headers):
            text = "a web page that is not of this machine may not use this server"
            app = sent(failed(403, "AccessDeniedException", text))
        await app(scope, receive, send)

    def _app(self, scope: Scope, headers: Mapping[str, str]) -> ASGIApp:
        for finding in (self._urls, self._fronts):
            if finding.names(scope):
                return finding
        if scope["type"] != "http":
            return self._fronts
        if scope["path"].startswith(OWN):
            page = scope["path"].removeprefix(OWN).partition("/")[0]
            return self._health if page == "health" else self._pages.get(page, _nowhere)
        try:
            found = asked(headers, scope["query_string"].decode("latin-1"))
        except BadSignature as error:
            return sent(failed(400, "IncompleteSignatureException", str(error)))
        return self._of_service(scope, found)

    def _of_service(self, scope: Scope, found: Asked | None) -> ASGIApp:
        """Who answers a request that names no front: ours, moto, or else the only front."""
        only = self._fronts if len(self._fronts) == 1 else None
        if found is None or found.service == "execute-api":
            return only or self._others
        service = self._services.get(found.service)
        if service is None:
            return self._others
        if found.service == "lambda" and only and not _LAMBDA_PATH.match(scope["path"]):
            return only  # the URL of a function is signed for Lambda, too
        scope[ASKED] = found
        return service

    async def _health(self, scope: Scope, receive: Receive, send: Send) -> None:
        told = {"status": "running", "eventsim": __version__, "services": sorted(self._services)}
        response = Response(orjson.dumps(told), media_type="application/json")
        await response(scope, receive, send)


async def _nowhere(scope: Scope, receive: Receive, send: Send) -> None:
    answer = failed(404, "NotFound", f"there is no page {scope['path']}")
    await sent(answer)(scope, receive, send)
