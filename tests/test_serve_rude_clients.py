"""Clients that hang up, send too much or ask for what no front is: none of it is our traceback."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest

from tests.served import Server, served

SECONDS = 10
SEEN: list[tuple[str, str]] = []
UPGRADE = (
    *("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"),
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)
HELLO = b"\x81\x82\0\0\0\0hi"  # one masked text


def talk(event: Any, context: Any) -> Any:
    asked = event["requestContext"]
    SEEN.append((asked["eventType"], asked["connectionId"]))
    if asked["eventType"] == (event.get("queryStringParameters") or {}).get("slow"):
        time.sleep(0.5)
    if event.get("body"):
        time.sleep(0.5)
    return {"statusCode": 200, "body": "hello"}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with served(
        resources={
            "balancer": {"type": "alb", "routes": {"/*": "web"}},
            "chat": {
                "type": "apigateway",
                "protocol": "WEBSOCKET",
                "routes": {
                    "$connect": "talk",
                    "$disconnect": "talk",
                    "$default": {"function": "talk", "reply": True},
                },
            },
        },
        functions={
            "talk": {"Handler": talk},
            "web": {
                "Handler": lambda event, context: {"statusCode": 200, "body": "fine"},
                "FunctionUrlConfig": {"AuthType": "NONE"},
            },
        },
    ) as found:
        yield found


def sent(server: Server, *pieces: bytes, hang_up: bool = False) -> bytes:
    """What comes back for these bytes, to the end of the connection."""
    base = urlsplit(server.base)
    assert base.port is not None
    with socket.create_connection((base.hostname, base.port), timeout=SECONDS) as connection:
        for piece in pieces:
            connection.sendall(piece)
        if hang_up:
            return b""
        received = b""
        while piece := connection.recv(65_536):
            received += piece
        return received


def head(method: str, path: str, *more: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: x", "Connection: close", *more]
    return "\r\n".join([*lines, "", ""]).encode()


@pytest.mark.parametrize("front", ["balancer", "web-url"])
@pytest.mark.parametrize("size", [6_291_457, 20_000_000])
def test_who_sends_too_much_without_looking_up_still_reads_why(
    server: Server, front: str, size: int
) -> None:
    path = urlsplit(server.url(front)).path + "/"
    answer = sent(server, head("POST", path, f"Content-Length: {size}"), b"x" * size)
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_who_announces_far_too_much_is_not_waited_for(server: Server) -> None:
    path = urlsplit(server.url("balancer")).path + "/"
    answer = sent(server, head("POST", path, f"Content-Length: {2**40}") + b"x")
    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "rest",
    [
        head("POST", "{}", "Content-Length: 100") + b"half",
        head("POST", "{}", "Transfer-Encoding: chunked") + b"5\r\nhe",
    ],
)
def test_who_hangs_up_within_a_body_asked_for_nothing(
    server: Server, rest: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    before = len(server.entries("request_served"))
    path = urlsplit(server.url("balancer")).path + "/"
    with caplog.at_level(logging.ERROR):
        sent(server, rest.replace(b"{}", path.encode()), hang_up=True)
        time.sleep(0.3)
        assert httpx.get(f"{server.url('balancer')}/after").text == "fine"
    assert [record.getMessage() for record in caplog.records] == []
    assert len(server.entries("request_served")) == before + 1


def test_a_body_that_is_no_http_is_refused_once(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    path = urlsplit(server.url("balancer")).path + "/"
    with caplog.at_level(logging.ERROR):
        answer = sent(server, head("POST", path, "Transfer-Encoding: chunked"), b"zz\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert [record.getMessage() for record in caplog.records] == []


@pytest.mark.parametrize("front", ["balancer", "web-url"])
def test_no_front_is_a_tunnel(server: Server, front: str, caplog: pytest.LogCaptureFixture) -> None:
    path = urlsplit(server.url(front)).path + "/"
    with caplog.at_level(logging.ERROR):
        assert sent(server, head("CONNECT", path)).startswith(b"HTTP/1.1 400 ")
    assert [record.getMessage() for record in caplog.records] == []


def upgraded(server: Server, query: str = "") -> bytes:
    path = urlsplit(server.url("chat")).path
    lines = [f"GET {path}{query} HTTP/1.1", "Host: x", *UPGRADE, "", ""]
    return "\r\n".join(lines).encode()


def seen(events: int) -> list[str]:
    """The types of the events that the function has seen, once there are so many."""
    until = time.monotonic() + SECONDS
    while len(SEEN) < events and time.monotonic() < until:
        time.sleep(0.01)
    assert len({connection for _, connection in SEEN}) == 1
    return [kind for kind, _ in SEEN]


def connection_of(server: Server, query: str = "") -> socket.socket:
    """A WebSocket connection that was let in, of a client without manners."""
    base = urlsplit(server.base)
    assert base.port is not None
    connection = socket.create_connection((base.hostname, base.port), timeout=SECONDS)
    connection.sendall(upgraded(server, query))
    if not query:
        assert connection.recv(65_536).startswith(b"HTTP/1.1 101 ")
    return connection


def test_who_leaves_before_the_reply_is_told_to_have_left(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    SEEN.clear()
    with caplog.at_level(logging.ERROR):
        with connection_of(server) as connection:
            connection.sendall(HELLO)
            time.sleep(0.1)
        assert seen(3) == ["CONNECT", "MESSAGE", "DISCONNECT"]
    assert [record.getMessage() for record in caplog.records] == []


def test_who_leaves_before_being_let_in_is_told_to_have_left(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    SEEN.clear()
    with caplog.at_level(logging.ERROR):
        with connection_of(server, "?slow=CONNECT"):
            time.sleep(0.1)
        assert seen(2) == ["CONNECT", "DISCONNECT"]
    assert [record.getMessage() for record in caplog.records] == []


def test_what_is_sent_to_who_has_just_left_is_gone(server: Server) -> None:
    SEEN.clear()
    with connection_of(server) as connection:
        connection.sendall(HELLO)
        time.sleep(0.1)
    name = quote(SEEN[0][1], safe="")
    answer = httpx.post(f"{server.url('chat')}/@connections/{name}", content=b"anybody")
    assert answer.status_code == 410
    assert seen(3)[-1] == "DISCONNECT"


def test_who_asks_nobody_reads_so_whatever_was_sent(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        for more, body in ((("Transfer-Encoding: chunked",), b"zz\r\n"), ((), b"")):
            answer = sent(server, head("POST", "/_fronts/nobody/", *more), body)
            assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 404 "))
        length = f"Content-Length: {20_000_000}"
        answer = sent(server, head("POST", "/nobody", length), b"x" * 20_000_000)
        assert answer.startswith(b"HTTP/1.1 404 ")
    assert [record.getMessage() for record in caplog.records] == []
