"""
The file of a sweep: JSON Lines, one for each point that is done, so that none is run twice.

A line is on the disk before the next point counts as done. After ``kill -9`` the file holds every
point up to there, and at most one line that is cut off, which is dropped. When the sweep is over
its points are put into the order of the grid, all at once.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from eventsim import __version__
from eventsim.checkpoints.replacing import Lock, replace_file
from eventsim.errors import EventsimError
from eventsim.scenario import Source

BYTES_MAX = 256 * 1024 * 1024
HEAD = "eventsim_sweep"
SCHEMA = 1

Outcome = dict[str, Any]


class Kept:
    """What is done by now; in a file, if there is one. A context manager.

    Raises EventsimError for a file of something else, of another scenario or another eventsim,
    in use by another process, or damaged.
    """

    def __init__(self, path: Path | None, source: Source) -> None:
        self._path = path
        self._head = {
            HEAD: SCHEMA,
            "version": __version__,
            "sha256": hashlib.sha256(source.text.encode()).hexdigest(),
        }
        self._done: dict[bytes, Outcome] = {}
        self._file: BinaryIO | None = None
        self._lock: Lock | None = None

    def __enter__(self) -> Kept:
        if self._path is not None:
            try:
                self._open(self._path)
            except OSError as error:
                self.close()
                raise self._unusable(self._path, error) from None
            except EventsimError:
                self.close()
                raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def get(self, named: dict[str, Any]) -> Outcome | None:
        """How the point with these settings ended, if it did."""
        return self._done.get(_key(named))

    def add(self, named: dict[str, Any], outcome: Outcome) -> None:
        """Keep how a point ended, and have it on the disk. Raises EventsimError."""
        self._done[_key(named)] = outcome
        if self._file is not None and self._path is not None:
            try:
                self._file.write(_line({"set": named, **outcome}))
                self._file.flush()
                os.fsync(self._file.fileno())
            except OSError as error:
                raise self._unusable(self._path, error) from None

    def finish(self, order: Iterable[dict[str, Any]]) -> None:
        """Put the points of the grid into *order*, and others of earlier grids behind them."""
        if self._path is None:
            return
        keys = [_key(named) for named in order]
        keys += sorted(self._done.keys() - set(keys))
        lines = ({"set": orjson.loads(key), **self._done[key]} for key in keys if key in self._done)
        content = b"".join([_line(self._head), *map(_line, lines)])
        try:
            replace_file(self._path, content)
        except OSError as error:
            raise self._unusable(self._path, error) from None

    def _open(self, path: Path) -> None:
        self._lock = Lock(path)
        self._file = path.open("a+b")
        if self._file.seek(0, os.SEEK_END) > BYTES_MAX:
            raise EventsimError(f"{path} is over {BYTES_MAX // 1024**2} MB; write another name")
        self._file.seek(0)
        content = self._file.read()
        whole = content.rfind(b"\n") + 1
        if content and not whole and not _line(self._head).startswith(content):
            raise self._foreign(path)
        self._file.truncate(whole)
        lines = content[:whole].splitlines()
        if lines:
            self._check_head(path, lines[0])
            for number, line in enumerate(lines[1:], 2):
                self._take(path, number, line)
        else:
            self._file.write(_line(self._head))
            self._file.flush()

    def _check_head(self, path: Path, line: bytes) -> None:
        head = _object(line)
        if head.get(HEAD) != SCHEMA:
            raise self._foreign(path)
        for key, of in (
            ("sha256", "a scenario with another text"),
            ("version", "another eventsim"),
        ):
            if head.get(key) != self._head[key]:
                raise EventsimError(f"{path} is of {of}; write another name, or remove it")

    def _take(self, path: Path, number: int, line: bytes) -> None:
        kept = _object(line)
        named = kept.pop("set", None)
        if not isinstance(named, dict) or kept.keys() != {"outcome", "because", "figures"}:
            raise EventsimError(f"{path}:{number} is damaged; remove the line, or the file")
        self._done[_key(named)] = kept

    def _foreign(self, path: Path) -> EventsimError:
        return EventsimError(f"{path} is no file of a sweep; write another name")

    def _unusable(self, path: Path, error: OSError) -> EventsimError:
        if isinstance(error, BlockingIOError):
            return EventsimError(f"{path} is in use by another process; write another name")
        return EventsimError(f"cannot use {path}: {error.strerror or error}")


def _key(named: dict[str, Any]) -> bytes:
    return orjson.dumps(named, option=orjson.OPT_SORT_KEYS)


def _line(value: Any) -> bytes:
    return orjson.dumps(value) + b"\n"


def _object(line: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
