"""Laws of the HTTP that a Runtime API reads: whole requests, whatever way they come in pieces."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsim.runtimes._http import HEAD_BYTES_MAX, Connection, Malformed, Parser, Request

LIMIT = 100
GET = b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /response HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nX-One:  two \r\n\r\nhello"
CHUNKS = (
    b"POST /response HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTrailer: X-End\r\n\r\n"
    b"5\r\nhello\r\n6;name=value\r\n world\r\n0\r\nX-End: over\r\n\r\n"
)
WANTED = [
    Request("GET", "/next", "Host: a", b"", 0, False),
    Request(
        "POST",
        "/response",
        "Host: a\nContent-Length: 5\nX-One:  two ",
        b"hello",
        5,
        False,
    ),
    Request(
        "POST",
        "/response",
        "Transfer-Encoding: chunked\nTrailer: X-End\nX-End: over",
        b"hello world",
        11,
        False,
    ),
]


def requests(pieces: list[bytes], limit: int = LIMIT) -> list[Request]:
    parser, found = Parser(limit), []
    for piece in pieces:
        parser.feed(piece)
        while (request := parser.take()) is not None:
            found.append(request)
    return found


def cut(content: bytes, places: list[int]) -> list[bytes]:
    bounds = [0, *sorted(places), len(content)]
    return [content[start:end] for start, end in itertools.pairwise(bounds)]


@given(st.lists(st.integers(0, len(GET + POST + CHUNKS)), max_size=30))
def test_pieces_make_no_difference(places: list[int]) -> None:
    assert requests(cut(GET + POST + CHUNKS, places)) == WANTED


def test_a_header_is_found_whatever_its_case_and_without_the_blanks_around_it() -> None:
    _, post, chunks = WANTED
    assert post.header("x-one") == post.header("X-ONE") == "two"
    assert chunks.header("X-End") == "over"
    assert chunks.header("End") is None


@given(st.binary(max_size=3 * LIMIT), st.lists(st.integers(0, 3 * LIMIT), max_size=5))
def test_of_a_body_that_is_too_long_the_size_is_kept(body: bytes, places: list[int]) -> None:
    head = f"POST / HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    (request,) = requests([head, *cut(body, [min(place, len(body)) for place in places])])
    assert (request.size, request.body) == (len(body), body if len(body) <= LIMIT else b"")


def test_of_chunks_that_are_too_long_the_size_is_kept() -> None:
    head = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = [b"40\r\n" + b"x" * 64 + b"\r\n"] * 3
    (request, after) = requests([head, *chunks, b"0\r\n\r\n", GET])
    assert (request.size, request.body, after.path) == (192, b"", "/next")


@pytest.mark.parametrize(
    "content",
    [
        b"nonsense\r\n\r\n",
        b"GET / SPDY/1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1_0\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: \r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxyz",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 2000,
        b"x" * (HEAD_BYTES_MAX + 1),
    ],
)
def test_what_is_no_http_is_refused(content: bytes) -> None:
    with pytest.raises(Malformed):
        requests([content])


@pytest.mark.real_time
async def test_a_client_that_waits_to_be_told_is_told_to_go_on_once() -> None:
    def serve(connection: Connection, request: Request) -> None:
        connection.answer("202 Accepted", request.body)

    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(serve, lambda _: None, LIMIT), "127.0.0.1", 0
    )
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b"POST / HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b"he")
    await writer.drain()
    writer.write(b"llo")
    answer = await reader.readuntil(b"hello")
    assert answer.startswith(b"HTTP/1.1 202 Accepted\r\n")
    writer.write(GET.replace(b"1.1", b"1.0"))
    assert b"Connection: close\r\n" in await reader.read()
    writer.close()
    await writer.wait_closed()
    server.close()


@pytest.mark.real_time
async def test_requests_that_come_together_are_answered_in_turn() -> None:
    waiting: list[Connection] = []

    def serve(connection: Connection, request: Request) -> None:
        waiting.append(connection)

    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(serve, lambda _: None, LIMIT), "127.0.0.1", 0
    )
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(GET + POST)
    for body in (b"first", b"second"):
        while not waiting:
            await asyncio.sleep(0.001)
        assert len(waiting) == 1
        waiting.pop().answer("200 OK", body)
        assert (await reader.readuntil(body)).startswith(b"HTTP/1.1 200 OK\r\n")
    writer.close()
    await writer.wait_closed()
    server.close()
