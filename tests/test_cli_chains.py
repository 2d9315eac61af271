"""Chains of services, typed at a shell as the help and the documentation have them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HANDLER = '''\
import json


def handler(event, context):
    """The key of the object that it is about, through whatever it came."""
    if event.get("Type") == "Notification":
        return handler(json.loads(event["Message"]), context)
    record = event["Records"][0]
    if "s3" in record:
        return record["s3"]["object"]["key"]
    text = record["Sns"]["Message"] if "Sns" in record else record["body"]
    return handler(json.loads(text), context)
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(HANDLER)
    command = tmp_path / "bin" / "eventsim"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m eventsim "$@"\n')
    command.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize(
    "through",
    [
        "",
        "eventsim generate sns notification --message - |",
        "eventsim generate sqs --body - |",
        "eventsim generate sns envelope --message - | eventsim generate sqs --body - |",
    ],
    ids=["S3", "S3-SNS", "S3-SQS", "S3-SNS-SQS"],
)
def test_what_s3_tells_comes_through_to_the_handler(folder: Path, through: str) -> None:
    line = (
        f'eventsim generate s3 put --key "red flower.jpg" | {through} eventsim invoke app.handler'
    )
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"

    done = subprocess.run(
        ["sh", "-c", line],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, '"red+flower.jpg"\n'), done.stderr
