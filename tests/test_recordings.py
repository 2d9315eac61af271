"""What a recording promises: every whole line comes out, and damage is told with its line."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsim.errors import RecordingError
from eventsim.recordings import Header, RecordedRecord
from eventsim.recordings._lines import LINE_BYTES_MAX
from eventsim.recordings.jsonl import check_header, read, write

HEADER = b'{"recording":"eventsim","schema":1,"source":"kinesis","origin":"a test"}\n'
ONE = b'{"arrival":1,"key":"a","data":"one"}\n'
TWO = b'{"arrival":2.5,"key":"b","json":{"id":2}}\n'
RECORDS = [RecordedRecord(1.0, "a", b"one"), RecordedRecord(2.5, "b", b'{"id":2}')]

printable = st.text(st.characters(codec="utf-8"), max_size=20)
records = st.lists(
    st.builds(
        RecordedRecord,
        arrival=st.floats(0, 253402300799, allow_subnormal=False)
        | st.integers(0, 4_000_000_000_000).map(lambda ms: ms / 1000),
        key=st.text(st.characters(codec="utf-8"), min_size=1, max_size=20),
        data=st.binary(max_size=40)
        | printable.map(str.encode)
        | st.recursive(
            st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | printable,
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(printable, inner),
            max_leaves=5,
        ).map(orjson.dumps),
        shard=st.none() | printable,
        sequence_number=st.none() | st.integers(0, 10**56).map(str) | printable,
        explicit_hash_key=st.none() | st.integers(0, 2**128 - 1),
    ),
    max_size=8,
).map(lambda made: in_order(made))  # noqa: PLW0108  # it stands below


def in_order(made: list[RecordedRecord]) -> list[RecordedRecord]:
    """Sorted by time, and where numbers are to grow they do."""
    found: list[RecordedRecord] = []
    for each in sorted(made, key=lambda record: record.arrival):
        told = each.sequence_number
        numbered = told is not None and told.isascii() and told.isdigit()
        found.append(each._replace(sequence_number=str(len(found))) if numbered else each)
    return found


def put(folder: Path, content: bytes, name: str = "r.jsonl") -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


def read_all(path: Path) -> tuple[list[RecordedRecord], str | None]:
    """The records before the end or the first fault, and that fault in words."""
    found: list[RecordedRecord] = []
    try:
        for record in read(path):
            found.append(record)  # noqa: PERF402  # what came before a fault counts
    except RecordingError as error:
        return found, str(error).replace(str(path), path.name)
    return found, None


def test_records_come_out_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = put(tmp_path, HEADER + ONE + TWO)

    assert check_header(path) == Header("kinesis", "a test")
    assert read_all(path) == (RECORDS, None)


def test_gzip_goes_by_the_suffix(tmp_path: Path) -> None:
    assert read_all(put(tmp_path, HEADER + ONE + TWO, "r.jsonl.gz")) == (RECORDS, None)


def test_gzip_streams_one_after_another_are_one_recording(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl.gz"
    path.write_bytes(gzip.compress(HEADER + ONE) + gzip.compress(TWO))

    assert read_all(path) == (RECORDS, None)


def test_a_header_alone_is_an_empty_recording(tmp_path: Path) -> None:
    assert read_all(put(tmp_path, HEADER)) == ([], None)
    assert read_all(put(tmp_path, HEADER.rstrip())) == ([], None)


def test_what_else_the_header_says_is_kept_as_notes(tmp_path: Path) -> None:
    path = put(tmp_path, b'{"recording":"eventsim","schema":1,"source":"sqs","licence":"CC0"}\n')

    assert check_header(path) == Header("sqs", notes={"licence": "CC0"})


def test_blank_lines_and_a_missing_last_line_feed_do_no_harm(tmp_path: Path) -> None:
    path = put(tmp_path, HEADER + b"\n" + ONE + b"\r\n" + TWO.rstrip())

    assert read_all(path) == (RECORDS, None)


def test_every_field_is_read(tmp_path: Path) -> None:
    line = (
        b'{"arrival":"2013-01-01T05:17:00.250-05:00","key":"UA","base64":"/wA=","shard":"s-0",'
        b'"sequence_number":"49590338271490256608559692538361571095921575989136588898",'
        b'"explicit_hash_key":"340282366920938463463374607431768211455"}\n'
    )

    assert read_all(put(tmp_path, HEADER + line)) == (
        [
            RecordedRecord(
                1357035420.25,
                "UA",
                b"\xff\x00",
                "s-0",
                "49590338271490256608559692538361571095921575989136588898",
                2**128 - 1,
            )
        ],
        None,
    )


@given(records)
def test_what_was_written_reads_back(tmp_path: Path, made: list[RecordedRecord]) -> None:
    for name in ("r.jsonl", "r.jsonl.gz"):
        path = tmp_path / name

        assert write(path, Header("kinesis", "x", notes={"by": "me"}), made) == len(made)
        assert check_header(path) == Header("kinesis", "x", notes={"by": "me"})
        assert list(read(path)) == made


@pytest.mark.parametrize(
    ("data", "form"),
    [
        (b'{"id":2}', "json"),
        (b'{"id": 2}', "data"),
        (b'{"id":1,"id":2}', "data"),
        (b"1.50", "data"),
        (b"123456789012345678901234567890", "data"),
        (b"[" * 300 + b"]" * 300, "data"),
        (b"", "data"),
        (b"\xff", "base64"),
        (b"\x01" * 6 * 1024 * 1024, "base64"),  # six times as long with its escapes
    ],
)
def test_data_is_written_in_the_form_that_gives_back_its_bytes(
    tmp_path: Path, data: bytes, form: str
) -> None:
    path = tmp_path / "r.jsonl"
    write(path, Header("kinesis"), [RecordedRecord(1.0, "k", data)])

    assert set(orjson.loads(path.read_bytes().splitlines()[1])) == {"arrival", "key", form}
    assert [record.data for record in read(path)] == [data]


def test_the_same_records_make_the_same_bytes(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl.gz", Header("kinesis"), RECORDS)
    write(tmp_path / "b.jsonl.gz", Header("kinesis"), RECORDS)

    assert (tmp_path / "a.jsonl.gz").read_bytes() == (tmp_path / "b.jsonl.gz").read_bytes()


def test_arrivals_are_dates_where_dates_are_exact(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    made = [RecordedRecord(arrival, "k", b"1") for arrival in (0.1, 1.5, 1.000001, 1e9 + 1e-7)]
    write(path, Header("kinesis"), sorted(made))

    assert [orjson.loads(line)["arrival"] for line in path.read_bytes().splitlines()[1:]] == [
        "1970-01-01T00:00:00.100Z",
        "1970-01-01T00:00:01.000001Z",
        "1970-01-01T00:00:01.500Z",
        1e9 + 1e-7,
    ]


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("r.jsonl", b"", '1: no header; the first line of a recording is {"recording": "eventsim"'),
        ("r.jsonl", ONE + TWO, "1: no header; the first line of a recording is"),
        ("r.jsonl", b"\x00\xff\x10" * 99, "1: no header; the first line of a recording is"),
        ("r.jsonl", b"[]\n", "1: no header; the first line of a recording is"),
        ("r.jsonl", gzip.compress(HEADER), " is gzip, so its name must end in .jsonl.gz"),
        ("r.csv", HEADER, " a recording's name ends in .jsonl, .jsonl.gz or .jsonl.zst"),
        (
            "r.jsonl",
            b'{"recording":"eventsim","schema":2,"source":"kinesis"}\n',
            "1: written in schema 2, and this eventsim reads up to 1; a newer eventsim reads it",
        ),
        (
            "r.jsonl",
            b'{"recording":"eventsim","source":"kinesis"}\n',
            "1: schema is missing; it must be 1",
        ),
        (
            "r.jsonl",
            b'{"recording":"eventsim","schema":1,"source":7}\n',
            "1: source and origin must be text; a header is",
        ),
    ],
)
def test_what_is_no_recording_is_refused_before_any_record(
    tmp_path: Path, name: str, content: bytes, fault: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(RecordingError) as raised:
        check_header(path)

    assert str(raised.value).startswith(f"{path}:{fault}")
    assert read_all(path) == ([], str(raised.value).replace(str(path), name))


def test_a_file_that_is_not_there_or_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.jsonl").mkdir()

    for name, why in [
        ("no.jsonl", "No such file or directory"),
        ("folder.jsonl", "Is a directory"),
    ]:
        assert read_all(tmp_path / name) == ([], f"{name}: cannot be read: {why}")


def test_a_suffix_that_promises_gzip_is_held_to_it(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl.gz"
    path.write_bytes(HEADER)

    found, fault = read_all(path)

    assert (found, (fault or "")[:37]) == ([], "r.jsonl.gz:1: not gzip, or damaged: N")


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (b'{"arrival":1,"key', "damaged line, not JSON: "),
        (b"\xff\xfe", "damaged line, not JSON: "),
        (b"7", "a record is a JSON object"),
        (b'{"arrival":1,"data":""}', "key is missing; it must be text"),
        (b'{"arrival":1,"key":7,"data":""}', "key is 7; it must be text"),
        (b'{"key":"a","data":""}', "arrival is missing; it must be a time such as 2013-01-01T10"),
        (b'{"arrival":true,"key":"a","data":""}', "arrival is True; it must be a time such as"),
        (b'{"arrival":"noon","key":"a","data":""}', "arrival 'noon' is not a time such as 2013"),
        (
            b'{"arrival":"2013-01-01T10:17:00","key":"a","data":""}',
            "arrival '2013-01-01T10:17:00' has no zone; write it like 2013-01-01T10:17:00.000Z",
        ),
        (
            b'{"arrival":1357035420000,"key":"a","data":""}',
            "arrival 1357035420000 is not between 1970 and 9999; as a number it is in seconds",
        ),
        (b'{"arrival":-1,"key":"a","data":""}', "arrival -1 is not between 1970 and 9999"),
        (b'{"arrival":1,"key":"a"}', "a record has exactly one of: data, json, base64"),
        (b'{"arrival":1,"key":"a","data":"","json":1}', "a record has exactly one of: data, json"),
        (b'{"arrival":1,"key":"a","data":7}', "data is 7; it must be text"),
        (b'{"arrival":1,"key":"a","base64":"=="}', "base64 does not decode: "),
        (b'{"arrival":1,"key":"a","data":"","shrad":"0"}', "unknown field 'shrad'; there are: "),
        (
            b'{"arrival":1,"key":"a","data":"","sequence_number":12}',
            "sequence_number is 12; it must be text",
        ),
        (
            b'{"arrival":1,"key":"a","data":"","explicit_hash_key":"-1"}',
            "explicit_hash_key '-1' is not a whole number below 2**128",
        ),
        (
            b'{"arrival":1,"key":"a","json":' + b"[" * 300 + b"]" * 300 + b"}",
            "json is nested too deeply; put such data as text in data",
        ),
        (
            b'{"arrival":0.5,"key":"a","data":""}',
            "the clock runs backwards: arrival 1970-01-01T00:00:00.500Z comes after "
            "1970-01-01T00:00:01.000Z; a recording is in order of arrival",
        ),
    ],
)
def test_a_damaged_line_is_named_after_what_came_before_it(
    tmp_path: Path, line: bytes, fault: str
) -> None:
    found, told = read_all(put(tmp_path, HEADER + ONE + line + b"\n" + TWO, "r.jsonl.gz"))

    assert found == RECORDS[:1]
    assert told is not None
    assert told.startswith(f"r.jsonl.gz:3: {fault}")


def cut_line(path: Path) -> Path:
    path.write_bytes(HEADER + ONE + TWO + b'{"arrival":3,"ke')
    return path


def cut_gzip(path: Path) -> Path:
    noise = b"".join(orjson.dumps({"arrival": 3, "key": str(n**9), "data": ""}) for n in range(99))
    path = path.with_suffix(".jsonl.gz")
    packed = gzip.compress(HEADER + ONE + TWO + noise)
    path.write_bytes(packed[:-200])
    return path


def cut_gzip_between_lines(path: Path) -> Path:
    path = path.with_suffix(".jsonl.gz")
    packer = zlib.compressobj(wbits=31)
    path.write_bytes(packer.compress(HEADER + ONE + TWO) + packer.flush(zlib.Z_SYNC_FLUSH))
    return path


@pytest.mark.parametrize("cut", [cut_line, cut_gzip, cut_gzip_between_lines])
def test_a_cut_off_end_is_told_after_every_whole_line(
    tmp_path: Path, cut: Callable[[Path], Path]
) -> None:
    path = cut(tmp_path / "r.jsonl")
    told: list[int] = []

    assert list(read(path, told.append)) == RECORDS
    assert told == [4]
    assert read_all(path) == (
        RECORDS,
        f"{path.name}:4: cut off in this line; every line before it was read",
    )


@pytest.mark.parametrize("name", ["r.jsonl", "r.jsonl.gz"])
@pytest.mark.parametrize("end", [b"", b"\n" + ONE])
def test_a_line_without_end_is_refused_before_it_fills_the_memory(
    tmp_path: Path, name: str, end: bytes
) -> None:
    path = put(tmp_path, HEADER + ONE + b" " * (LINE_BYTES_MAX + 1) + end, name)

    assert read_all(path) == (
        RECORDS[:1],
        f"{name}:3: line of more than 32 MiB; is it a recording?",
    )


def test_a_recording_is_streamed(tmp_path: Path) -> None:
    """The first record is there although the file breaks long after it."""
    many = b"".join(b'{"arrival":%d,"key":"a","data":""}\n' % n for n in range(100_000))
    path = put(tmp_path, HEADER + many + b"broken\n")

    assert next(read(path)) == RecordedRecord(0.0, "a", b"")


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (RecordedRecord(0.5, "a", b""), "the clock runs backwards: arrival 1970-01-01T00:00:00.5"),
        (RecordedRecord(float("nan"), "a", b""), "arrival nan is not between 1970 and 9999"),
        (RecordedRecord(float("inf"), "a", b""), "arrival inf is not between 1970 and 9999"),
        (RecordedRecord(2.0, "\ud800", b""), "str is not valid UTF-8"),
        (RecordedRecord(2.0, "a", b"", explicit_hash_key=2**128), "explicit_hash_key '3402823"),
        (RecordedRecord(2.0, "a", b"x" * LINE_BYTES_MAX), "data of more than 10,484,736 byt"),
    ],
)
def test_what_could_not_be_read_back_is_not_written(
    tmp_path: Path, record: RecordedRecord, why: str
) -> None:
    path = tmp_path / "r.jsonl"

    with pytest.raises(RecordingError) as raised:
        write(path, Header("kinesis"), [RECORDS[0], record])

    assert str(raised.value).startswith(f"{path}:3: cannot be written: {why}")
    assert list(tmp_path.iterdir()) == []


def test_a_recording_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    def breaks() -> Iterator[RecordedRecord]:
        yield RECORDS[0]
        raise KeyboardInterrupt

    path = put(tmp_path, HEADER + ONE)
    with pytest.raises(KeyboardInterrupt):
        write(path, Header("kinesis"), breaks())

    assert path.read_bytes() == HEADER + ONE
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"r\.jsonl: cannot be written: No such file"):
        write(tmp_path / "no" / "r.jsonl", Header("kinesis"), RECORDS)


LINES = [b'{"arrival":%d,"key":"k%d","data":"%s"}\n' % (n, n, b"d" * n) for n in range(12)]


@given(st.data())
def test_damage_costs_nothing_that_stood_before_it(tmp_path: Path, data: st.DataObject) -> None:
    """Some bytes changed, put in or cut out: whole lines before it come out, then an answer."""
    whole = HEADER + b"".join(LINES)
    at = data.draw(st.integers(0, len(whole)))
    length = data.draw(st.integers(0, len(whole) - at))
    path = put(tmp_path, whole[:at] + data.draw(st.binary(max_size=9)) + whole[at + length :])

    found, fault = read_all(path)

    untouched = max(whole.count(b"\n", 0, at) - 1, 0)
    assert [record.key for record in found[:untouched]] == [f"k{n}" for n in range(untouched)]
    assert fault is None or fault.startswith("r.jsonl:")


@given(
    st.integers(0, len(gzip.compress(HEADER + b"".join(LINES))) - 1),
    st.binary(min_size=1, max_size=5),
)
def test_damaged_gzip_is_told_and_never_silent(tmp_path: Path, at: int, noise: bytes) -> None:
    packed = gzip.compress(HEADER + b"".join(LINES), mtime=0)
    path = tmp_path / "r.jsonl.gz"
    path.write_bytes(packed[:at] + noise + packed[at + len(noise) :][: len(packed)])

    found, fault = read_all(path)

    assert fault is not None or found == unharmed(tmp_path)


@pytest.mark.soak
def test_no_damage_of_one_byte_to_a_gzip_is_silent(tmp_path: Path) -> None:
    packed = gzip.compress(HEADER + b"".join(LINES), mtime=0)
    path = tmp_path / "r.jsonl.gz"
    whole = unharmed(tmp_path)

    for at in range(len(packed)):
        for byte in range(256):
            path.write_bytes(packed[:at] + bytes([byte]) + packed[at + 1 :])
            found, fault = read_all(path)
            assert fault is not None or found == whole, (at, byte)


def unharmed(folder: Path) -> list[RecordedRecord]:
    """The records of LINES, from a file that nothing has damaged."""
    path = folder / "whole.jsonl"
    path.write_bytes(HEADER + b"".join(LINES))
    return list(read(path))


@given(st.binary(max_size=200), st.sampled_from(["r.jsonl", "r.jsonl.gz"]), st.booleans())
def test_nothing_but_a_recording_error_comes_of_noise(
    tmp_path: Path, noise: bytes, name: str, headed: bool
) -> None:
    found, fault = read_all(put(tmp_path, HEADER * headed + noise, name))

    assert found == [] or fault is None or fault.startswith(name)


def test_a_recording_says_when_it_began(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"

    write(path, Header("kinesis", start=1_357_016_400.0), [])

    assert check_header(path) == Header("kinesis", start=1_357_016_400.0)
    assert b'"start":"2013-01-01T05:00:00.000Z"' in path.read_bytes()


def test_a_start_that_is_no_time_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text('{"recording":"eventsim","schema":1,"source":"kinesis","start":"now"}\n')

    with pytest.raises(RecordingError) as refused:
        check_header(path)

    assert str(refused.value) == (
        f"{path}:1: start 'now' is not a time such as 2013-01-01T10:17:00.000Z"
    )


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (
            '{"arrival":"2012-12-31T23:59:59Z","key":"a","json":1}',
            "arrival 2012-12-31T23:59:59.000Z is before the start of the recording, "
            "2013-01-01T00:00:00.000Z",
        ),
        (
            '{"arrival":"2013-01-01T00:00:00Z","key":"","json":1}',
            "key has 0 characters; it must have 1 to 256",
        ),
        (
            '{"arrival":"2013-01-01T00:00:00Z","key":"%s","json":1}' % ("k" * 257),
            "key has 257 characters; it must have 1 to 256",
        ),
        (
            '{"arrival":"2013-01-01T00:00:00Z","key":"a","data":"%s"}' % ("x" * 10_485_000),
            "data of more than 10,484,736 bytes, which no stream takes",
        ),
    ],
    ids=["before the start", "no key", "long key", "large data"],
)
def test_a_record_that_no_stream_can_take_is_named_by_its_line(
    tmp_path: Path, line: str, text: str
) -> None:
    path = tmp_path / "r.jsonl"
    header = '{"recording":"eventsim","schema":1,"source":"kinesis","start":"2013-01-01T00:00:00Z"}'
    path.write_text(f"{header}\n{line}\n")

    with pytest.raises(RecordingError) as refused:
        list(read(path))

    assert str(refused.value) == f"{path}:2: {text}"
