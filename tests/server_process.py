"""`eventsim serve` as its own process, and clients of it: who wants to see AWS asks it."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import httpx
from botocore.config import Config

from tests.commands import command

ROLE = "arn:aws:iam::123456789012:role/anybody"
SECONDS = 30


@dataclass(frozen=True)
class Served:
    """A running server: its process, its address, and the folder that its files are in."""

    process: subprocess.Popen[str]
    base: str
    folder: Path
    clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    def client(self, service: str, region: str = "us-east-1") -> Any:
        """An ordinary client, that asks once; the same one each time."""
        if (service, region) not in self.clients:
            self.clients[service, region] = self._made(service, region)
        return self.clients[service, region]

    def close(self) -> None:
        """Close every client."""
        while self.clients:
            self.clients.popitem()[1].close()

    def _made(self, service: str, region: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.base,
            region_name=region,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=SECONDS),
        )

    def entries(self, kind: str) -> list[dict[str, Any]]:
        """The entries of a kind in the journal."""
        lines = (self.folder / "j.jsonl").read_text().splitlines()
        return [entry for entry in map(json.loads, lines) if entry["kind"] == kind]

    def stop(self) -> int:
        """Interrupt it as Ctrl-C does; its exit code."""
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=SECONDS)
        return self.process.returncode


@contextmanager
def server(folder: Path, *words: str) -> Iterator[Served]:
    """A server on a port of its own; it is killed at the end, if it has not ended by then."""
    running = subprocess.Popen(
        command("serve", *words, "--port", "0", "--port-file", "port", "--journal", "j.jsonl"),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert running.stdout is not None
        base = ""
        for line in running.stdout:
            base, _, name = line.strip().partition("  ")
            if name == "AWS_ENDPOINT_URL":
                break
        health = httpx.get(f"{base}/_eventsim/health", timeout=SECONDS).json()
        assert health["status"] == "running"
        served = Served(running, base, folder)
        try:
            yield served
        finally:
            served.close()
    finally:
        running.kill()
        running.communicate(timeout=SECONDS)


def zipped(**files: str | bytes) -> bytes:
    """A ZIP file; ``app__py`` is the file app.py."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "."), content)
    return out.getvalue()


def create(client: Any, name: str, code: str, **more: Any) -> dict[str, Any]:
    """A Python function whose handler is ``app.handler``."""
    settings = {"Runtime": "python3.12", "Role": ROLE, "Handler": "app.handler", "Timeout": 20}
    made: dict[str, Any] = client.create_function(
        FunctionName=name, Code={"ZipFile": zipped(app__py=code)}, **{**settings, **more}
    )
    return made


def until(what: Callable[[], Any]) -> Any:
    """What *what* gives as soon as it gives anything; it is asked again and again."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"it did not come about in {SECONDS} s")


def lines(client: Any, function: str) -> list[str]:
    """Everything in the log group of a function, stream by stream."""
    group = f"/aws/lambda/{function}"
    try:
        streams = client.describe_log_streams(logGroupName=group)["logStreams"]
    except client.exceptions.ResourceNotFoundException:
        return []
    found = []
    for stream in streams:
        events = client.get_log_events(
            logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True
        )["events"]
        found += [event["message"].rstrip("\n") for event in events]
    return found
