"""Clients that hang up, send too much or ask for what no front is: none of it is our traceback."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from tests.served import Server, served

SECONDS = 10


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with served(
        resources={"balancer": {"type": "alb", "routes": {"/*": "web"}}},
        functions={
            "web": {
                "Handler": lambda event, context: {"statusCode": 200, "body": "fine"},
                "FunctionUrlConfig": {"AuthType": "NONE"},
            }
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
    answer = sent(server, head("POST", path, f"Content-Length: {2**40}"), b"x")
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
