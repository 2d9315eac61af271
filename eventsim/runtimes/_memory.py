"""How much memory a process has had at the most: from /proc, or else from ``ps``."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress

_PROCESSES_MAX = 64
_PATIENCE_SECONDS = 2.0


def peak(pid: int) -> int | None:
    """The peak of a process and of its present descendants, in bytes; None if nobody knows.

    Where there is no /proc it is what the process has now.
    """
    if sys.platform != "linux":
        return _by_ps(pid)
    total, waiting, seen = 0, [pid], 0
    while waiting and seen < _PROCESSES_MAX:
        seen += 1
        process = waiting.pop()
        with suppress(OSError):
            total += _high_water_mark(process)
            waiting += _children(process)
    return total or None


def of_usage(max_rss: int) -> int:
    """The peak that a collected process reports, in bytes."""
    return max_rss if sys.platform == "darwin" else max_rss * 1024


def _high_water_mark(pid: int) -> int:
    with open(f"/proc/{pid}/status", "rb", buffering=0) as file:  # noqa: PTH123  # it is hot
        text = file.read(2048)
    _, found, rest = text.partition(b"VmHWM:")
    return int(rest.split(None, 1)[0]) * 1024 if found else 0


def _children(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children", "rb", buffering=0) as file:  # noqa: PTH123  # it is hot
        return [int(child) for child in file.read().split()]


def _by_ps(pid: int) -> int | None:
    with suppress(OSError, ValueError, subprocess.SubprocessError):
        command = ["ps", "-o", "rss=", "-p", str(pid)]
        said = subprocess.run(
            command, capture_output=True, check=True, timeout=_PATIENCE_SECONDS
        ).stdout
        return int(said) * 1024
    return None
