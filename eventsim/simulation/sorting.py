"""Records in order of arrival, however many: what is too much for memory waits on the disk."""

from __future__ import annotations

import heapq
import tempfile
from collections.abc import Iterable, Iterator
from operator import attrgetter
from pathlib import Path

import orjson

from eventsim.errors import RecordingError
from eventsim.recordings import RecordedRecord, jsonl
from eventsim.rules.dynamodb import Change
from eventsim.types import Message

RUN_RECORDS = 20_000  # sorted in memory at once
RUN_BYTES = 32 * 1024 * 1024
RUNS_MAX = 64  # merged at once
_ARRIVAL = attrgetter("arrival")


class Sorter:
    """Takes records in any order and gives them back by arrival, equal ones as they came.

    What does not fit into memory is in a folder beside *path*, until ``close``. Raises
    RecordingError where the disk does not take it.
    """

    def __init__(self, source: str, path: Path) -> None:
        self._source, self._decode, self._path = source, jsonl.decoder(source), path
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._run: list[RecordedRecord] = []
        self._bytes = self._made = 0
        self._runs: list[Path] = []

    def add(self, record: RecordedRecord) -> None:
        """Take a record."""
        self._run.append(record)
        self._bytes += _size(record)
        if len(self._run) == RUN_RECORDS or self._bytes >= RUN_BYTES:
            self._put_down()

    def sorted(self) -> Iterator[RecordedRecord]:
        """All of them, in order."""
        self._run.sort(key=_ARRIVAL)
        return heapq.merge(*map(self._read, self._runs), self._run, key=_ARRIVAL)

    def close(self) -> None:
        """Forget them."""
        self._run, self._runs = [], []
        if self._folder is not None:
            self._folder.cleanup()

    def _put_down(self) -> None:
        self._run.sort(key=_ARRIVAL)
        self._runs.append(self._written(self._run))
        self._run, self._bytes = [], 0
        if len(self._runs) == RUNS_MAX:
            merged = self._written(heapq.merge(*map(self._read, self._runs), key=_ARRIVAL))
            for each in self._runs:
                each.unlink()
            self._runs = [merged]

    def _written(self, records: Iterable[RecordedRecord]) -> Path:
        try:
            if self._folder is None:
                self._folder = tempfile.TemporaryDirectory(
                    prefix=".sort-", dir=self._path.parent, ignore_cleanup_errors=True
                )
            self._made += 1
            path = Path(self._folder.name, str(self._made))
            with path.open("wb") as file:
                for record in records:
                    file.write(jsonl.line_of(record, self._source) + b"\n")
        except OSError as error:
            message = f"cannot be written: {error.strerror or error}"
            raise RecordingError(self._path, 0, message) from error
        except (TypeError, ValueError) as error:
            raise RecordingError(self._path, 0, f"cannot be written: {error}") from error
        return path

    def _read(self, run: Path) -> Iterator[RecordedRecord]:
        with run.open("rb") as file:
            for line in file:
                yield self._decode(orjson.loads(line))


def _size(record: RecordedRecord) -> int:
    data = record.data
    if isinstance(data, Change):
        return sum(len(each) for each in data if isinstance(each, bytes))
    return len(data.body) if isinstance(data, Message) else len(data)
