"""What the tests of sweeps share: scenarios small enough to be run many times."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.to_thread

from eventsim.scenario import Source
from eventsim.sweep import Plan, Sweep, plan
from eventsim.sweep.driving import Row
from eventsim.sweep.keeping import Kept
from eventsim.workers import Pool, Told, nobody
from eventsim.workers.process import done

# Twice the memory is half the time, up to one whole vCPU.
LOAD = """\
# A function that works for 100 ms on a whole vCPU.
name: work
functions:
  api: {run_in: model, Timeout: 30, duration: {cpu: 100ms}}
timeline:
  - {at: 0s, load: api, rate: 5/s, for: 10s}
"""
MEMORY = ("--set", "MemorySize=128,512,1769", "--set", "rate=5/s,9/s")

# Code that is told by its settings how it fares.
CODE = """\
import os, signal, sys, time

def handler(event, context):
    print("on stdout")
    os.write(1, b"on file descriptor 1\\n")
    mode = os.environ["MODE"]
    first = mode + ".pid"
    if mode in ("killed", "hangs") and not os.path.exists(first):
        with open(first + ".new", "w") as file:
            file.write(str(os.getpid()))
        os.rename(first + ".new", first)
        if mode == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(50)
    if mode == "always":
        os._exit(7)
"""
STREAM = """\
name: stream
resources:
  orders: {type: kinesis, shards: 1}
functions:
  app:
    Handler: app.handler
    duration: 20ms
    Environment: {Variables: {MODE: well}}
    Events:
      Orders:
        Type: Kinesis
        Properties: {Stream: orders, StartingPosition: TRIM_HORIZON}
timeline:
  - at: 0s
    put: orders
    records: [{key: a, data: 1}, {key: a, data: 2}, {key: a, data: 3}, {key: a, data: 4}]
"""


def outcomes(text: str) -> list[str]:
    """How each point ended."""
    return [point["outcome"] for point in json.loads(text)["points"]]


def counts(text: str) -> dict[str, int]:
    """How many points ended in which way; those with none left out."""
    return {key: number for key, number in json.loads(text)["counts"].items() if number}


class Here:
    """A worker in a thread of this process."""

    async def ask(self, part: bytes, told: Told = nobody) -> bytes:
        return await anyio.to_thread.run_sync(done, part)

    async def say(self, message: bytes) -> None:
        """No part of a sweep listens."""


@asynccontextmanager
async def here() -> AsyncIterator[Here]:
    yield Here()


def swept(name: str, *axes: str, output: Path | None = None) -> tuple[Plan, list[Row]]:
    """What a sweep of the scenario in a file comes to, without processes."""
    made = plan(Source.of(name), axes)
    with Kept(output, made.source) as kept:
        sweep = Sweep(made, kept)
        anyio.run(sweep.run, Pool(here, 1))
    return made, sweep.rows()
