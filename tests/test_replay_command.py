"""``eventsim replay`` into a handler: what is asked, what is said, how it ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.commands import eventsim
from tests.recorded import record, save

APP = """\
import base64, json

def handler(event, context):
    if "Records" not in event:
        return event
    bodies = [json.loads(base64.b64decode(each["kinesis"]["data"])) for each in event["Records"]]
    print("got", *[body["n"] for body in bodies])

def broken(event, context):
    raise ValueError("always")
"""
RECORDS = [record(n, f"k{n % 2}", {"n": n, "who": "Ann"}) for n in range(8)]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text(APP)
    save(tmp_path / "orders.jsonl", RECORDS, origin="arn:aws:kinesis:us-east-1:1:stream/orders")
    return tmp_path


def replay(*words: Any) -> Any:
    return eventsim("replay", "orders.jsonl", *words)


def test_a_recording_is_replayed_in_virtual_time_and_summed_up() -> None:
    ended = replay("--handler", "app.handler", "--json")
    counts = orjson.loads(ended.stdout)

    assert ended.code == 0
    assert counts["records"]["delivered"] == 8
    assert list(counts["mappings"]) == ["app.Replay"]
    assert counts["mappings"]["app.Replay"]["source"] == "orders"
    assert "7.1 s simulated" in ended.stderr or "s simulated in" in ended.stderr


def test_the_command_that_repeats_it_stands_in_the_journal(folder: Path) -> None:
    words = ["--handler", "app.handler", "--batch-size", "3", "--shards", "2", "--key", "k 1"]
    replay(*words, "--journal", "run.jsonl", "--quiet")
    started = orjson.loads((folder / "run.jsonl").read_bytes().splitlines()[0])

    assert started["command"] == (
        "eventsim replay orders.jsonl --key 'k 1' --handler app.handler --shards 2 --batch-size 3"
    )


def test_every_setting_of_a_mapping_is_an_option() -> None:
    ended = replay("--handler", "app.handler", "--batch-size", "2", "--json")

    assert orjson.loads(ended.stdout)["batches"] >= 4
    assert replay("--handler", "app.handler", "--batch-size", "0").code == 2


def test_discarded_records_are_exit_1() -> None:
    assert replay("--handler", "app.broken", "--maximum-retry-attempts", "0").code == 1


@pytest.mark.parametrize("destination", ["dlq", "arn:aws:sns:eu-west-1:1:dlq", "arn:aws:s3:::dlq"])
def test_what_is_given_up_goes_to_a_simulated_destination(folder: Path, destination: str) -> None:
    words = ["--handler", "app.broken", "--maximum-retry-attempts", "0", "--journal", "run.jsonl"]
    ended = replay(*words, "--on-failure", destination, "--quiet")
    lines = (folder / "run.jsonl").read_bytes().splitlines()
    sent = [entry for entry in map(orjson.loads, lines) if entry["kind"] == "destination_delivered"]

    assert ended.code == 1
    assert sum(entry["records"] for entry in sent) == 8


def test_windows_are_since_the_recording_began_or_dates() -> None:
    since = replay("--handler", "app.handler", "--from", "2s", "--until", "5s")
    dates = replay(
        *("--handler", "app.handler", "--from", "2023-11-14T22:13:22Z"),
        *("--until", "2023-11-14T22:13:25Z"),
    )

    told = [line for line in since.stderr.splitlines() if line.startswith("app | got")]
    assert told == ["app | got 2 3", "app | got 4"]
    assert "got 2" in dates.stderr
    assert "got 5" not in dates.stderr


def test_real_time_at_a_speed_tells_how_late_it_was() -> None:
    ended = replay("--handler", "app.handler", "--time", "real", "--speed", "20")

    assert ended.code == 0
    assert "s after arrival on average" in ended.stderr


def test_as_fast_as_possible_delivers_all() -> None:
    ended = replay("--handler", "app.handler", "--time", "real", "--speed", "max", "--json")

    assert orjson.loads(ended.stdout)["records"]["delivered"] == 8


def test_a_path_that_masks_nothing_is_told_and_exit_1() -> None:
    right = replay("--handler", "app.handler", "--mask", "who")
    wrong = replay("--handler", "app.handler", "--mask", "whom")

    assert (right.code, wrong.code) == (0, 1)
    assert "--mask whom masked nothing: no record has it" in wrong.stderr


def test_two_handlers_are_compared() -> None:
    words = ["--handler", "app.handler", "--maximum-retry-attempts", "0"]
    same = replay(*words, "--versus", "app.handler", "--quiet")
    different = replay(*words, "--versus", "app.broken", "--quiet")

    assert (same.code, same.stdout.splitlines()[-1]) == (0, "the same")
    assert different.code == 1
    assert "function error ValueError: always" in different.stdout


def test_two_settings_are_compared() -> None:
    settings = '{"MaximumBatchingWindowInSeconds": 5}'
    ended = replay("--handler", "app.handler", "--versus-settings", settings, "--quiet")

    assert ended.code == 1
    assert "first difference, in how records were cut into batches" in ended.stdout


def test_bad_lines_are_left_out_and_saved_where_asked(folder: Path) -> None:
    path = folder / "orders.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:4], b"damaged\n", *lines[4:]]))
    stopped = replay("--handler", "app.handler", "--json")
    saved = replay("--handler", "app.handler", "--json", "--on-bad-line", "save")

    assert (stopped.code, "orders.jsonl:5: damaged line" in stopped.stderr) == (2, True)
    assert saved.code == 0
    assert orjson.loads(saved.stdout)["records"]["delivered"] == 8
    assert saved.stderr.count("orders.jsonl:5:") == 1
    assert (folder / "orders.jsonl.bad").read_bytes() == b"damaged\n"


def test_a_cut_off_end_is_said_and_what_came_before_is_replayed(folder: Path) -> None:
    path = folder / "orders.jsonl"
    path.write_bytes(path.read_bytes()[:-5])
    ended = replay("--handler", "app.handler", "--json")

    assert orjson.loads(ended.stdout)["records"]["delivered"] == 7
    assert ended.stderr.count("orders.jsonl:9: the recording is cut off in this line") == 1


def test_a_recording_of_whole_events_is_invoked(folder: Path) -> None:
    save(folder / "events.jsonl", [record(n, "", {"n": n}) for n in range(3)], "lambda")
    ended = eventsim("replay", "events.jsonl", "--handler", "app.handler", "--json")
    told = orjson.loads(ended.stdout)

    assert (ended.code, told["invocations"]) == (0, 3)
    assert told["seconds"] >= 2.0
    assert eventsim("replay", "events.jsonl", "--handler", "app.handler", "--key", "k").code == 2
    assert eventsim("replay", "events.jsonl", "--handler", "app.broken").code == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "name --handler module.function, or --to kinesis://NAME; one of them"),
        (["--handler", "app.handler", "--to", "kinesis://x"], "one of them"),
        (["--handler", "app.nothing"], "app.py has no nothing"),
        (["--handler", "app.handler", "--speed", "10"], "speed means nothing in virtual time"),
        (["--to", "kinesis://x", "--speed", "fast"], "--speed fast is no speed"),
        (["--to", "kinesis://x", "--speed", "0"], "--speed 0 is no speed"),
        (["--to", "kinesis"], "'kinesis' is no target; write one such as kinesis://orders"),
        (["--to", "kinesis://x", "--shards", "2"], "--shards means nothing to --to"),
        (["--to", "kinesis://x", "--batch-size", "2"], "--batch-size means nothing to --to"),
        (["--handler", "app.handler", "--resume", "r"], "--resume means nothing to --handler"),
        (["--handler", "app.handler", "--from", "soon"], "--from is 'soon'; write a date"),
        (["--handler", "app.handler", "--from", "2013-01-01T00:00:00"], "with its zone"),
        (["--handler", "app.handler", "--from", "5s", "--until", "5s"], "is not after the beginn"),
        (["--handler", "app.handler", "--rekey", "missing"], "'missing' is not there"),
        (["--handler", "app.handler", "--pattern", "{"], "not JSON"),
        (["--handler", "app.handler", "--failed", "f"], "--failed is of --redrive"),
        (["--handler", "app.handler", "--versus-settings", "x"], "--versus-settings is not JSON"),
        (
            ["--handler", "app.handler", "--versus", "app.broken", "--journal", "j"],
            "which has two runs",
        ),
        (["--handler", "app.handler", "--time", "real", "--duration", "2s"], "in real time"),
        (["--to", "kinesis://x", "--timeout", "9"], "--timeout means nothing to --to"),
        (["--handler", "app.handler", "--redrive", "d", "--mask", "m"], "--mask means nothing"),
        (["--handler", "app.handler", "--redrive", "d", "--failed", "d"], "overwrite the documen"),
        (["--handler", "app.handler", "--as", "invocations", "--key", "k"], "--key means nothing"),
        (["--handler", "app.handler", "--journal", "orders.jsonl"], "would overwrite"),
    ],
)
def test_words_that_mean_nothing_are_refused(words: list[str], said: str) -> None:
    ended = replay(*words)

    assert (ended.code, said in ended.stderr) == (2, True), ended.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file"),
        (b"", "no header"),
        (b"\x00\xff\x00", "no header"),
        (b'{"an": "event"}\n', "are replayed with --as invocations"),
        (b'{"recording":"eventsim","schema":99,"source":"kinesis"}\n', "a newer eventsim reads it"),
        (b'{"recording":"eventsim","schema":1,"source":"carrier pigeon"}\n', "carrier pigeon"),
    ],
)
def test_a_file_that_is_no_recording_is_exit_2(
    folder: Path, content: bytes | None, said: str
) -> None:
    path = folder / "other.jsonl"
    if content is not None:
        path.write_bytes(content)
    ended = eventsim("replay", path, "--handler", "app.handler")

    assert (ended.code, said in ended.stderr) == (2, True), ended.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["--key", "nobody"],
        ["--shard", "shardId-9", "--loop", "1000000000"],
        ["--pattern", '{"data":{"n":[99]}}'],
        ["--from", "2h"],
    ],
)
def test_a_choice_without_a_record_is_told_and_exit_1(words: list[str]) -> None:
    ended = replay("--handler", "app.handler", *words)

    assert ended.code == 1
    assert "no record of orders.jsonl is one of those that were asked for" in ended.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--shift=-99999999h"], "--shift -99999999h leads out of the years 1970 to 9998"),
        (["--shift", "99999999h"], "--shift 99999999h leads out of the years 1970 to 9998"),
        (
            ["--loop", "1000", "--until", "1000000h"],
            "the replay leads out of the year 9998; --loop less often",
        ),
    ],
)
def test_a_date_that_no_calendar_has_is_refused(words: list[str], said: str) -> None:
    ended = replay("--handler", "app.handler", *words)

    assert (ended.code, ended.stderr.splitlines()[-1]) == (2, f"error: {said}")


def test_a_journal_without_its_end_is_said_to_be_cut_off(folder: Path) -> None:
    replay("--handler", "app.handler", "--journal", "run.jsonl", "--detail", "payload")
    lines = Path("run.jsonl").read_bytes().splitlines(keepends=True)
    Path("cut.jsonl").write_bytes(b"".join(lines[:-3]))

    whole = eventsim("replay", "run.jsonl", "--handler", "app.handler")
    cut = eventsim("replay", "cut.jsonl", "--handler", "app.handler")

    assert (whole.code, cut.code) == (0, 0)
    assert "cut off" not in whole.stderr
    assert f"cut.jsonl:{len(lines) - 2}: the recording is cut off in this line" in cut.stderr


def test_no_file_is_written_for_two_things() -> None:
    ended = replay("--handler", "app.handler", "--journal", "run.x", "--stats", "./run.x")

    assert (ended.code, ended.stderr) == (
        2,
        "error: --journal and --stats both want to write run.x\n",
    )
