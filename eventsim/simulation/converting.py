"""What people already have, made into a recording: streamed, in bounded memory."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from pathlib import Path
from types import ModuleType
from typing import Any

from eventsim import registry
from eventsim.errors import EventsimError, RecordingError
from eventsim.recordings import Asked, BadLine, Header, OnBadLine, RecordedRecord, jsonl
from eventsim.rules.dynamodb import Change
from eventsim.simulation.sorting import Sorter
from eventsim.types import Message

OWN = "jsonl"
PACKED = (".gz", ".zst")


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """Files, or folders of them, in a format, and the recording made of them.

    A ``format`` of None goes by the names of the files. With ``sort`` records are put in order
    of arrival, on the disk; equal arrivals stay in the order of the files.
    """

    inputs: Sequence[Path]
    output: Path
    format: str | None = None
    sort: bool = False
    asked: Asked = field(default_factory=Asked)


def formats() -> list[str]:
    """Every format that can be read."""
    return registry.names("recordings")


def convert(conversion: Conversion) -> int:
    """Write the recording, whole or not at all, and return the number of its records.

    Raises RecordingError for what cannot be read, EventsimError for what cannot be asked.
    """
    jsonl.check_suffix(conversion.output)
    files = [file for path in conversion.inputs for file in _files(path)]
    if not files:
        raise EventsimError(f"no file in {conversion.inputs[0]}")
    bad = _Counted(conversion.asked.on_bad_line)
    conversion.asked.on_bad_line = bad
    with ExitStack() as closing:
        header, records = _records(conversion, files)
        if conversion.sort:
            first = list(islice(records, 1))
            header = header or _header(conversion, files, first)
            sorter = Sorter(header.source, conversion.output)
            closing.callback(sorter.close)
            for record in chain(first, records):
                sorter.add(record)
            records = _in_order(sorter.sorted(), header, conversion)
        first = list(islice(records, 1))
        if bad.count and not first:
            raise RecordingError(files[0], 0, "nothing in it is a record; is it another format?")
        header = header or _header(conversion, files, first)
        return jsonl.write(conversion.output, header, chain(first, records))


def _records(
    conversion: Conversion, files: Sequence[Path]
) -> tuple[Header | None, Iterator[RecordedRecord]]:
    """The records of the files one after another, and the header where it is known already."""
    name = conversion.format or _format_of(files[0])
    if name == OWN:
        _refuse_fields(conversion, OWN, frozenset())
        headers = [jsonl.check_header(file) for file in files]
        for file, header in zip(files, headers, strict=True):
            if (header.source, header.origin) != (headers[0].source, headers[0].origin):
                raise RecordingError(
                    file, 1, f"is of another source than {files[0]}; a recording has one"
                )
        bad = conversion.asked.on_bad_line
        read = partial(jsonl.read, on_bad_line=bad, ordered=not conversion.sort)
        records: Iterator[RecordedRecord] = chain.from_iterable(map(read, files))
        if len(files) > 1 and not conversion.sort:
            records = _in_order(records, headers[0], conversion)
        return headers[0], records
    module = registry.load("recordings", name, wants=["read_foreign", "TAKES", "SUFFIXES"])
    _refuse_fields(conversion, name, module.TAKES)
    conversion.asked.check = _Check(
        getattr(module, "SOURCE", None), ordered=not conversion.sort
    ).check
    return None, chain.from_iterable(module.read_foreign(file, conversion.asked) for file in files)


def _in_order(
    records: Iterator[RecordedRecord], header: Header, conversion: Conversion
) -> Iterator[RecordedRecord]:
    """Sorted records; one whose sequence number is there twice or goes back is a bad line."""
    order = jsonl.Order(header.start)
    for record in records:
        try:
            order.check(record)
        except ValueError as error:
            line = jsonl.line_of(record, header.source)
            conversion.asked.on_bad_line(BadLine(conversion.output, 0, str(error), line))
            continue
        yield record


class _Counted:
    """Counts bad lines on their way."""

    def __init__(self, on_bad_line: OnBadLine) -> None:
        self.count, self._on_bad_line = 0, on_bad_line

    def __call__(self, bad: BadLine) -> None:
        self.count += 1
        self._on_bad_line(bad)


class _Check:
    """Holds the records of one conversion together."""

    def __init__(self, source: str | None, *, ordered: bool) -> None:
        self._source, self._ordered = source, ordered
        self._kind: type | None = None
        self._order = jsonl.Order(None)

    def check(self, record: RecordedRecord) -> None:
        """Raises ValueError for a record of another source, or out of order."""
        kind = type(record.data)
        if self._kind is not None and kind is not self._kind:
            raise ValueError("is of another kind than those before; a recording has one source")
        jsonl.check_record(record, self._source or source_of(record.data))
        if self._ordered:
            try:
                self._order.check(record)
            except ValueError as error:
                hint = "; --sort puts them in order" if "clock" in str(error) else ""
                raise ValueError(f"{error}{hint}") from None
        self._kind = kind


def _header(
    conversion: Conversion, files: Sequence[Path], first: Sequence[RecordedRecord]
) -> Header:
    module: ModuleType = registry.load("recordings", conversion.format or _format_of(files[0]))
    data: Any = first[0].data if first else b""
    named = conversion.inputs[0].name if len(conversion.inputs) == 1 else f"{len(files)} files"
    origin = conversion.asked.origin or named
    start = conversion.asked.start if len(files) == 1 else None
    return Header(getattr(module, "SOURCE", source_of(data)), origin, start=start)


def _files(path: Path) -> Iterator[Path]:
    """The file, or those in the folder in the order of their names, without what tells of them.

    Raises RecordingError for a folder that cannot be read. A link that leads nowhere is a file.
    """
    if not path.is_dir():
        yield path
        return

    def refuse(error: OSError) -> None:
        raise RecordingError(
            Path(error.filename), 0, f"cannot be read: {error.strerror}"
        ) from error

    walked = os.walk(path, onerror=refuse)
    found = [Path(folder, name) for folder, _, names in walked for name in names]
    for file in sorted(each for each in found if each.is_file() or each.is_symlink()):
        if not file.name.startswith((".", "_", "manifest", "aws-logs-write-test")):
            yield file


def _format_of(file: Path) -> str:
    name = file.name
    for packed in PACKED:
        name = name.removesuffix(packed)
    if name.endswith(".jsonl"):
        return OWN
    for each in formats():
        module = registry.load("recordings", each)
        if each != OWN and name.endswith(module.SUFFIXES):
            return each
    listed = ", ".join(formats())
    raise EventsimError(f"{file}: its name does not say what it is; --format is one of: {listed}")


def _refuse_fields(conversion: Conversion, name: str, takes: frozenset[str]) -> None:
    for each in ("key", "time", "data"):
        if getattr(conversion.asked, each) is not None and each not in takes:
            known = ", ".join(f"--{one}" for one in sorted(takes)) or "none of these"
            raise EventsimError(f"--{each} means nothing to {name}, which takes {known}")


def source_of(data: Any) -> str:
    """The source whose records carry such data."""
    return {Change: "dynamodb", Message: "sqs"}.get(type(data), "kinesis")
