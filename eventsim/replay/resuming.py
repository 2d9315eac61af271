"""How far a replay into something that lives on has come, in a file, so that none is sent twice."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from eventsim.checkpoints.replacing import Lock, replace_file
from eventsim.errors import CheckpointError

SCHEMA = 1
PRINTED_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Doubt:
    """Records that were being sent when the process ended: they may have arrived or not."""

    first: int
    records: int


class Resume:
    """The resume file of one replay: what it is of, and how many records have been sent.

    It is whole whenever it is read, and no other process uses it meanwhile. Raises
    CheckpointError for a file of another replay, damaged, newer, in use, or that cannot be
    written.
    """

    def __init__(self, path: Path, identity: Sequence[str]) -> None:
        self._path, self._identity = path, list(identity)
        self.sent = 0
        self.doubt: Doubt | None = None
        self.began: float | None = None
        try:
            self._lock = Lock(path)
        except BlockingIOError:
            raise CheckpointError(f"{path} is in use by another replay") from None
        except OSError as error:
            raise CheckpointError(f"{path} cannot be used: {error.strerror}") from None
        try:
            self._load()
        except BaseException:
            self._lock.release()
            raise

    def sending(self, records: int, now: float) -> None:
        """The next *records* are about to be sent, at epoch time *now*."""
        self.began = now if self.began is None else self.began
        self.doubt = Doubt(self.sent, records)
        self._store()

    def done(self, records: int) -> None:
        """They have been sent."""
        self.sent += records
        self.doubt = None
        self._store()

    def close(self) -> None:
        """Let another process have the file."""
        self._lock.release()

    def _load(self) -> None:
        try:
            text = self._path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            raise CheckpointError(f"{self._path} cannot be read: {error.strerror}") from None
        try:
            self._take(orjson.loads(text))
        except (ValueError, KeyError, TypeError) as error:
            raise CheckpointError(
                f"{self._path} is no resume file of a replay, or is damaged; write another name"
            ) from error

    def _take(self, fields: dict[str, Any]) -> None:
        schema = fields["replay"]
        if schema > SCHEMA:
            raise CheckpointError(f"{self._path} was written by a newer eventsim")
        if fields["of"] != self._identity:
            raise CheckpointError(
                f"{self._path} is of another replay ({', '.join(fields['of'])}); write another "
                "name, or remove it to begin again"
            )
        doubt = fields["in_doubt"]
        self.sent, self.began = int(fields["sent"]), fields["began"]
        self.doubt = None if doubt is None else Doubt(*map(int, doubt))

    def _store(self) -> None:
        doubt = None if self.doubt is None else [self.doubt.first, self.doubt.records]
        fields = {
            "replay": SCHEMA,
            "of": self._identity,
            "began": self.began,
            "sent": self.sent,
            "in_doubt": doubt,
        }
        try:
            replace_file(self._path, orjson.dumps(fields) + b"\n")
        except OSError as error:
            raise CheckpointError(f"{self._path} cannot be written: {error.strerror}") from None


def fingerprint(path: Path) -> str:
    """What tells one file from another of its name: its beginning, its end and its size."""
    digest = sha256()
    with path.open("rb") as file:
        digest.update(file.read(PRINTED_BYTES))
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - PRINTED_BYTES))
        digest.update(file.read(PRINTED_BYTES))
    return f"{path.name} {size} {digest.hexdigest()[:16]}"
