"""A line that is no record costs nothing but itself, and is accounted for."""

from __future__ import annotations

import gzip
import resource
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsim.errors import RecordingError
from eventsim.recordings import BadLine, BadLines, Policy
from eventsim.recordings._lines import LINE_BYTES_MAX
from eventsim.recordings.jsonl import read

HEADER = b'{"recording":"eventsim","schema":1,"source":"kinesis"}\n'
GOOD = [b'{"arrival":%d,"key":"%d","data":""}' % (n, n) for n in range(6)]


def put(folder: Path, content: bytes, name: str = "r.jsonl") -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


def keys(path: Path, bad: Callable[[BadLine], None]) -> list[str]:
    return [record.key for record in read(path, on_bad_line=bad)]


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (b"{", "damaged line, not JSON: "),
        (b"\x00\xff", "damaged line, not JSON: "),
        (b'{"arrival":2,"key":"","data":""}', "key has 0 characters"),
        (b'{"arrival":0,"key":"a","data":""}', "the clock runs backwards: "),
        (HEADER.strip(), "a second header; a recording is of one stream"),
    ],
)
def test_the_good_lines_around_a_bad_one_are_never_lost(
    tmp_path: Path, bad: bytes, why: str
) -> None:
    lines = [*GOOD[:3], bad, *GOOD[3:]]
    told: list[BadLine] = []

    found = keys(put(tmp_path, HEADER + b"\n".join(lines) + b"\n"), told.append)

    assert found == ["0", "1", "2", "3", "4", "5"]
    assert [(each.number, each.content, each.more) for each in told] == [(5, bad, False)]
    assert told[0].why.startswith(why)


@pytest.mark.parametrize("name", ["r.jsonl", "r.jsonl.gz"])
@pytest.mark.parametrize("end", [b"", b"\n" + GOOD[3] + b"\n"])
def test_a_line_of_a_hundred_megabytes_is_passed_over_in_pieces(
    tmp_path: Path, name: str, end: bytes
) -> None:
    long = b"x" * (3 * LINE_BYTES_MAX + 7)
    sizes: list[int] = []
    more: list[bool] = []

    def take(bad: BadLine) -> None:
        assert (bad.number, bad.why[:24]) == (3, "line of more than 32 MiB")
        sizes.append(len(bad.content))
        more.append(bad.more)

    found = keys(put(tmp_path, HEADER + GOOD[0] + b"\n" + long + end, name), take)

    assert found == (["0", "3"] if end else ["0"])
    assert (sum(sizes), max(sizes) <= LINE_BYTES_MAX + 2**20) == (len(long), True)
    assert more == [True] * (len(more) - 1) + [False]


def test_a_sequence_number_that_is_there_twice_or_goes_back_is_a_bad_line(tmp_path: Path) -> None:
    def line(shard: str, number: int) -> bytes:
        told = f'"shard":"{shard}","sequence_number":"{number}"'
        return b'{"arrival":1,"key":"%d","data":"",%b}\n' % (number, told.encode())

    content = b"".join(line(*each) for each in [("a", 5), ("b", 5), ("a", 5), ("a", 4), ("a", 6)])
    told: list[BadLine] = []

    assert keys(put(tmp_path, HEADER + content), told.append) == ["5", "5", "6"]
    assert [(each.number, each.why) for each in told] == [
        (4, "sequence number 5 of a is there twice; they grow within a shard of a stream"),
        (5, "sequence number 4 of a comes after 5; they grow within a shard of a stream"),
    ]


@pytest.mark.parametrize("name", ["r.jsonl", "r.jsonl.gz"])
def test_a_cut_off_end_is_a_bad_line_too(tmp_path: Path, name: str) -> None:
    noise = b"".join(b"%d" % n**9 for n in range(999))
    path = put(tmp_path, HEADER + GOOD[0] + b'\n{"arrival":1,"ke' + noise, name)
    path.write_bytes(path.read_bytes()[:-10])
    told: list[BadLine] = []

    assert keys(path, told.append) == ["0"]
    assert [(each.number, each.why) for each in told] == [
        (3, "cut off in this line; every line before it was read")
    ]
    assert noise.startswith(told[0].content.removeprefix(b'{"arrival":1,"ke'))


def test_stop_names_the_first_bad_line(tmp_path: Path) -> None:
    bad = BadLines("stop", tmp_path / "bad", pytest.fail)

    with pytest.raises(RecordingError, match=r"r\.jsonl:2: damaged line, not JSON"):
        keys(put(tmp_path, HEADER + b"x\n" + GOOD[0]), bad)


@pytest.mark.parametrize("policy", ["skip", "save"])
def test_what_is_left_out_is_counted_and_saved_as_it_stood(tmp_path: Path, policy: Policy) -> None:
    told: list[str] = []
    bad = BadLines(policy, tmp_path / "bad", told.append)
    wrong = [b"x%d" % n for n in range(7)]
    path = put(tmp_path, HEADER + b"\n".join([*wrong[:3], GOOD[0], *wrong[3:], GOOD[1]]))

    assert keys(path, bad) == ["0", "1"]
    bad.close()

    where = f", saved in {tmp_path / 'bad'}" if policy == "save" else ""
    assert (bad.count, bad.summary()) == (7, f"7 bad lines were left out{where}")
    assert [each.rpartition("/")[2][:10] for each in told] == [
        *(f"r.jsonl:{n}:" for n in (2, 3, 4, 6, 7)),
        "more bad l",
    ]
    saved = (tmp_path / "bad").read_bytes() if policy == "save" else b"\n".join([*wrong, b""])
    assert saved == b"\n".join([*wrong, b""])
    assert (tmp_path / "bad").exists() == (policy == "save")


def test_without_a_bad_line_nothing_is_said_and_no_file_is_made(tmp_path: Path) -> None:
    bad = BadLines("save", tmp_path / "bad", pytest.fail)

    assert keys(put(tmp_path, HEADER + GOOD[0]), bad) == ["0"]
    bad.close()

    assert (bad.count, bad.summary(), (tmp_path / "bad").exists()) == (0, None, False)


@given(st.data())
def test_damage_is_accounted_for_line_by_line(tmp_path: Path, data: st.DataObject) -> None:
    """Whatever bytes are put over a recording: no line is lost without being told."""
    whole = HEADER + b"\n".join(GOOD) + b"\n"
    at = data.draw(st.integers(len(HEADER), len(whole)))
    damage = data.draw(st.binary(max_size=12))
    cut = data.draw(st.integers(0, 12))
    content = whole[:at] + damage + whole[at + cut :]
    told: list[BadLine] = []

    found = keys(put(tmp_path, content), told.append)

    lines = [line for line in content[len(HEADER) :].split(b"\n") if line.strip()]
    assert len(found) + len(told) == len(lines)
    intact = [line for line in lines if line in GOOD]
    assert len(found) >= len(intact) - sum("clock" in each.why for each in told)


def test_a_line_that_the_disk_takes_in_part_is_no_saved_line(tmp_path: Path) -> None:
    bad = BadLines("save", tmp_path / "out.bad", list[str]().append)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50, limits[1]))
        with pytest.raises(RecordingError, match="cannot be written: File too large"):
            bad(BadLine(tmp_path / "in", 1, "no record", b"x" * 100))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
        bad.close()
