"""What the tests of the command line share: a folder with a handler and a scenario around it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from typer.testing import CliRunner

from eventsim.cli import app

APP = """\
def handler(event, context):
    ids = [record["kinesis"]["partitionKey"] for record in event["Records"]]
    print("got", *ids)
    if "poison" in ids:
        raise ValueError("poison")
    return len(ids)
"""

SCENARIO = """\
# Every record arrives.
name: small
seed: 7
resources:
  orders: {type: kinesis, shards: 1}
functions:
  app:
    Handler: app.handler
    Events:
      Orders:
        Type: Kinesis
        Properties: {Stream: orders, StartingPosition: TRIM_HORIZON, MaximumRetryAttempts: 1}
timeline:
  - {at: 0s, put: orders, records: [{key: a, data: 1}, {key: b, data: 2}]}
expect:
  - {entry: batch_delivered, sum: records, min: 2}
"""


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    stdout: str
    stderr: str


def eventsim(*words: str | Path, stdin: str | None = None) -> Ended:
    """Run a command in this process."""
    result = CliRunner().invoke(app, [str(word) for word in words], input=stdin)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ended(result.exit_code, result.stdout, result.stderr)


def command(*words: str | Path) -> Sequence[str]:
    """The same as a command line for a process of its own."""
    return [sys.executable, "-m", "eventsim", *map(str, words)]


def process(*words: str | Path, folder: Path, stdin: str | None = None) -> Ended:
    """Run a command in a process of its own; without *stdin* that is /dev/null."""
    done = subprocess.run(
        command(*words),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        **({"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}),
    )
    return Ended(done.returncode, done.stdout, done.stderr)
