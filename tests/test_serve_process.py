"""`eventsim serve` as its own process: its URLs, its port, its timeline, its end."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.commands import command, process

APP = """\
def web(event, context):
    return {"statusCode": 200, "body": event["requestContext"]["http"]["path"]}
def slow(event, context):
    import time
    time.sleep(0.5)
    return "done"
def records(event, context):
    print("records", len(event["Records"]))
"""
SCENARIO = """\
# A function with a URL, and another that is sent records meanwhile.
name: small
resources:
  orders: {type: kinesis, shards: 1}
functions:
  web:
    Handler: app.web
    Events:
      Any: {Type: HttpApi}
  slow:
    Handler: app.slow
    Events:
      Slow: {Type: HttpApi, Properties: {Path: /slow, Method: get}}
  records:
    Handler: app.records
    Events:
      Orders: {Type: Kinesis, Properties: {Stream: orders, StartingPosition: TRIM_HORIZON}}
timeline:
  - {at: 0s, put: orders, records: [{key: a, data: 1}]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "s.yaml").write_text(SCENARIO)
    return tmp_path


@contextmanager
def serving(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and its URL."""
    words = ("serve", "s.yaml", "--port", "0", "--port-file", "port", "--journal", "j.jsonl")
    running = subprocess.Popen(
        command(*words), cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert running.stdout is not None
        url = running.stdout.readline().split()[0].rstrip("/")
        yield running, url
    finally:
        running.kill()
        running.communicate(timeout=20)


def entries(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "j.jsonl").read_text().splitlines()]


def test_it_serves_until_it_is_interrupted(folder: Path) -> None:
    with serving(folder) as (running, url):
        assert url.endswith((folder / "port").read_text().strip())
        assert httpx.get(f"{url}/x").text == "/x"
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=20)
    assert running.returncode == 130
    assert "200  GET /x" in err
    assert "Traceback" not in err
    assert entries(folder)[-1]["kind"] == "run_finished"


def test_a_request_on_its_way_is_answered_before_the_end(folder: Path) -> None:
    with serving(folder) as (running, url), ThreadPoolExecutor() as others:
        answer = others.submit(httpx.get, f"{url}/slow")
        until = time.monotonic() + 10
        while time.monotonic() < until:
            kinds = [(e["kind"], e.get("function")) for e in entries(folder)]
            if ("event_pushed", "slow") in kinds:
                break
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        assert answer.result(20).text == "done"
        running.communicate(timeout=20)
    assert running.returncode == 130


def test_the_timeline_plays_and_mappings_poll_meanwhile(folder: Path) -> None:
    with serving(folder) as (running, _):
        until = time.monotonic() + 10
        while time.monotonic() < until:
            if any(entry["kind"] == "batch_delivered" for entry in entries(folder)):
                break
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=20)
    assert any(entry["kind"] == "batch_delivered" for entry in entries(folder))


def test_a_port_that_is_taken_says_what_to_change(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = process("serve", "s.yaml", "--port", str(port), folder=folder)
    assert ended.code == 2
    assert f"127.0.0.1:{port} is in use; choose another --port" in ended.stderr


def test_a_plain_run_says_that_no_requests_come(folder: Path) -> None:
    ended = process("run", "s.yaml", folder=folder)
    assert ended.code == 0
    assert "no requests come to functions.web.Events.Any" in ended.stderr
