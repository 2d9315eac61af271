"""Servers that stand for somebody else's Lambda: what they were asked, and what they answer."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Answer:
    """What a server says next; with *cut* it says no more than the first half, and hangs up."""

    status: int = 200
    body: bytes = b"null"
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    seconds: float = 0.0
    cut: bool = False


@dataclass
class Asked:
    """One request as it came; headers in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes


class Lambda:
    """A server on this machine. ``answer`` is what it says, ``asked`` what it heard."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answer = Answer()
        self.asked: list[Asked] = []
        self.at_once = self.at_once_max = 0
        self.lock = threading.Lock()

    def says(self, value: Any = None, **answer: Any) -> None:
        """Answer this value in JSON from now on, or what *answer* says."""
        self.answer = Answer(**{"body": json.dumps(value).encode(), **answer})


@contextmanager
def serving() -> Iterator[Lambda]:
    """Such a server; it ends with the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            with served.lock:
                served.asked.append(Asked(self.path, headers, self.rfile.read(length)))
                served.at_once += 1
                served.at_once_max = max(served.at_once_max, served.at_once)
            answer = served.answer
            time.sleep(answer.seconds)
            with served.lock:
                served.at_once -= 1
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.body)))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            if answer.cut:
                self.wfile.write(answer.body[: len(answer.body) // 2])
                self.close_connection = True
            else:
                self.wfile.write(answer.body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # its name there
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """Who asked may hang up."""

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    served = Lambda(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def closed_port() -> str:
    """An address on this machine where nobody listens."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.server_close()
    return f"http://127.0.0.1:{server.server_port}"
