"""What the tests of loads in other processes share: a server that counts, and a load of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.commands import command

# Counts the requests that it answers, and tells at the end of its stdin.
SERVER = """\
import asyncio, sys
served = 0
async def answer(reader, writer):
    global served
    try:
        while True:
            head = await reader.readuntil(b"\\r\\n\\r\\n")
            await reader.readexactly(int(head.lower().partition(b"content-length:")[2].split()[0]))
            served += 1
            writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok")
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()
async def main():
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    print(served, flush=True)
asyncio.run(main())
"""


class Counting:
    """A server in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        assert process.stdout is not None
        self.url = f"http://127.0.0.1:{int(process.stdout.readline())}/orders"

    def served(self) -> int:
        """How many requests it has answered; it ends with that."""
        out, _ = self._process.communicate(timeout=30)
        return int(out)


@contextmanager
def counting() -> Iterator[Counting]:
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield Counting(process)
    finally:
        process.kill()
        process.communicate()


def begun(folder: Path, *words: str) -> tuple[subprocess.Popen[str], list[int]]:
    """A load of *words* whose parts have told of a second, and their processes."""
    running = subprocess.Popen(
        command("load", *words),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stderr is not None
    for line in running.stderr:
        if " s  sent " in line:
            break
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text()
    return running, [int(child) for child in children.split()]
