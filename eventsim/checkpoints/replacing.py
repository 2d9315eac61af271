"""A file of which there is always a whole one, and the lock that keeps it one process's."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path


def replace_file(path: Path, content: bytes) -> None:
    """Put *content* in the file's place, for its owner alone to read.

    Whenever the process is killed or the power fails, the old content is there or the new one;
    when this returns, the new one. Raises OSError, and leaves the old one where it can.
    """
    new = path.with_name(f".{path.name}.new")
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o600)  # it may be there already, from a process that was killed
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        new.replace(path)
    except OSError:
        with suppress(OSError):  # what went wrong before is what is told
            new.unlink()
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Lock:
    """Keeps other processes away from a file. Ends with the process, however that ends."""

    def __init__(self, path: Path) -> None:
        """Take the lock of *path*. Raises BlockingIOError when somebody has it, OSError."""
        self._path = path.with_name(f".{path.name}.lock")
        while True:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(self._descriptor)
                raise
            if self._is_in_place():
                return
            os.close(self._descriptor)  # whoever had it has removed it meanwhile

    def release(self) -> None:
        """Let others have it. To be called once."""
        with suppress(OSError):  # it is a lock as long as it is open, wherever it stands
            self._path.unlink()
        os.close(self._descriptor)

    def _is_in_place(self) -> bool:
        try:
            return os.path.samestat(os.fstat(self._descriptor), self._path.stat())
        except FileNotFoundError:
            return False
