"""
Appends to recordings in processes that are killed: one for each line ``PATH STEP KEY…`` on stdin.

Each is killed as it is about to take its STEP-th step on the way to the disk, 0 for not at all;
the answer is how many of its records it had been told are safe.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from eventsim.checkpoints import replacing
from eventsim.errors import RecordingError
from eventsim.recordings import Header, RecordedRecord, _appending, _zstd
from eventsim.recordings.jsonl import Appender

HEADER = Header("kinesis", "a test")
WATCHED = {_appending.__file__, replacing.__file__}


def zstd_is_there() -> bool:
    """Whether recordings can be in Zstandard here."""
    try:
        return bool(_zstd.library(Path("r.jsonl.zst")))
    except RecordingError:
        return False


def killed_at(step: int) -> None:
    """Let this process be killed before so many calls by those who write."""
    left = step

    def count(frame: FrameType, event: str, _: Any) -> None:
        nonlocal left
        if event == "c_call" and frame.f_code.co_filename in WATCHED:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)


def write(path: str, keys: list[str], told: int) -> None:
    with Appender(path, HEADER) as appender:
        for key in keys:
            appender.append([RecordedRecord(float(appender.count), key, b"x" * 200)])
            os.write(told, b".")


def main() -> None:
    for line in sys.stdin:
        path, step, *keys = line.split()
        reading, telling = os.pipe()
        child = os.fork()
        if child == 0:
            killed_at(int(step))
            write(path, keys, telling)
            os._exit(0)
        os.close(telling)
        os.waitpid(child, 0)
        print(len(os.read(reading, 1000)), flush=True)
        os.close(reading)


if __name__ == "__main__":
    main()
