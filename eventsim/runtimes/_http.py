"""
HTTP/1.1 as the clients of a Runtime API speak it: keep-alive, Content-Length, chunks, trailers.

Everything is bounded: a head that is too long ends the connection, and of a body that is too
long nothing is kept but its size, so that it can still be answered.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple, cast

HEAD_BYTES_MAX = 2 * 1024 * 1024  # an X-Ray cause of 1 MB is sent as a header
WAITING_BYTES_MAX = 64 * 1024  # sent while the request before is not answered yet
_CHUNK_LINE_BYTES_MAX = 1024
_ALIKE_BYTES_MAX = 2048
_RECEIVED_BYTES = 64 * 1024
_FRAMING = re.compile(
    r"^(content-length|transfer-encoding|expect|connection):[ \t]*(.*?)[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)


class Request(NamedTuple):
    """A request. ``size`` is how long the body was, also where it was too long to be kept.

    ``head`` has the lines of the headers, and of the trailers if there were any; ``closes``
    means that the client wants the connection to end with the answer.
    """

    method: str
    path: str
    head: str
    body: bytes
    size: int
    closes: bool

    def header(self, name: str) -> str | None:
        """The value of a header or trailer, whatever the case of its name."""
        found = re.search(rf"^{name}:[ \t]*(.*?)[ \t]*$", self.head, re.IGNORECASE | re.MULTILINE)
        return found[1] if found else None


class Malformed(Exception):
    """What came is not HTTP/1.1, or beyond its bounds."""


class Parser:
    """Reads the requests of one connection out of its bytes, one after the other."""

    def __init__(self, body_bytes_max: int) -> None:
        self._max = body_bytes_max
        self._buffer = bytearray()
        self._step: Callable[[], bool] = self._head
        self._expects: bool = False
        self._closes: bool = False
        self._begin()

    @property
    def waiting(self) -> int:
        """How many bytes came that no request was made of yet."""
        return len(self._buffer)

    def feed(self, content: bytes | bytearray) -> None:
        self._buffer += content

    def take(self) -> Request | None:
        """The next request, once all of it is there. Raises Malformed."""
        while self._step():
            if self._done:
                request = Request(
                    self._method,
                    self._path,
                    self._lines,
                    bytes(self._body),
                    self._size,
                    self._closes,
                )
                self._begin()
                return request
        return None

    def asks_to_go_on(self) -> bool:
        """Whether the client waits for ``100 Continue``; told once."""
        asks, self._expects = self._expects and not self._buffer, False
        return asks

    def _begin(self) -> None:
        self._method = self._path = self._lines = ""
        self._body = bytearray()
        self._size = self._left = 0
        self._expects = self._closes = self._done = False
        self._step = self._head

    def _head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0 or end > HEAD_BYTES_MAX:
            if len(self._buffer) > HEAD_BYTES_MAX:
                raise Malformed(f"a head of over {HEAD_BYTES_MAX} bytes")
            return False
        first, _, lines = self._buffer[:end].decode("latin-1").partition("\r\n")
        del self._buffer[: end + 4]
        words = first.split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            raise Malformed(f"no request line: {first[:100]!r}")
        self._method, self._path, version = words
        self._lines, length, self._expects, closes = (
            _framing(lines) if len(lines) <= _ALIKE_BYTES_MAX else _framing.__wrapped__(lines)
        )
        self._closes = version == "HTTP/1.0" if closes is None else closes
        if length is None:
            self._step = self._chunk_line
        else:
            self._left = length
            self._done = not length
            self._step = self._content
        return True

    def _content(self) -> bool:
        self._keep()
        self._done = not self._left
        return self._done

    def _keep(self) -> None:
        """Take what is there of the content that is due."""
        part = self._buffer[: self._left] if self._left < len(self._buffer) else self._buffer
        self._size += len(part)
        self._left -= len(part)
        if self._size <= self._max:
            self._body += part
        else:
            self._body = bytearray()
        if part is self._buffer:
            self._buffer = bytearray()
        else:
            del self._buffer[: len(part)]

    def _chunk_line(self) -> bool:
        line = self._line()
        if line is None:
            return False
        self._left = _number(line.partition(";")[0].strip(), 16)
        self._step = self._chunk if self._left else self._trailer
        return True

    def _chunk(self) -> bool:
        if self._left:
            self._keep()
        if self._left or len(self._buffer) < 2:
            return False
        if self._buffer[:2] != b"\r\n":
            raise Malformed("a chunk that is longer than it says")
        del self._buffer[:2]
        self._step = self._chunk_line
        return True

    def _trailer(self) -> bool:
        line = self._line(HEAD_BYTES_MAX)
        if line is None:
            return False
        if line:
            self._lines += f"\n{line}"
        else:
            self._done = True
        return True

    def _line(self, most: int = _CHUNK_LINE_BYTES_MAX) -> str | None:
        end = self._buffer.find(b"\r\n", 0, most + 2)
        if end < 0:
            if len(self._buffer) > most:
                raise Malformed(f"a line of over {most} bytes")
            return None
        line = self._buffer[:end].decode("latin-1")
        del self._buffer[: end + 2]
        return line


@lru_cache(maxsize=256)  # a client's requests are all alike
def _framing(lines: str) -> tuple[str, int | None, bool, bool | None]:
    """The lines with plain ends, the length (None in chunks), whether to go on, whether to close.

    Raises Malformed.
    """
    lines = lines.replace("\r\n", "\n")
    found = {name.lower(): value.lower() for name, value in _FRAMING.findall(lines)}
    chunked = found.get("transfer-encoding") == "chunked"
    length = None if chunked else _number(found.get("content-length", "0"), 10)
    closes = found["connection"] == "close" if "connection" in found else None
    return lines, length, found.get("expect") == "100-continue", closes


def _number(text: str, base: int) -> int:
    if not text.isalnum():
        raise Malformed(f"no number: {text[:100]!r}")
    try:
        return int(text, base)
    except ValueError:
        raise Malformed(f"no number: {text[:100]!r}") from None


class Connection(asyncio.BufferedProtocol):
    """One connection of a client: *serve* is told of a request and answers it, now or later.

    *gone* is told when the connection has ended, whoever ended it.
    """

    def __init__(
        self,
        serve: Callable[[Connection, Request], None],
        gone: Callable[[Connection], None],
        body_bytes_max: int,
    ) -> None:
        self._serve, self._gone = serve, gone
        self._parser = Parser(body_bytes_max)
        self._received = bytearray(_RECEIVED_BYTES)
        self._transport: asyncio.Transport | None = None
        self._busy = self._paused = self._last = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def get_buffer(self, sizehint: int) -> bytearray:
        return self._received

    def buffer_updated(self, nbytes: int) -> None:
        self._parser.feed(self._received[:nbytes])
        if not self._busy:
            self._go_on()
        elif self._parser.waiting > WAITING_BYTES_MAX and self._transport is not None:
            self._transport.pause_reading()
            self._paused = True

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._gone(self)

    def answer(
        self,
        status: str,
        body: bytes = b"",
        headers: str = "",
        content_type: str = "application/json",
    ) -> None:
        """Answer the request that is served; nothing happens when the client is gone.

        *status* is its number and its words; *headers* are whole lines, each with its end.
        """
        self.reply(
            f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\n"
            f"Content-Length: {len(body)}\r\n{headers}",
            body,
        )

    def reply(self, head: str, body: bytes = b"") -> None:
        """Answer with the whole lines of a head, each with its end, and a body."""
        transport = self._transport
        if transport is None:
            return
        end = "Connection: close\r\n\r\n" if self._last else "\r\n"
        transport.write(f"{head}{end}".encode() + body)
        self._busy = False
        if self._last:
            transport.close()
        elif self._parser.waiting:
            asyncio.get_running_loop().call_soon(self._go_on)

    def abort(self) -> None:
        """End the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    def _go_on(self) -> None:
        """Serve the next request, if all of it is there."""
        transport = self._transport
        if transport is None or self._busy:
            return
        if self._paused:
            self._paused = False
            transport.resume_reading()
        try:
            request = self._parser.take()
        except Malformed as error:
            self._last = True
            self.answer("400 Bad Request", str(error).encode(), content_type="text/plain")
            return
        if request is not None:
            self._busy = True
            self._last = request.closes
            self._serve(self, request)
        elif self._parser.asks_to_go_on():
            transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
