"""
Ends what child processes leave behind: groups, what left its group, and folders.

Run as a script it is the guardian of one eventsim process: it waits on stdin until that process
is gone, however it ended, then ends the groups that it was told of and removes their folder. It
stands alone and imports nothing of eventsim, so that it starts in no time.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress

MARK = "AWS_LAMBDA_RUNTIME_API"
_PROCESSES = "/proc"
_PASSES_MAX = 5


def end_group(group: int) -> None:
    """Kill every process of a group. Its leader must not have been collected yet."""
    with suppress(ProcessLookupError, PermissionError):  # it is gone, or only zombies are left
        os.killpg(group, signal.SIGKILL)


def end_marked(address: str) -> None:
    """Kill what left its group but kept its environment: it names the Runtime API's address.

    Only Linux tells the environment of a process.
    """
    mark = f"{MARK}={address}".encode()
    for _ in range(_PASSES_MAX):
        found = list(_marked(mark))
        if not found:
            return
        for pid in found:
            with suppress(ProcessLookupError, PermissionError):  # gone meanwhile, or not ours
                os.kill(pid, signal.SIGKILL)


def _marked(mark: bytes) -> Iterator[int]:
    try:
        names = [entry.name for entry in os.scandir(_PROCESSES) if entry.name.isdigit()]
    except OSError:  # there is no such folder, or this process has too many files open
        return
    for name in names:
        with suppress(OSError):  # it has ended, or is somebody else's
            file = os.open(f"/proc/{name}/environ", os.O_RDONLY)
            try:
                environment = os.read(file, 256 * 1024)
            finally:
                os.close(file)
            if mark in environment.split(b"\0"):
                yield int(name)


def _guard(folder: str) -> None:
    groups: dict[int, str] = {}
    for line in sys.stdin:
        sign, group, *address = line.split()
        if sign == "+":
            groups[int(group)] = address[0]
        else:
            groups.pop(int(group), None)
    for group, address in groups.items():
        end_group(group)
        end_marked(address)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    _guard(sys.argv[1])
