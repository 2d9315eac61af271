"""Where the child processes of a run live: a folder for their files, and their guardian."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO

from eventsim.errors import EventsimError
from eventsim.runtimes import _guardian


class House:
    """The temporary folder of the environments, and who clears up after us.

    The guardian is a small process that outlives this one if that is killed; it then ends the
    children and removes the folder. Both are made when first needed.
    """

    def __init__(self) -> None:
        self._folder: str | None = None
        self._guardian: subprocess.Popen[bytes] | None = None

    def new_folder(self) -> str:
        """A folder for one environment's temporary files. Raises EventsimError."""
        try:
            if self._folder is None:
                self._folder = tempfile.mkdtemp(prefix="eventsim-")
            if self._guardian is None:
                self._guardian = _guard(self._folder)
            return tempfile.mkdtemp(prefix="tmp-", dir=self._folder)
        except OSError as error:
            raise EventsimError(f"cannot make a temporary folder: {error}") from error

    def remove_folder(self, folder: str) -> None:
        """Remove one that this house has made, and never any other."""
        if self._folder is None or Path(folder).parent != Path(self._folder):
            raise ValueError(f"'{folder}' is no folder of ours")
        shutil.rmtree(folder, ignore_errors=True)

    def began(self, group: int, address: str) -> None:
        """Tell the guardian of a group, whose Runtime API has that address."""
        self._tell(f"+ {group} {address}\n")

    def ended(self, group: int) -> None:
        self._tell(f"- {group}\n")

    def close(self) -> None:
        """Remove the folder and let the guardian go; everything in it has ended."""
        guardian, self._guardian = self._guardian, None
        folder, self._folder = self._folder, None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        if guardian is not None:
            guardian.kill()
            guardian.wait()
            with suppress(OSError):  # it is dead, and what was not written has no reader
                _stdin(guardian).close()

    def _tell(self, line: str) -> None:
        if self._guardian is not None:
            with suppress(OSError):  # somebody killed it: then nobody clears up after us
                _stdin(self._guardian).write(line.encode())


def _guard(folder: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(Path(_guardian.__file__)), folder],
        bufsize=0,
        cwd="/",
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _stdin(process: subprocess.Popen[bytes]) -> IO[bytes]:
    assert process.stdin is not None
    return process.stdin
