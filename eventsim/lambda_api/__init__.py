"""
Lambda's REST API, as an ASGI application.

Every operation is a function of one of the files here, in its ``OPERATIONS``. What AWS has and
these have not is answered by name, with 501 and ``NotImplemented``.

https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html
"""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from eventsim.errors import EventsimError, InvokeError
from eventsim.front.serving import read_body
from eventsim.lambda_api import (
    account,
    aliases,
    concurrency,
    event_invoke,
    functions,
    invoking,
    layers,
    mapping_operations,
    policies,
    urls,
    versions,
)
from eventsim.lambda_api.refusing import translated
from eventsim.lambda_api.region import Call, Handler
from eventsim.lambda_api.regions import Regions
from eventsim.server import ASKED
from eventsim.server.rest_json import RestJson, refusal

__all__ = ["OPERATIONS", "LambdaApp", "Regions", "code_page", "missing_operations"]

REQUEST_BYTES_MAX = 70_167_211
OPERATIONS: Mapping[str, Handler] = {
    **functions.OPERATIONS,
    **versions.OPERATIONS,
    **aliases.OPERATIONS,
    **concurrency.OPERATIONS,
    **event_invoke.OPERATIONS,
    **policies.OPERATIONS,
    **mapping_operations.OPERATIONS,
    **invoking.OPERATIONS,
    **urls.OPERATIONS,
    **layers.OPERATIONS,
    **account.OPERATIONS,
}
# Whose members the rules judge, with texts of their own.
_UNCHECKED = (
    *("CreateEventSourceMapping", "UpdateEventSourceMapping", "Invoke", "InvokeAsync"),
    "InvokeWithResponseStream",
    *("AddPermission", "CreateAlias"),
)


def missing_operations(api: RestJson) -> list[str]:
    """The operations that AWS has and that are answered with an error here."""
    return sorted(set(api.operations) - OPERATIONS.keys())


class LambdaApp:
    """Serves the API for every region of *regions*."""

    def __init__(self, regions: Regions) -> None:
        self._regions = regions
        self._api = RestJson("lambda", _UNCHECKED)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = self._regions.request_id()
        try:
            response = await self._respond(Request(scope, receive), request_id)
        except ClientDisconnect:
            return  # half a request is none, and nobody waits for an answer
        except EventsimError as error:
            response = failure(translated(error))
        response.headers["x-amzn-requestid"] = request_id
        await response(scope, receive, send)

    async def _respond(self, request: Request, request_id: str) -> Response:
        scope = request.scope
        body = await read_body(request, REQUEST_BYTES_MAX)
        raw = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
        query = scope["query_string"].decode("latin-1")
        found = self._api.route(scope["method"], raw, query)
        if found is None:
            text = f"Lambda has no operation {scope['method']} {raw}"
            raise refusal("UnknownOperationException", text, 404)
        operation, labels = found
        if body is None:
            text = f"Request must be smaller than {REQUEST_BYTES_MAX} bytes for the {operation}"
            raise refusal("RequestEntityTooLargeException", f"{text} operation", 413, Type="User")
        handler = OPERATIONS.get(operation)
        if handler is None:
            text = f"eventsim does not have the operation {operation} of Lambda"
            raise refusal("NotImplemented", text, 501)
        region = self._regions.of(scope[ASKED].region)
        given = self._api.parse(operation, labels, query, request.headers, body)
        trace = request.headers.get("x-amzn-trace-id")
        answer = await handler(Call(region, given, request_id, trace))
        status, headers, content = self._api.serialise(operation, answer)
        response = Response(content, status, media_type="application/json")
        for name, value in headers:
            response.headers[name] = value
        return response


def failure(error: InvokeError) -> Response:
    """An error as the API answers it."""
    response = Response(orjson.dumps(error.body), error.status, media_type="application/json")
    response.headers["x-amzn-errortype"] = error.code
    return response


def code_page(regions: Regions) -> ASGIApp:
    """The page that the Location of a function's code leads to."""

    async def page(scope: Scope, receive: Receive, send: Send) -> None:
        name = scope["path"].rpartition("/")[2].removesuffix(".zip")
        zipped = regions.packages.zipped(name)
        if zipped is None:
            response = Response(status_code=404)
        else:
            response = Response(zipped, media_type="application/zip")
        await response(scope, receive, send)

    return page
