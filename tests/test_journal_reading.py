"""A journal that is read back: cut off anywhere, damaged, of another tool, or too new."""

from __future__ import annotations

import gzip
import re
import tempfile
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventsim.errors import JournalError
from eventsim.journal import SCHEMA_VERSION, Entry
from eventsim.journal.reading import read


def line(seq: int, kind: str, **fields: object) -> bytes:
    flat = {"seq": seq, "time": float(seq), "at": "2026-01-01T00:00:00.000Z", "kind": kind}
    return orjson.dumps(flat | fields, option=orjson.OPT_APPEND_NEWLINE)


LINES = [
    line(1, "run_started", schema=SCHEMA_VERSION, scenario="größe"),
    line(2, "records_put", because="at 0 s", source="orders", shard="a", records=3),
    line(3, "run_finished", outcome="ok", seconds=3.0, counts={"records": {"put": 3}}),
]
WHOLE = b"".join(LINES)
ENTRIES = [Entry.of(orjson.loads(text)) for text in LINES]


def journal(folder: Path, content: bytes) -> Path:
    path = folder / "run.jsonl"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("end", range(len(LINES[0]) - 1, len(WHOLE) + 1))
def test_a_journal_cut_off_after_its_first_line_gives_its_whole_lines(
    tmp_path: Path, end: int
) -> None:
    whole = [entry for number, entry in enumerate(ENTRIES) if _ends(number) - 1 <= end]

    assert list(read(journal(tmp_path, WHOLE[:end]))) == whole


@pytest.mark.parametrize("end", range(1, len(LINES[0]) - 1))
def test_a_journal_cut_off_in_its_first_line_is_no_journal(tmp_path: Path, end: int) -> None:
    with pytest.raises(JournalError, match=r"run\.jsonl:1: not an entry"):
        list(read(journal(tmp_path, WHOLE[:end])))


@given(number=st.integers(1, 60), cut=st.floats(0, 1), flush_every=st.integers(1, 20))
@settings(max_examples=60)
def test_a_gzipped_journal_cut_off_anywhere_gives_a_prefix(
    number: int, cut: float, flush_every: int
) -> None:
    lines = [LINES[0], *(line(seq, "records_put", records=seq) for seq in range(2, number + 1))]
    entries = [Entry.of(orjson.loads(text)) for text in lines]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.jsonl.gz"
        first = _zipped(path, lines, flush_every)
        content = path.read_bytes()
        path.write_bytes(content[: first + round(cut * (len(content) - first))])

        found = list(read(path))

    assert found == entries[: len(found)]
    assert len(found) >= min(flush_every, number)


def _zipped(path: Path, lines: list[bytes], flush_every: int) -> int:
    """Write *lines* and return how many bytes stand there after the first flush."""
    first = 0
    with gzip.open(path, "wb") as file:
        for start in range(0, len(lines), flush_every):
            file.write(b"".join(lines[start : start + flush_every]))
            file.flush()
            first = first or path.stat().st_size
    return first


@pytest.mark.parametrize("damage", [b'{"seq":2,\n', b"\n", b"[]\n", b"7\n", b'"x"\n', b"\xff\n"])
def test_a_damaged_line_before_the_end_is_named(tmp_path: Path, damage: bytes) -> None:
    path = journal(tmp_path, LINES[0] + damage + LINES[2])

    with pytest.raises(
        JournalError, match=rf"^{re.escape(str(path))}:2: not an entry of a journal"
    ):
        list(read(path))


def test_damage_inside_a_gzip_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl.gz"
    content = bytearray(gzip.compress(WHOLE * 50, mtime=0))
    content[30:60] = bytes(30)
    path.write_bytes(content)

    with pytest.raises(JournalError, match=re.escape(str(path))):
        list(read(path))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty: a journal begins with a run_started entry"),
        (b"hello\n", ":1: not an entry of a journal"),
        (b'{"level":"info","msg":"started"}\n', ":1: not an entry of a journal"),
        (b"\x00\x01\x02\n", ":1: not an entry of a journal"),
        (LINES[1], ":1: a journal begins with run_started, this with records_put"),
        (
            line(1, "run_started", schema=SCHEMA_VERSION + 1),
            f":1: journal schema {SCHEMA_VERSION + 1}; this eventsim reads up to {SCHEMA_VERSION}",
        ),
        (line(1, "run_started"), ":1: journal schema None"),
    ],
)
def test_what_is_no_journal_of_ours_is_refused_in_words(
    tmp_path: Path, content: bytes, message: str
) -> None:
    with pytest.raises(JournalError, match=re.escape(message)):
        list(read(journal(tmp_path, content)))


def test_a_journal_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match=r"cannot read the journal .*No such file"):
        list(read(tmp_path / "run.jsonl"))


def _ends(number: int) -> int:
    return sum(map(len, LINES[: number + 1]))
