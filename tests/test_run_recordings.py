"""Streams, tables and queues of a run, recorded while it runs."""

from __future__ import annotations

from base64 import b64decode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventsim import Options, Scenario, run
from eventsim.journal.sinks import JsonLinesSink
from eventsim.recordings import Header, RecordedRecord, jsonl
from eventsim.replay import Player, Recording
from eventsim.replay.comparing import compare
from eventsim.simulation import sorting
from eventsim.simulation.replaying import Replay, replay
from tests.commands import APP, SCENARIO, eventsim

START = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
POLLED = {"StartingPosition": "TRIM_HORIZON", "BatchSize": 2, "MaximumRetryAttempts": 1}


def fail_on_poison(event: dict[str, Any], context: object) -> None:
    for record in event["Records"]:
        data = b64decode(record["kinesis"]["data"]) if "kinesis" in record else b""
        if b"poison" in data or record.get("body") == "poison":
            raise ValueError("poison")


def scenario(timeline: list[Any], **resources: Any) -> Scenario:
    """Everything there is to record; each source is polled if the timeline puts something there."""
    events: dict[str, Any] = {
        "Replay": {"Type": "Kinesis", "Properties": {"Stream": "orders"} | POLLED},
        "Jobs": {"Type": "SQS", "Properties": {"Queue": "jobs"}},
    }
    return Scenario.of(
        {
            "name": "recorded",
            "seed": 3,
            "resources": resources,
            "functions": {
                "f": {
                    "Handler": fail_on_poison,
                    "run_in": "inline",
                    "duration": "20ms",
                    "Events": {
                        name: event
                        for name, event in events.items()
                        if resources.keys() & set(event["Properties"].values())
                    },
                }
            },
            "timeline": timeline,
        }
    )


def put(at: str, *records: tuple[str, Any]) -> dict[str, Any]:
    return {"at": at, "put": "orders", "records": [{"key": k, "data": d} for k, d in records]}


def test_a_stream_is_recorded_in_order_of_arrival_with_its_shards(tmp_path: Path) -> None:
    path, told = tmp_path / "orders.jsonl", list[tuple[Path, int]]()
    timeline = [
        put("1s", ("a", 1), ("b", 2)),
        put("2500ms", ("b", 3)),
        {"at": "3s", "split": "orders/shardId-000000000001"},
        put("4s", ("a", 4), ("b", 5)),
    ]
    what = scenario(timeline, orders={"type": "kinesis", "shards": 2})
    run(what, Options(recordings={"orders": path}, on_recorded=lambda *one: told.append(one)))
    records = list(jsonl.read(path))

    assert told == [(path, 5)]
    assert jsonl.check_header(path) == Header(
        "kinesis",
        "arn:aws:kinesis:us-east-1:123456789012:stream/orders",
        start=START,
        notes={"scenario": "recorded", "seed": 3},
    )
    assert [(each.arrival - START, each.key, each.data, each.shard) for each in records] == [
        (1.0, "a", b"1", "shardId-000000000000"),
        (1.0, "b", b"2", "shardId-000000000001"),
        (2.5, "b", b"3", "shardId-000000000001"),
        (4.0, "a", b"4", "shardId-000000000000"),
        (4.0, "b", b"5", "shardId-000000000002"),
    ]


puts = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from("abcde"), st.sampled_from([1, "poison"])),
    max_size=25,
    unique_by=lambda put: put[0],
)


@settings(max_examples=8)
@given(puts)
def test_a_recorded_run_is_the_run_and_replays_as_it_ran(
    tmp_path_factory: pytest.TempPathFactory, made: list[tuple[int, str, Any]]
) -> None:
    folder = tmp_path_factory.mktemp("run")
    timeline = [put(f"{at}s", (key, data)) for at, key, data in sorted(made, key=lambda it: it[0])]
    what = scenario(timeline, orders={"type": "kinesis", "shards": 3})
    paths = [folder / name for name in ("bare", "recorded", "replayed")]
    recording = folder / "orders.jsonl"
    run(what, Options(sinks=[JsonLinesSink(paths[0])]))
    run(what, Options(sinks=[JsonLinesSink(paths[1])], recordings={"orders": recording}))

    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert len(list(jsonl.read(recording))) == len(made)
    replay(
        Replay(
            player=Player(Recording.of(recording)),
            function={"Handler": fail_on_poison, "run_in": "inline", "duration": "20ms"},
            function_name="f",
            source_name="orders",
            properties=POLLED,
            shards=3,
            seed=3,
        ),
        Options(sinks=[JsonLinesSink(paths[2])]),
    )
    compared = compare(paths[0], paths[2])
    assert compared.first is None


def test_what_nobody_reads_is_recorded_in_order_too(tmp_path: Path) -> None:
    made = [RecordedRecord(START + n, "ab"[n % 2], b"%d" % n) for n in range(6)]
    jsonl.write(tmp_path / "made.jsonl", Header("kinesis", start=START), made)
    values = {
        "name": "unread",
        "resources": {"orders": {"type": "kinesis", "shards": 2}},
        "timeline": [{"at": "0s", "put": "orders", "from": "made.jsonl"}],
    }
    path = tmp_path / "orders.jsonl"
    run(Scenario.of(values, tmp_path), Options(recordings={"orders": path}))

    assert [each[:3] for each in jsonl.read(path)] == [each[:3] for each in made]


def test_what_is_too_much_for_memory_comes_from_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sorting, "RUN_RECORDS", 3)
    monkeypatch.setattr(sorting, "RUNS_MAX", 2)
    path = tmp_path / "orders.jsonl"
    timeline = [put(f"{n}s", ("a" if n % 3 else "b", n)) for n in range(20)]
    what = scenario(timeline, orders={"type": "kinesis", "shards": 2})
    run(what, Options(recordings={"orders": path}))

    assert [int(each.data) for each in jsonl.read(path)] == list(range(20))
    assert [each.name for each in tmp_path.iterdir()] == ["orders.jsonl"]


def test_messages_are_recorded_where_they_came_in(tmp_path: Path) -> None:
    resources = {
        "dead": {"type": "sqs"},
        "jobs": {"type": "sqs", "redrive": {"queue": "dead", "max_receive_count": 2}},
    }
    messages = [{"body": "poison", "attributes": {"who": "Ann"}}]
    what = scenario([{"at": "2s", "send": "jobs", "messages": messages}], **resources)
    run(what, Options(recordings={name: tmp_path / f"{name}.jsonl" for name in resources}))
    (sent,), (dead,) = (list(jsonl.read(tmp_path / f"{name}.jsonl")) for name in ("jobs", "dead"))

    assert (sent.arrival, dead.arrival) == (START + 2, START + 62)
    assert sent.data.message_id == dead.data.message_id
    assert sent.data.message_attributes == {"who": {"DataType": "String", "StringValue": "Ann"}}
    assert "ApproximateReceiveCount" not in sent.data.attributes
    assert dead.data.attributes["ApproximateReceiveCount"] == "2"
    assert dead.data.attributes["DeadLetterQueueSourceArn"].endswith(":jobs")


def test_changes_of_a_table_are_recorded(tmp_path: Path) -> None:
    path = tmp_path / "users.jsonl"
    item = {"id": {"S": "x"}, "n": {"N": "1"}}
    timeline = [
        {"at": "3s", "put": "users", "records": [{"put": item}, {"delete": {"id": {"S": "x"}}}]}
    ]
    run(
        scenario(timeline, users={"type": "dynamodb", "key": {"id": "S"}}),
        Options(recordings={"users": path}),
    )
    found = [(each.arrival, each.key, each.data.event_name) for each in jsonl.read(path)]

    assert found == [(START + 3, '{"id":{"S":"x"}}', name) for name in ("INSERT", "REMOVE")]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "small.yaml").write_text(SCENARIO)
    return tmp_path


def test_the_command_records_a_run(folder: Path) -> None:
    ended = eventsim("run", "small.yaml", "--record", "orders=orders.jsonl.gz")

    assert ended.code == 0
    assert "orders.jsonl.gz has 2 records\n" in ended.stderr
    assert next(jsonl.read("orders.jsonl.gz"))[:3] == RecordedRecord(START, "a", b"1")[:3]
    assert eventsim("replay", "orders.jsonl.gz", "--handler", "app.handler").code == 0


def test_what_functions_got_in_a_run_is_a_recording_too(folder: Path) -> None:
    eventsim("run", "small.yaml", "--journal", "run.jsonl", "--detail", "payload")
    ended = eventsim("convert", "run.jsonl", "--format", "journal", "-o", "events.jsonl")
    replays = [
        eventsim("replay", name, "--handler", "app.handler", "--journal", f"{name}.run").stderr
        for name in ("run.jsonl", "events.jsonl")
    ]

    assert (ended.code, ended.stderr) == (0, "events.jsonl has 1 records\n")
    assert jsonl.check_header("events.jsonl").start == START
    assert ["got a b" in told for told in replays] == [True, True]
    assert eventsim("compare", "run.jsonl.run", "events.jsonl.run").code == 0


def test_a_journal_without_events_is_no_recording(folder: Path) -> None:
    eventsim("run", "small.yaml", "--journal", "run.jsonl")
    as_it_is = eventsim("convert", "run.jsonl", "-o", "events.jsonl")
    as_a_journal = eventsim("convert", "run.jsonl", "--format", "journal", "-o", "events.jsonl")

    assert (as_it_is.code, as_a_journal.code) == (2, 2)
    assert "run.jsonl:1: is a journal, and no recording; " in as_it_is.stderr
    assert "one of a run with --detail payload does" in as_a_journal.stderr


def test_a_run_that_fails_has_recorded_what_arrived(folder: Path) -> None:
    (folder / "small.yaml").write_text(SCENARIO.replace("min: 2", "min: 3"))

    assert eventsim("run", "small.yaml", "--record", "orders=orders.jsonl").code == 1
    assert len(list(jsonl.read("orders.jsonl"))) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sales=a.jsonl"], "no stream or queue called 'sales'; there are: orders"),
        (["orders"], "--record orders says no file; write one such as orders=orders.jsonl.gz"),
        (["orders=a.csv"], "a.csv: a recording's name ends in .jsonl, .jsonl.gz or .jsonl.zst"),
        (["orders=a.jsonl", "--record", "orders=b.jsonl"], "--record orders is asked for twice"),
        (["orders=a.jsonl", "--journal", "a.jsonl"], "both want to write a.jsonl"),
        (["orders=taken.jsonl"], "taken.jsonl would overwrite a file that is no recording"),
        (["orders=a.jsonl", "--backend", "moto", "--time", "real"], "nothing of the moto back end"),
        (["orders=no/a.jsonl"], "error: no/a.jsonl cannot be written: there is no folder no"),
    ],
)
def test_what_cannot_be_recorded_is_told_with_exit_2(
    folder: Path, words: list[str], said: str
) -> None:
    (folder / "taken.jsonl").write_text("mine\n")
    ended = eventsim("run", "small.yaml", "--record", *words)

    assert ended.code == 2
    assert said in ended.stderr
