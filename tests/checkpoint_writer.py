"""
Writes checkpoints in processes that are killed: one for each line ``PATH STEP VALUE…`` on stdin.

Each is killed as it is about to take its STEP-th step on the way to the disk, 0 for not at all;
the answer is how many of its values it had been told are safe.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType
from typing import Any

import anyio

from eventsim.checkpoints import FileCheckpoints, Identity, replacing
from eventsim.clock import RealClock
from eventsim.types import Checkpoint
from tests.conftest import START

MAPPING = Identity("app.orders", "arn:aws:kinesis:us-east-1:123456789012:stream/orders", "app")


def killed_at(step: int) -> None:
    """Let this process be killed before so many calls of the system by ``replacing``."""
    left = step

    def count(frame: FrameType, event: str, _: Any) -> None:
        nonlocal left
        if event == "c_call" and frame.f_code.co_filename == replacing.__file__:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)
    threading.setprofile(count)


async def write(path: str, values: list[str], told: int) -> None:
    checkpoints = FileCheckpoints(path, [MAPPING], RealClock(START))
    for value in values:
        await checkpoints.set(MAPPING.name, "shardId-0", Checkpoint(value))
        os.write(told, b".")


def main() -> None:
    for line in sys.stdin:
        path, step, *values = line.split()
        reading, telling = os.pipe()
        child = os.fork()
        if child == 0:
            killed_at(int(step))
            anyio.run(write, path, values, telling)
            os._exit(0)
        os.close(telling)
        os.waitpid(child, 0)
        print(len(os.read(reading, 1000)), flush=True)
        os.close(reading)


if __name__ == "__main__":
    main()
