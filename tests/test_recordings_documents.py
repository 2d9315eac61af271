"""JSON documents come out of a file however they stand there; damage costs nothing but itself."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from eventsim.errors import RecordingError
from eventsim.recordings import BadLine
from eventsim.recordings._documents import documents
from eventsim.recordings._lines import LINE_BYTES_MAX, foreign

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
COMPRESSED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd")  # as files of gzip and zstd begin


def found(path: Path, bad: list[BadLine] | None = None) -> list[tuple[int, Any]]:
    told = [] if bad is None else bad
    with foreign(path) as file:
        return [(each.number, each.value) for each in documents(path, file, told.append)]


def put(folder: Path, content: bytes) -> Path:
    path = folder / "documents"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b'{"a":1}{"a":2}{"a":3}', [1, 1, 1]),
        (b'{"a":1}\n{"a":2}\r\n\n{"a":3}\n', [1, 2, 4]),
        (b'{\n  "a": 1\n}\n{"a":\n2} {"a":3}', [1, 4, 5]),
        (b'[{"a":1},{"a":2},\n{"a":3}]', [1, 1, 1]),
    ],
)
def test_documents_come_out_however_they_are_set(
    tmp_path: Path, content: bytes, lines: list[int]
) -> None:
    bad: list[BadLine] = []
    expected = [(line, {"a": number}) for number, line in enumerate(lines, 1)]

    assert found(put(tmp_path, content), bad) == expected
    assert found(put(tmp_path, gzip.compress(content)), bad) == expected
    assert bad == []


@pytest.mark.parametrize(
    ("content", "good", "wrong"),
    [
        (b'{"a":1}\nnoise\n{"a":2}', [1, 2], [(2, b"noise")]),
        (b'{"a":1}\n{"b":{\n{"a":2}\n', [1, 2], [(2, b'{"b":{')]),
        (b'{"a":1}\n{"b":"x\n{"a":2}\n', [1, 2], [(2, b'{"b":"x')]),
        (b'{"a":1}}\n{"a":2}', [1, 2], [(1, b"}")]),
        (b'{"a":1}\n7\n"x"\n[1]\n{"a":2}', [1, 2], [(2, b"7"), (3, b'"x"'), (4, b"[1]")]),
        (b'{"a":1}\n{"a":nan}\n{"a":2}', [1, 2], [(2, b'{"a":nan}')]),
        (b'{"a":1}{"a":2}{"a":', [1, 2], [(1, b'{"a":')]),
        (b"\x00\xff\x10" * 9, [], [(1, b"\x00\xff\x10" * 9)]),
    ],
)
def test_what_is_no_document_is_told_and_takes_no_other_with_it(
    tmp_path: Path, content: bytes, good: list[int], wrong: list[tuple[int, bytes]]
) -> None:
    bad: list[BadLine] = []

    assert [value["a"] for _, value in found(put(tmp_path, content), bad)] == good
    assert [(each.number, each.content) for each in bad] == wrong


def test_a_document_of_a_hundred_megabytes_is_passed_over_in_pieces(tmp_path: Path) -> None:
    long = b'{"a":"' + b"x" * (3 * LINE_BYTES_MAX) + b'"}'
    bad: list[BadLine] = []

    assert found(put(tmp_path, b'{"a":1}\n' + long + b'\n{"a":2}\n'), bad) == [
        (1, {"a": 1}),
        (3, {"a": 2}),
    ]
    assert sum(len(each.content) for each in bad) == len(long)
    assert [each.more for each in bad] == [True] * (len(bad) - 1) + [False]
    assert {each.number for each in bad} == {2}


def test_a_packed_file_that_was_cut_off_gives_what_stands_before(tmp_path: Path) -> None:
    noise = b"".join(b'{"a":%d}' % (n**9 % 2**53) for n in range(2_000))
    path = put(tmp_path, gzip.compress(noise)[:-500])
    bad: list[BadLine] = []

    values = [value["a"] for _, value in found(path, bad)]

    assert values == [n**9 % 2**53 for n in range(len(values))]
    assert len(values) > 100
    assert [each.why for each in bad] == ["cut off in this document; every one before it was read"]


def test_a_file_that_is_not_there_or_damaged_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="cannot be read: No such file"):
        found(tmp_path / "no")
    with pytest.raises(RecordingError, match="not gzip, or damaged"):
        found(put(tmp_path, gzip.compress(b'{"a":1}' * 9)[:-8] + b"damaged!"))


values = st.dictionaries(
    st.text(max_size=4).filter(lambda name: name != "n"),
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=9),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
        max_leaves=6,
    ),
    max_size=4,
)
between = st.sampled_from([b"", b"\n", b" ", b"\r\n", b"\n\n"])


@given(st.lists(st.tuples(values, between, st.booleans()), max_size=6))
def test_whatever_is_written_one_after_another_comes_out(
    tmp_path: Path, made: list[tuple[dict[str, Any], bytes, bool]]
) -> None:
    content = b"".join(
        orjson.dumps(value, option=orjson.OPT_INDENT_2 if pretty else None) + after
        for value, after, pretty in made
    )
    bad: list[BadLine] = []

    assert [value for _, value in found(put(tmp_path, content), bad)] == [each[0] for each in made]
    assert bad == []


@given(st.lists(values, min_size=1, max_size=6), st.data())
def test_no_damage_to_a_line_costs_another_line(
    tmp_path: Path, made: list[dict[str, Any]], data: st.DataObject
) -> None:
    lines = [orjson.dumps({"n": number, **value}) for number, value in enumerate(made)]
    at = data.draw(st.integers(0, len(lines) - 1))
    line = lines[at]
    place = data.draw(st.integers(0, len(line)))
    noise = data.draw(st.binary(max_size=5).map(lambda each: each.replace(b"\n", b"")))
    lines[at] = line[:place] + noise + line[place + data.draw(st.integers(0, 5)) :]
    content = b"\n".join(lines)
    assume(not content.startswith(COMPRESSED))
    bad: list[BadLine] = []

    told = [value for _, value in found(put(tmp_path, content), bad)]

    numbers = [number for number in range(len(made)) if number != at]
    assert [value["n"] for value in told if value.get("n") in numbers] == numbers
    assert bad or len(told) >= len(numbers)


@given(st.binary(max_size=300))
def test_nothing_but_bad_lines_comes_of_noise(tmp_path: Path, noise: bytes) -> None:
    bad: list[BadLine] = []

    try:
        told = found(put(tmp_path, noise), bad)
    except RecordingError:
        return  # it begins as gzip does, and is none
    assert told or bad or not noise.removeprefix(BYTE_ORDER_MARK).strip()
