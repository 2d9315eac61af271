"""A moto server as its own process, with streams to poll, and a proxy that can be away."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from typing import Any

_AWAY = """\
import sys
from datetime import datetime, timedelta, UTC
import time_machine
seconds = float(sys.argv.pop(1))
if seconds:
    time_machine.travel(datetime.now(UTC) + timedelta(seconds=seconds), tick=True).start()
from moto.server import main
main(["-H", "127.0.0.1", "-p", "0"])
"""


class Endpoint:
    """The address of a server, and a stream on it for each who asks."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._numbers = count()
        self.client = self.client_of("kinesis")

    def client_of(self, service: str) -> Any:
        """A client of one of its services."""
        import boto3

        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        return boto3.client(service, endpoint_url=self.url, region_name="us-east-1", **keys)

    def stream(self, shards: int = 1) -> str:
        """The name of a new stream, which is empty."""
        name = f"orders-{next(self._numbers)}"
        self.client.create_stream(StreamName=name, ShardCount=shards)
        return name

    def put(self, name: str, data: Sequence[bytes], shards: int = 1) -> None:
        """Put records on its shards in turn, by one writer: moto loses some of several."""
        for start in range(0, len(data), 500):
            self.client.put_records(
                StreamName=name,
                Records=[
                    {
                        "Data": each,
                        "PartitionKey": "a",
                        "ExplicitHashKey": str((start + index) % shards * (2**128 // shards)),
                    }
                    for index, each in enumerate(data[start : start + 500])
                ],
            )


@contextmanager
def moto_process(ahead: float = 0.0) -> Iterator[Endpoint]:
    """A moto server whose clock is *ahead* of ours by so many seconds."""
    process = subprocess.Popen(
        [sys.executable, "-c", _AWAY, str(ahead)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    with process, process.stderr as stderr:
        try:
            found = None
            while not found:
                line = stderr.readline()
                assert line, "moto's server has ended"
                found = re.search(r"Running on (http://\S+)", line)
            drain = threading.Thread(target=stderr.read, daemon=True)
            drain.start()
            yield Endpoint(found[1])
        finally:
            process.kill()
        drain.join()


class Proxy:
    """Passes connections on to *url*; while it is away it drops each, and says so."""

    def __init__(self, url: str) -> None:
        host, port = url.removeprefix("http://").split(":")
        self._target = host, int(port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._away = False
        self._open: list[socket.socket] = []
        self.dropped = threading.Semaphore(0)
        threading.Thread(target=self._accept, daemon=True).start()

    def go_away(self) -> None:
        """Cut every connection, and drop new ones."""
        self._away = True
        for each in self._open:
            _close(each)
        self._open.clear()

    def come_back(self) -> None:
        self._away = False

    def close(self) -> None:
        _close(self._listening)
        self.go_away()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                ours, _ = self._listening.accept()
                if self._away:
                    _close(ours)
                    self.dropped.release()
                    continue
                theirs = socket.create_connection(self._target)
                self._open += [ours, theirs]
                for source, sink in ((ours, theirs), (theirs, ours)):
                    threading.Thread(target=_pass_on, args=(source, sink), daemon=True).start()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):  # the other side hung up
        while got := source.recv(65_536):
            sink.sendall(got)
    _close(source)
    _close(sink)


def _close(connection: socket.socket) -> None:
    with suppress(OSError):  # it is not connected any more
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
