"""A recording is written bit by bit: what was told to be written is there, whatever came then."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventsim.errors import RecordingError
from eventsim.recordings import RecordedRecord
from eventsim.recordings._appending import _packed
from eventsim.recordings.jsonl import Appender, check_header, read, write
from tests.recording_writer import HEADER, zstd_is_there

PROJECT = Path(__file__).parent.parent
ZSTD = zstd_is_there()
SUFFIXES = (".jsonl", ".jsonl.gz", *([".jsonl.zst"] if ZSTD else []))
NUMBERS = count()


def made(first: int, end: int) -> list[RecordedRecord]:
    return [RecordedRecord(float(n), f"k{n}", b"{}", "s", str(n)) for n in range(first, end)]


@pytest.fixture(params=SUFFIXES)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / f"r{request.param}"


def test_what_is_appended_by_one_after_another_is_one_recording(path: Path) -> None:
    for first in (0, 3, 6):
        with Appender(path, HEADER) as appender:
            assert (appender.count, appender.ends.get("s")) == (
                first,
                str(first - 1) if first else None,
            )
            appender.append(made(first, first + 2))
            appender.append(made(first + 2, first + 3))

    assert check_header(path) == HEADER
    assert list(read(path)) == made(0, 9)
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_is_there_already_is_told(path: Path) -> None:
    write(path, HEADER, made(0, 5))
    found: list[RecordedRecord] = []

    with Appender(path, HEADER, found.append) as appender:
        assert (appender.count, appender.previous, found) == (5, 4.0, made(0, 5))


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_an_end_that_was_torn_off_is_cut_away(path: Path, cut: int) -> None:
    with Appender(path, HEADER) as appender:
        appender.append(made(0, 2))
        appender.append(made(2, 3))
    path.write_bytes(path.read_bytes()[:-cut])
    kept = 3 if (path.suffix, cut) == (".jsonl", 1) else 2  # all is there but the line feed

    with Appender(path, HEADER) as appender:
        assert appender.count == kept
        appender.append(made(kept, 5))

    assert list(read(path)) == made(0, 5)


def test_a_header_without_its_line_feed_is_gone_on_from(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    write(path, HEADER, [])
    path.write_bytes(path.read_bytes().rstrip())

    with Appender(path, HEADER) as appender:
        appender.append(made(0, 1))

    assert list(read(path)) == made(0, 1)


def test_what_cannot_be_gone_on_from_is_left_as_it_is(path: Path) -> None:
    def refused(content: bytes) -> str:
        path.write_bytes(_packed(path, content))
        before = path.read_bytes()
        with pytest.raises(RecordingError) as raised:
            Appender(path, HEADER)
        assert path.read_bytes() == before
        return str(raised.value).removeprefix(str(path))

    head = b'{"recording":"eventsim","schema":1,"source":"kinesis","origin":"%b"}\n'
    assert refused(b"flight,carrier\n").startswith(":1: no header; ")
    assert refused(head % b"another") == (
        ": is a recording of kinesis another, not of kinesis a test; write another name"
    )
    assert refused(head % b"a test" + b"x\n{}\n").startswith(
        ":2: cannot be gone on from: unexpected"
    )
    twice = b'{"arrival":1,"key":"a","data":"","shard":"s","sequence_number":"1"}\n' * 2
    assert refused(head % b"a test" + twice).startswith(
        ":3: cannot be gone on from: sequence number 1 of s is there twice"
    )


def test_a_packed_file_that_is_cut_off_in_its_first_part_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl.gz"
    write(path, HEADER, made(0, 5))
    path.write_bytes(path.read_bytes()[:-3])
    before = path.read_bytes()

    with pytest.raises(RecordingError, match="it is cut off in its first part"):
        Appender(path, HEADER)

    assert path.read_bytes() == before


def test_one_process_at_a_time_writes(path: Path) -> None:
    with Appender(path, HEADER), pytest.raises(RecordingError, match="is in use: another process"):
        Appender(path, HEADER)

    Appender(path, HEADER).close()


def test_a_record_that_breaks_the_order_is_refused_and_nothing_is_written(path: Path) -> None:
    appender = Appender(path, HEADER)
    appender.append(made(0, 3))

    with pytest.raises(RecordingError, match="sequence number 2 of s comes after 3"):
        appender.append([*made(3, 4), made(2, 3)[0]._replace(arrival=9.0)])
    with pytest.raises(RecordingError, match="is closed"):
        appender.append(made(4, 5))

    assert list(read(path)) == made(0, 3)


def test_a_full_disk_is_told_and_leaves_a_whole_recording(path: Path) -> None:
    appender = Appender(path, HEADER)
    appender.append(made(0, 3))
    before = path.read_bytes()
    noise = made(3, 4)[0]._replace(data=bytes(n * n % 251 for n in range(9000)))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 50, limits[1]))
        with pytest.raises(RecordingError, match="cannot be written: File too large"):
            appender.append([noise])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)

    assert path.read_bytes() == before


class Writer:
    """A process that writes in processes that are killed."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.recording_writer"],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def write(self, path: Path, step: int, keys: list[str]) -> int:
        """How many of the records were told to be safe before the kill at *step*."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(" ".join([str(path), str(step), *keys]) + "\n")
        process.stdin.flush()
        return int(process.stdout.readline())

    def close(self) -> None:
        self._process.communicate(timeout=20)


@pytest.fixture(scope="module")
def writer() -> Iterator[Writer]:
    writer = Writer()
    yield writer
    writer.close()


@settings(max_examples=40)
@given(st.lists(st.integers(0, 60), min_size=1, max_size=3), st.sampled_from(SUFFIXES))
def test_what_was_told_to_be_written_outlives_kill_9(
    tmp_path: Path, writer: Writer, kills: list[int], suffix: str
) -> None:
    path = tmp_path / f"{next(NUMBERS)}{suffix}"
    told: list[str] = []
    for turn, step in enumerate([*kills, 0]):
        keys = [f"{turn}-{n}" for n in range(3)]
        safe = writer.write(path, step, keys)
        told += keys[:safe]
        found = [record.key for record in read(path, on_cut_off=lambda line: None)] if told else []
        assert [key for key in found if key in told] == told
        told = found  # what was written without its being told is there to stay

    assert told == [record.key for record in read(path)]


def test_one_process_at_a_time_writes_by_whatever_name(path: Path) -> None:
    link = path.with_name(f"link-{path.name}")
    link.symlink_to(path.name)

    with Appender(path, HEADER) as appender:
        appender.append(made(0, 2))
        with pytest.raises(RecordingError, match="is in use: another process"):
            Appender(link, HEADER)
        with pytest.raises(RecordingError, match="is in use: another process"):
            write(path, HEADER, made(0, 1))
        appender.append(made(2, 4))

    assert list(read(path)) == made(0, 4)


def test_of_a_link_it_is_the_file_that_is_written(path: Path) -> None:
    link = path.with_name(f"link-{path.name}")
    link.symlink_to(path.name)

    write(link, HEADER, made(0, 2))
    with Appender(link, HEADER) as appender:
        appender.append(made(2, 4))

    assert link.is_symlink()
    assert list(read(path)) == made(0, 4)
