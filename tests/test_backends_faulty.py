"""An endpoint that is there and not well counts as one that gives no answer: it is asked again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from eventsim.backends import open_backend
from eventsim.clock import Clock
from eventsim.errors import Unreachable

JSON = "application/x-amz-json-1.1"


@contextmanager
def answering(status: int, kind: str, body: bytes, announced: int | None = None) -> Iterator[str]:
    """The address of a server that has one answer to everything, or its beginning."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body) if announced is None else announced))
            self.end_headers()
            self.wfile.write(body)

        def log_request(self, code: object = "-", size: object = "-") -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(
    ("status", "kind", "body", "announced"),
    [
        (500, JSON, b'{"__type":"InternalFailure","message":"oops"}', None),
        (503, JSON, b'{"__type":"ServiceUnavailable"}', None),
        (502, "text/html", b"<html>Bad Gateway</html>", None),
        (503, "text/plain", b"", None),
        (200, JSON, b'{"StreamNames":["a"', 1_000),
    ],
)
async def test_it_is_as_good_as_away(
    clock: Clock, status: int, kind: str, body: bytes, announced: int | None
) -> None:
    with answering(status, kind, body, announced) as url:
        backend = await open_backend("endpoint", clock, endpoint_url=url)
        try:
            with pytest.raises(Unreachable):
                await backend.call("kinesis", "list_streams")
        finally:
            await backend.aclose()
