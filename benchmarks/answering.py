"""
A server that answers anything at once and remembers when it was asked: ``python -m`` this.

It prints its port. A POST is answered 200 with ``null``; a GET with the seconds at which each POST
since the last GET came, as JSON.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.request import urlopen

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\nnull"


@contextmanager
def answering() -> Iterator[str]:
    """The address of such a server, in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.answering"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.communicate()


def arrivals(url: str) -> list[float]:
    """When the requests since the last call came."""
    with urlopen(f"{url}/arrivals") as answer:
        times: list[float] = json.load(answer)
    return times


async def serve() -> None:
    times: list[float] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):  # who asked has gone
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if head.startswith(b"GET"):
                    body = json.dumps(times).encode()
                    times.clear()
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
                    writer.write(body)
                    continue
                times.append(time.monotonic())
                length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
                await reader.readexactly(int(length or 0))
                writer.write(ANSWER)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=1_000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):  # it is stopped by who started it
        asyncio.run(serve())
