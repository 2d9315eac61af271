"""
moto's own WSGI application, asked with the requests of an ASGI server.

https://peps.python.org/pep-3333/
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from urllib.parse import unquote_to_bytes

import anyio
import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from eventsim.backends.moto import Answered, SharedMoto
from eventsim.front.serving import BODYLESS, read_body

BODY_BYTES_MAX = 128 * 1_048_576
ACCOUNT_HEADER = "HTTP_X_MOTO_ACCOUNT_ID"

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class UnknownService(Exception):
    """A signature for a service that nobody here has; the text is its name."""


class Bridge:
    """An ASGI application that answers as *application* does, in the worker of *moto*."""

    def __init__(self, application: Application, moto: SharedMoto) -> None:
        self._application, self._moto = application, moto
        self._hurried = False

    def hurry(self) -> None:
        """Let long polls end soon, with what there is."""
        self._hurried = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            body = await read_body(request, BODY_BYTES_MAX)
        except ClientDisconnect:
            return  # half a request is none, and nobody waits for an answer
        if body is None:
            text = f"a request has at most {BODY_BYTES_MAX} bytes here"
            answer = failed(413, "EntityTooLarge", text)
        else:
            found = await self._answer(request, body)
            if found is None:
                return
            answer = found
        await sent(answer)(scope, receive, send)

    async def _answer(self, request: Request, body: bytes) -> Answered | None:
        target = request.headers.get("x-amz-target", "")
        environ = partial(environment, request.scope, self._moto.account)
        ask = partial(
            self._moto.ask,
            target,
            body,
            lambda given: call(self._application, environ(given)),
            lambda: self._hurried,
        )
        if self._moto.waits(target, body):
            return await while_connected(request, ask)
        return await ask()


async def while_connected(request: Request, ask: Callable[[], Any]) -> Answered | None:
    """The answer of *ask*, broken off where it waits once the client hangs up: then None."""
    answers: list[Answered] = []
    async with anyio.create_task_group() as tasks:

        async def watch() -> None:
            while (await request.receive())["type"] != "http.disconnect":
                pass
            tasks.cancel_scope.cancel()

        tasks.start_soon(watch)
        answers.append(await ask())
        tasks.cancel_scope.cancel()
    return answers[0] if answers else None


def call(application: Application, environ: dict[str, Any]) -> Answered:
    """What the application answers, whole; an error of its own is a 500 with its text."""
    said: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
        said.append((status, headers))

    try:
        chunks = application(environ, start_response)
        try:
            body = b"".join(chunks)
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()
    except UnknownService as error:
        text = f"Credential should be scoped to a service that is served here; '{error}' is none"
        return failed(403, "InvalidSignatureException", text)
    except Exception as error:  # noqa: BLE001  # moto's own, whatever it is
        text = f"moto failed at this request: {type(error).__name__}: {error}"
        return failed(500, "InternalFailure", text)
    status, headers = said[-1]
    return Answered(int(status.split()[0]), headers, body)


def failed(status: int, code: str, text: str) -> Answered:
    """An error in the form that clients of the JSON protocols read."""
    body = orjson.dumps({"__type": code, "message": text, "Message": text})
    headers = [("content-type", "application/x-amz-json-1.1"), ("x-amzn-errortype", code)]
    return Answered(status, headers, body)


def environment(scope: Scope, account: str, body: bytes) -> dict[str, Any]:
    """The environment of WSGI for a request."""
    raw = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    query = scope["query_string"].decode("latin-1")
    host, port = scope.get("server") or ("127.0.0.1", 80)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(raw).decode("latin-1"),
        "RAW_URI": f"{raw}?{query}" if query else raw,
        "REQUEST_URI": f"{raw}?{query}" if query else raw,
        "QUERY_STRING": query,
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{scope.get('http_version', '1.1')}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
        **headers_of(scope),
        "CONTENT_LENGTH": str(len(body)),
    }
    environ[ACCOUNT_HEADER] = account
    return environ


def headers_of(scope: Scope) -> dict[str, Any]:
    """The headers in WSGI's spelling; moto asks for the true names of S3's metadata."""
    from moto.core.request import (
        PRESERVED_HEADER_NAMES_ENVIRON_KEY,
        environ_key_for_header,
        should_preserve_original_header_name,
    )

    found: dict[str, Any] = {}
    preserved: dict[str, str] = {}
    for raw, value in scope["headers"]:
        name, text = raw.decode("latin-1"), value.decode("latin-1")
        if should_preserve_original_header_name(name):
            preserved[environ_key_for_header(name)] = name
        elif "_" in name:
            continue  # it would pass for the one with hyphens
        key = environ_key_for_header(name)
        found[key] = f"{found[key]},{text}" if key in found else text
    found.pop("HTTP_TRANSFER_ENCODING", None)  # the body is whole
    return {**found, PRESERVED_HEADER_NAMES_ENVIRON_KEY: preserved}


def sent(answer: Answered) -> Response:
    """The answer as Starlette sends it, header for header."""
    made = Response(answer.body, answer.status)
    names = {name.lower() for name, _ in answer.headers}
    own = [
        (name.lower().encode("latin-1"), value.encode("utf-8", "surrogateescape"))
        for name, value in answer.headers
    ]
    if "content-length" not in names and answer.status not in BODYLESS:
        own.append((b"content-length", str(len(answer.body)).encode()))
    made.raw_headers = own
    return made


def moto_application() -> Application:
    """moto as a WSGI application for every service that it has; raises UnknownService for others.

    Raises ModuleNotFoundError when it cannot be served.
    """
    from moto import backends
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    class Dispatcher(DomainDispatcherApplication):
        def get_backend_for_host(self, host: str | None) -> Any:
            if host is None or host == "moto_api" or host in backends.list_of_moto_modules():
                return host
            for backend, pattern in self.backend_url_patterns:
                if pattern.match(f"http://{host}"):
                    return backend
            raise UnknownService(host.partition(".")[0])

    application: Application = Dispatcher(create_backend_app)
    return application
