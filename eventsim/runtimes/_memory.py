"""How much memory a process has had at the most: from /proc, or else from ``ps``."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

_PROCESSES_MAX = 64
_STATUS_BYTES = 4096
_PATIENCE_SECONDS = 2.0


class Gauge:
    """Tells the peak of a process and of its present descendants, again and again."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._files: list[int] = []
        if sys.platform == "linux":
            with suppress(OSError):  # it has ended
                self._files.extend(os.open(path, os.O_RDONLY) for path in _paths(pid))

    def peak(self) -> int | None:
        """In bytes, None if nobody knows; where there is no /proc it is what there is now."""
        if sys.platform != "linux":
            return _by_ps(self._pid)
        if len(self._files) < 2:
            return None
        status, children = self._files
        try:
            total = _high_water_mark(os.pread(status, _STATUS_BYTES, 0))
            waiting = os.pread(children, _STATUS_BYTES, 0).split()
        except ProcessLookupError:
            return None
        return (total + _descendants(waiting) if waiting else total) or None

    def close(self) -> None:
        for file in self._files:
            os.close(file)
        self._files.clear()


def of_usage(max_rss: int) -> int:
    """The peak that a collected process reports, in bytes."""
    return max_rss if sys.platform == "darwin" else max_rss * 1024


def _descendants(waiting: list[bytes]) -> int:
    total = seen = 0
    while waiting and seen < _PROCESSES_MAX:
        seen += 1
        pid = int(waiting.pop())
        with suppress(OSError):  # it has ended
            status, children = (Path(path).read_bytes() for path in _paths(pid))
            total += _high_water_mark(status)
            waiting += children.split()
    return total


def _paths(pid: int) -> tuple[str, str]:
    return f"/proc/{pid}/status", f"/proc/{pid}/task/{pid}/children"


def _high_water_mark(status: bytes) -> int:
    _, found, rest = status.partition(b"VmHWM:")
    return int(rest.split(None, 1)[0]) * 1024 if found else 0


def _by_ps(pid: int) -> int | None:
    with suppress(OSError, ValueError, subprocess.SubprocessError):  # ended, or there is no ps
        command = ["ps", "-o", "rss=", "-p", str(pid)]
        said = subprocess.run(
            command, capture_output=True, check=True, timeout=_PATIENCE_SECONDS
        ).stdout
        return int(said) * 1024
    return None
