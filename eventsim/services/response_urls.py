"""
Pre-signed addresses that take one PUT each, as CloudFormation's do, on this machine.

They are served by a thread of their own: a handler that runs in the loop's thread can answer
while virtual time stands still.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import ClassVar, cast
from xml.sax.saxutils import escape

HOST = "127.0.0.1"
REQUEST_SECONDS_MAX = 10
DRAINED_BYTES_MAX = 1024 * 1024  # of a body that is refused, so that its sender hears of it


class ResponseUrl:
    """One address; ``body`` is what was put there, once that has happened."""

    def __init__(self, target: str, bytes_max: int) -> None:
        self.target, self.bytes_max = target, bytes_max
        self.url = ""
        self.refusals: list[str] = []
        self._body: bytes | None = None
        self._lock = threading.Lock()

    @property
    def body(self) -> bytes | None:
        """What was put first; None until then."""
        with self._lock:
            return self._body

    def take(self, body: bytes) -> bool:
        """Keep *body*; False if there was one before."""
        with self._lock:
            first = self._body is None
            if first:
                self._body = body
            return first


@contextmanager
def serve(target: str, bytes_max: int) -> Iterator[ResponseUrl]:
    """Serve ``target``, a path with its signed query, at an address of this machine.

    What S3 would refuse is answered as S3 does, and kept in ``refusals``: another query, a
    Content-Type that is not empty, a body over ``bytes_max``, a second PUT.
    """
    address = ResponseUrl(target, bytes_max)
    with _Server((HOST, 0), _Handler) as server:
        server.address = address
        address.url = f"http://{HOST}:{server.server_address[1]}{target}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield address
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    address: ResponseUrl


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = REQUEST_SECONDS_MAX
    close_connection = True
    _CODES: ClassVar[dict[str, int]] = {
        "SignatureDoesNotMatch": 403,
        "AccessDenied": 403,
        "EntityTooLarge": 400,
        "MissingContentLength": 411,
    }

    def do_PUT(self) -> None:
        address = cast(_Server, self.server).address
        length = self.headers.get("Content-Length", "")
        if self.path != address.target or self.headers.get("Content-Type"):
            text = (
                "The request signature we calculated does not match the signature you provided. "
                "Check your key and signing method."
            )
            return self._refuse("SignatureDoesNotMatch", text)
        if not (length.isascii() and length.isdigit()):
            text = "You must provide the Content-Length HTTP header."
            return self._refuse("MissingContentLength", text)
        body = self.rfile.read(min(int(length), DRAINED_BYTES_MAX))
        if int(length) > address.bytes_max:
            text = f"Your proposed upload exceeds the maximum allowed size of {address.bytes_max}"
            return self._refuse("EntityTooLarge", text)
        if not address.take(body):
            return self._refuse("AccessDenied", "Access Denied: the address was used before")
        return self._answer(200, b"")

    def log_message(self, *_: object) -> None:
        """Write nothing to stderr."""

    def _refuse(self, code: str, message: str) -> None:
        cast(_Server, self.server).address.refusals.append(f"{code}: {message}")
        text = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        self._answer(self._CODES[code], f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
