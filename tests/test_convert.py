"""`eventsim convert`: one recording, whole or not at all, of what people already have."""

from __future__ import annotations

import gzip
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from eventsim.recordings import Header, RecordedRecord
from eventsim.recordings.jsonl import check_header, read, write
from eventsim.simulation import sorting
from tests.commands import Ended, eventsim
from tests.recording_writer import HEADER, zstd_is_there

RECORDS = [RecordedRecord(float(n), f"k{n}", b"{}", "s", str(n)) for n in range(5)]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def refused(*words: str) -> str:
    ended = eventsim("convert", *words)
    assert (ended.code, ended.stdout) == (2, "")
    assert not Path("out.jsonl").exists()
    return ended.stderr.removeprefix("error: ").rstrip()


def put(name: str, *values: Any) -> str:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_bytes(b"".join(orjson.dumps(value) + b"\n" for value in values))
    return name


def test_csv_becomes_a_recording_that_reads_back() -> None:
    Path("flights.csv").write_text("at,carrier\n2013-01-01T05:17:00,UA\n2013-01-01T05:33:00,B6\n")

    ended = eventsim(
        "convert",
        "flights.csv",
        *("--key", "carrier", "--time", "at", "--zone", "America/New_York"),
        *("-o", "out.jsonl.gz"),
    )

    assert ended == Ended(0, "", "out.jsonl.gz has 2 records\n")
    assert check_header("out.jsonl.gz") == Header("kinesis", "flights.csv")
    assert [each[:2] for each in read("out.jsonl.gz")] == [
        (1357035420.0, "UA"),
        (1357036380.0, "B6"),
    ]


@pytest.mark.parametrize("suffix", [".jsonl.gz", *([".jsonl.zst"] if zstd_is_there() else [])])
def test_a_recording_is_packed_and_unpacked_without_a_change(suffix: str) -> None:
    header = Header("kinesis", "a test", start=0.0, notes={"licence": "CC0"})
    write("in.jsonl", header, RECORDS)

    assert eventsim("convert", "in.jsonl", "-o", f"packed{suffix}", "--quiet").code == 0
    assert eventsim("convert", f"packed{suffix}", "-o", "out.jsonl", "--quiet").code == 0

    assert Path("out.jsonl").read_bytes() == Path("in.jsonl").read_bytes()


@pytest.mark.parametrize(("run", "size"), [(7, 10**6), (1_000, 10**6), (1_000, 99)])
def test_sorted_means_by_arrival_and_equal_ones_as_they_stood(
    monkeypatch: pytest.MonkeyPatch, run: int, size: int
) -> None:
    monkeypatch.setattr(sorting, "RUN_RECORDS", run)
    monkeypatch.setattr(sorting, "RUN_BYTES", size)
    monkeypatch.setattr(sorting, "RUNS_MAX", 3)
    chance = random.Random(7)
    rows = [{"at": chance.randrange(20), "n": n} for n in range(200)]
    put("in.json", *rows)

    assert eventsim("convert", "in.json", "--time", "at", "--sort", "-o", "out.jsonl").code == 0

    found = [orjson.loads(each.data) for each in read("out.jsonl")]
    assert found == sorted(rows, key=lambda row: row["at"])
    assert [each.name for each in Path().iterdir() if each.name.startswith(".")] == []


def test_a_clock_that_runs_backwards_is_told_and_sorting_is_offered() -> None:
    put("in.json", {"at": 2}, {"at": 1}, {"at": 3})

    assert refused("in.json", "--time", "at", "-o", "out.jsonl") == (
        "in.json:2: the clock runs backwards: arrival 1970-01-01T00:00:01.000Z comes after "
        "1970-01-01T00:00:02.000Z; a recording is in order of arrival; --sort puts them in order"
    )


def kinesis(at: float, number: str, key: str = "a") -> dict[str, Any]:
    told = {"PartitionKey": key, "Data": "eA==", "SequenceNumber": number, "ShardId": "s"}
    return {"Records": [{**told, "ApproximateArrivalTimestamp": at}]}


def test_a_record_that_no_recording_can_hold_costs_no_other() -> None:
    put("in.json", kinesis(1, "1"), kinesis(2, "2", key=""), kinesis(3, "3"))
    ended = eventsim(
        *("convert", "in.json", "--format", "aws_records", "-o", "out.jsonl"),
        *("--on-bad-line", "save"),
    )

    assert ended.stderr == (
        "in.json:2: key has 0 characters; it must have 1 to 256\n"
        "1 bad line was left out, saved in out.jsonl.bad\nout.jsonl has 2 records\n"
    )
    assert [each.sequence_number for each in read("out.jsonl")] == ["1", "3"]


@pytest.mark.parametrize("run", [1, 100])
def test_a_sequence_number_that_is_there_twice_is_a_bad_line_after_sorting_too(
    monkeypatch: pytest.MonkeyPatch, run: int
) -> None:
    monkeypatch.setattr(sorting, "RUN_RECORDS", run)
    put("in.json", kinesis(3, "2"), kinesis(1, "1"), kinesis(4, "1"))
    words = ["in.json", "--format", "aws_records", "--sort", "-o", "out.jsonl"]

    assert refused(*words) == (
        "out.jsonl: sequence number 1 of s comes after 2; they grow within a shard of a stream"
    )
    assert eventsim("convert", *words, "--on-bad-line", "save").code == 0
    assert [each.arrival for each in read("out.jsonl")] == [1.0, 3.0]
    assert len(Path("out.jsonl.bad").read_bytes().splitlines()) == 1


def test_recordings_out_of_order_are_sorted_or_held_to_theirs() -> None:
    for name, *arrivals in (("a.jsonl", 5, 3), ("b.jsonl", 4)):
        records = [{"arrival": at, "key": "a", "json": at} for at in arrivals]
        put(name, {"recording": "eventsim", "schema": 1, "source": "kinesis"}, *records)

    assert "a.jsonl:3: the clock runs backwards" in refused("a.jsonl", "-o", "out.jsonl")
    skipping = eventsim("convert", "a.jsonl", "b.jsonl", "-o", "c.jsonl", "--on-bad-line", "skip")
    assert "c.jsonl: the clock runs backwards" in skipping.stderr
    assert eventsim("convert", "a.jsonl", "b.jsonl", "--sort", "-o", "out.jsonl").code == 0
    assert [each.arrival for each in read("out.jsonl")] == [3.0, 4.0, 5.0]


def test_the_files_of_a_folder_are_read_in_the_order_of_their_names() -> None:
    for hour in (11, 10):
        name = f"objects/{hour}/orders-1-2013-01-01-{hour}-00-00-0a1b.gz"
        put(name, {"hour": hour})
        Path(name).write_bytes(gzip.compress(Path(name).read_bytes()))
    put("objects/_SUCCESS", {"no": "record"})

    assert eventsim("convert", "objects", "--format", "firehose", "-o", "out.jsonl").code == 0

    assert [orjson.loads(each.data)["hour"] for each in read("out.jsonl")] == [10, 11]


def test_a_stream_of_a_table_and_a_queue_are_told_by_what_they_carry() -> None:
    change: dict[str, Any] = {
        "eventID": "e",
        "eventName": "INSERT",
        "eventSourceARN": "arn:aws:dynamodb:us-east-1:123456789012:table/t/stream/2013",
        "dynamodb": {
            "ApproximateCreationDateTime": 1,
            "Keys": {"id": {"S": "a"}},
            "SequenceNumber": "1",
            "SizeBytes": 3,
            "StreamViewType": "KEYS_ONLY",
        },
    }
    message = {"MessageId": "m", "Body": "b"}
    put("table.json", {"Records": [change]})
    put("queue.json", {"Messages": [message]})
    put("both.json", change, message)

    for name in ("table", "queue"):
        words = (f"{name}.json", "--format", "aws_records", "-o", f"{name}.jsonl")
        assert eventsim("convert", *words).code == 0

    assert check_header("table.jsonl") == Header("dynamodb", change["eventSourceARN"])
    assert check_header("queue.jsonl") == Header("sqs", "queue.json")
    assert refused("both.json", "--format", "aws_records", "-o", "out.jsonl") == (
        "both.json:2: is of another kind than those before; a recording has one source"
    )


def test_bad_lines_are_left_out_and_saved_when_that_is_asked_for() -> None:
    Path("in.json").write_bytes(b'{"at":1}\nnoise\n{"at":2}\n{"no":"time"}\n{"at":3}\n')
    words = ("in.json", "--time", "at", "-o", "out.jsonl")

    assert refused(*words) == "in.json:2: no JSON object"
    ended = eventsim("convert", *words, "--on-bad-line", "save")

    assert (ended.code, ended.stderr.splitlines()) == (
        0,
        [
            "in.json:2: no JSON object",
            "in.json:4: has no at; --time names the field that has it",
            "2 bad lines were left out, saved in out.jsonl.bad",
            "out.jsonl has 3 records",
        ],
    )
    assert Path("out.jsonl.bad").read_bytes() == b'noise\n{"no":"time"}\n'
    assert [each.arrival for each in read("out.jsonl")] == [1.0, 2.0, 3.0]


def test_what_holds_no_record_at_all_makes_no_recording() -> None:
    Path("in.json").write_bytes(b"\x00\xff\x10" * 99)
    words = ("in.json", "--time", "at", "-o", "out.jsonl", "--on-bad-line", "skip")

    assert refused(*words).splitlines()[-1] == (
        "error: in.json: nothing in it is a record; is it another format?"
    )
    Path("in.json").write_bytes(b"")
    assert eventsim("convert", *words).code == 0
    assert list(read("out.jsonl")) == []


def test_what_cannot_be_asked_is_told() -> None:
    put("in.json", {"at": 1})
    Path("in.dat").write_bytes(b"")
    Path("precious.jsonl").write_text("not a recording\n")
    Path("empty").mkdir()

    assert refused("no.csv", "-o", "out.jsonl").startswith("no.csv: cannot be read: No such file")
    assert refused("in.json", "-o", "out.csv").startswith("out.csv: a recording's name ends in")
    assert refused("in.dat", "-o", "out.jsonl").startswith(
        "in.dat: its name does not say what it is; --format is one of: aws_records, "
    )
    assert refused("in.json", "--format", "xml", "-o", "out.jsonl").startswith(
        "no recordings called 'xml'; there are: "
    )
    assert refused("in.json", "--format", "on_failure", "--key", "a", "-o", "out.jsonl") == (
        "--key means nothing to on_failure, which takes none of these"
    )
    assert refused("in.json", "--zone", "Mars", "-o", "out.jsonl").startswith("--zone Mars is not")
    assert refused("in.json", "-o", "in.json") == "in.json would be overwritten while it is read"
    assert refused("in.json", "-o", "precious.jsonl").startswith(
        "precious.jsonl would overwrite a file that is no recording"
    )
    assert refused("empty", "-o", "out.jsonl") == "no file in empty"
    assert refused("precious.jsonl", "-o", "out.jsonl").startswith("precious.jsonl:1: no header")


def test_recordings_of_two_streams_are_not_made_one() -> None:
    write("a.jsonl", HEADER, RECORDS)
    write("b.jsonl", Header("kinesis", "another"), RECORDS)

    assert refused("a.jsonl", "b.jsonl", "-o", "out.jsonl") == (
        "b.jsonl:1: is of another source than a.jsonl; a recording has one"
    )


def test_what_is_read_is_not_written_meanwhile() -> None:
    put("out.jsonl.bad", {"t": 1}, "no object")
    put("in/a.ndjson", {"t": 1})
    before = Path("out.jsonl.bad").read_bytes()
    fields = ("--time", "t", "-o")

    assert (
        refused(
            "out.jsonl.bad", "--format", "json_lines", *fields, "out.jsonl", "--on-bad-line=save"
        )
        == "out.jsonl.bad would be overwritten by the bad lines of out.jsonl; write another name"
    )
    assert Path("out.jsonl.bad").read_bytes() == before
    assert refused("in", "--format", "json_lines", *fields, "in/b.jsonl") == (
        "in/b.jsonl would be one of the files in in; write it elsewhere"
    )


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_what_is_no_file_is_not_replaced_by_one(make: Callable[[Path], None]) -> None:
    put("in.ndjson", {"t": 1})
    make(Path("out.jsonl"))

    ended = eventsim("convert", "in.ndjson", "--time", "t", "-o", "out.jsonl")

    assert ended == Ended(2, "", "error: out.jsonl is no file; write the name of one\n")
    assert not Path("out.jsonl").is_file()


def test_numbers_keep_all_their_digits() -> None:
    digits = "12345678901234567890123"
    text = f'[{{"t": 1, "d": {{"n": {digits}}}}},{{"t":2,"d":{digits}}}]'
    Path("in.json").write_text(text)

    whole = eventsim("convert", "in.json", "--time", "t", "-o", "whole.jsonl")
    part = eventsim("convert", "in.json", "--time", "t", "--data", "d", "-o", "part.jsonl")

    assert (whole.code, part.code) == (0, 0)
    assert [each.data.decode() for each in read("whole.jsonl")] == [
        f'{{"t": 1, "d": {{"n": {digits}}}}}',
        f'{{"t":2,"d":{digits}}}',
    ]
    assert [each.data.decode() for each in read("part.jsonl")] == [f'{{"n":{digits}}}', digits]


def test_a_byte_order_mark_is_no_part_of_the_first_record() -> None:
    mark = b"\xef\xbb\xbf"
    Path("in.ndjson").write_bytes(mark + b'{"t":1}\n{"t":2}\n')
    Path("in.csv").write_bytes(mark + b"t,x\n1,a\n")
    write("whole.jsonl", HEADER, RECORDS)
    Path("marked.jsonl").write_bytes(mark + Path("whole.jsonl").read_bytes())

    found = []
    for name in ("in.ndjson", "in.csv", "marked.jsonl"):
        time = () if name == "marked.jsonl" else ("--time", "t")
        assert eventsim("convert", name, *time, "-o", "out.jsonl").code == 0
        found.append([each.data for each in read("out.jsonl")])

    assert found == [[b'{"t":1}', b'{"t":2}'], [b'{"t":"1","x":"a"}'], [b"{}"] * 5]


@pytest.mark.parametrize("name", ["in.ndjson", "in.csv", "in.jsonl"])
def test_utf_16_is_called_by_its_name(name: str) -> None:
    Path(name).write_text('{"t":1}\n', encoding="utf-16")

    assert refused(name, "-o", "out.jsonl") == (
        f"{name}:1: is UTF-16; write it in UTF-8, such as by iconv -f utf-16 -t utf-8"
    )


def test_a_value_of_a_megabyte_is_one_in_csv_too() -> None:
    value = "x" * 1_000_000
    Path("in.csv").write_text(f"t,x\n1,{value}\n2,y\n")

    ended = eventsim("convert", "in.csv", "--time", "t", "--data", "x", "-o", "out.jsonl")

    assert ended == Ended(0, "", "out.jsonl has 2 records\n")
    assert [each.data.decode() for each in read("out.jsonl")] == [value, "y"]


def test_bytes_of_parquet_are_data_as_they_are() -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.table({"t": [1], "x": [b"\x00\xff"]}), "in.parquet")

    ended = eventsim("convert", "in.parquet", "--time", "t", "--data", "x", "-o", "out.jsonl")

    assert (ended.code, [each.data for each in read("out.jsonl")]) == (0, [b"\x00\xff"])


def test_a_time_that_clocks_left_out_is_a_bad_line() -> None:
    Path("in.csv").write_text("t\n2013-03-10T01:30:00\n2013-03-10T02:30:00\n2013-03-10T03:30:00\n")
    words = ("--time", "t", "--zone", "America/New_York", "-o", "out.jsonl")

    ended = eventsim("convert", "in.csv", *words, "--on-bad-line", "skip")

    assert ended.stderr.splitlines()[0] == (
        "in.csv:3: '2013-03-10T02:30:00' is no time in America/New_York, "
        "whose clocks were put forward"
    )
    assert [each.arrival for each in read("out.jsonl")] == [1362897000.0, 1362900600.0]


def test_no_file_of_a_folder_is_left_out_in_silence() -> None:
    put("in/a.ndjson", {"t": 1})
    Path("in/b.ndjson").symlink_to("nowhere")

    assert refused("in", "--time", "t", "-o", "out.jsonl") == (
        "in/b.ndjson: cannot be read: No such file or directory"
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_a_folder_that_cannot_be_read_is_told() -> None:
    put("in/a.ndjson", {"t": 1})
    Path("in/more").mkdir(0o000)

    assert refused("in", "--time", "t", "-o", "out.jsonl") == (
        "in/more: cannot be read: Permission denied"
    )
