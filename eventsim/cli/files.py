"""
The files that a command reads and writes: ``-`` is stdin or stdout, and nothing is overwritten
by mistake.
"""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, cast

from eventsim.errors import EventsimError, JournalError

if TYPE_CHECKING:
    from eventsim.journal import Entry

STREAM = "-"
IN_MEMORY_MAX = 8 * 1024 * 1024


def read_bytes(name: str) -> bytes:
    """What the file or stdin holds. Raises EventsimError."""
    try:
        return sys.stdin.buffer.read() if name == STREAM else Path(name).read_bytes()
    except (OSError, ValueError) as error:
        raise EventsimError(f"cannot read {name}: {reason(error)}") from None


@contextmanager
def writing(name: str | None) -> Iterator[TextIO]:
    """What becomes the file, or stdout for ``-`` or none. Raises EventsimError.

    The file is written when everything was told: after an error it is as it was before.
    """
    if name is None or name == STREAM:
        yield sys.stdout
        return
    try:
        with tempfile.SpooledTemporaryFile(IN_MEMORY_MAX, "w+", encoding="utf-8") as whole:
            yield cast(TextIO, whole)
            whole.seek(0)
            _copy(cast(TextIO, whole), Path(name))
    except OSError as error:
        raise EventsimError(f"cannot write {name}: {reason(error)}") from None


def _copy(whole: TextIO, path: Path) -> None:
    try:
        file = path.open("w", encoding="utf-8")
    except ValueError as error:  # a name that no file can have
        raise EventsimError(f"cannot write {path}: {reason(error)}") from None
    with file:
        shutil.copyfileobj(whole, file)


def check_folder(name: str) -> None:
    """Raise EventsimError for a file that has no folder to be written in, or is one itself."""
    if name == STREAM:
        return
    try:
        path = Path(name)
        wrong = "Is a directory" if path.is_dir() else ""
        wrong = wrong or ("" if path.parent.is_dir() else "No such file or directory")
    except (OSError, ValueError) as error:
        wrong = reason(error)
    if wrong:
        raise EventsimError(f"cannot write {name}: {wrong}")


def journal_entries(name: str) -> Iterator[Entry]:
    """The entries of a journal in a file, or from stdin for ``-``."""
    from eventsim.journal.reading import read, read_from

    if name == STREAM:
        return read_from(io.BufferedReader(cast(io.RawIOBase, sys.stdin.buffer)), "stdin")
    return read(Path(name))


@contextmanager
def journal_file(name: str) -> Iterator[str]:
    """The file of a journal, to be read more than once: stdin is copied into one for a while."""
    if name != STREAM:
        yield name
        return
    with tempfile.NamedTemporaryFile(prefix="eventsim-", suffix=".jsonl") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
        file.flush()
        yield file.name


def refuse_to_lose(name: str, path: Path) -> None:
    """Raise JournalError when *path* holds something that is not a journal of an earlier run."""
    try:
        if not (path.is_file() and path.stat().st_size):
            return
    except (OSError, ValueError):  # not to be looked at: opening it will tell why
        return
    try:
        next(journal_entries(str(path)), None)
    except JournalError:
        raise JournalError(
            f"{name} {path} would overwrite a file that is no journal; write another name"
        ) from None


def refuse_to_lose_recording(path: Path) -> None:
    """Raise EventsimError when *path* holds something that is no recording, or can be no file."""
    from eventsim.errors import RecordingError
    from eventsim.recordings.jsonl import check_header

    if path.exists() and not path.is_file():
        raise EventsimError(f"{path} is no file; write the name of one")
    if not path.parent.is_dir():
        raise EventsimError(f"{path} cannot be written: there is no folder {path.parent}")
    if not (path.is_file() and path.stat().st_size):
        return
    try:
        check_header(path)
    except RecordingError:
        raise EventsimError(
            f"{path} would overwrite a file that is no recording; write another name"
        ) from None


def same(one: str | Path, other: str | Path) -> bool:
    """Whether two names lead to the same file."""
    if STREAM in (one, other):
        return one == other
    return Path(one).resolve() == Path(other).resolve()


def reason(error: Exception) -> str:
    """Why the system refused, in its words."""
    return getattr(error, "strerror", None) or str(error)
