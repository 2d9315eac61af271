"""A table in a scenario: what its keys come to, what is refused where, and a run of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from eventsim import Entry, Options, Scenario, ScenarioError, run
from eventsim.journal.sinks import MemorySink
from eventsim.scenario import find, load
from eventsim.simulation import Simulation

VALID = """\
# A table tells what changed.
name: users
resources:
  users: {type: dynamodb, key: {id: S, at: N}, view: NEW_IMAGE, ttl: expires, rollover: 4h}
functions:
  watcher:
    Handler: watcher.handler
    Events:
      Users:
        Type: DynamoDB
        Properties: {Stream: users, StartingPosition: TRIM_HORIZON}
timeline:
  - {at: 1s, put: users, records: [{put: {id: {S: a}, at: {N: "1"}, n: {N: "1"}}}]}
  - {at: 2s, put: users, records: [{update: {id: {S: a}, at: {N: "1"}, n: {N: "2"}}}]}
  - {at: 3s, put: users, records: [{delete: {id: {S: a}, at: {N: "1"}}}]}
"""
WATCHER = """\
seen = []
def handler(event, context):
    seen.append([(r["eventName"], r["dynamodb"].get("NewImage")) for r in event["Records"]])
    print(*[r["eventName"] for r in event["Records"]])
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "watcher.py").write_text(WATCHER)
    (tmp_path / "users.jsonl").write_text(
        '{"recording": "eventsim", "schema": 1, "source": "kinesis", "origin": "test"}\n'
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def faults_of(old: str, new: str) -> list[str]:
    assert VALID.count(old) == 1
    Path("s.yaml").write_text(VALID.replace(old, new))
    with pytest.raises(ScenarioError) as error:
        load("s.yaml")
    return [str(fault).removeprefix("s.yaml:") for fault in error.value.faults]


def played(plain: dict[str, Any], **options: Any) -> list[Entry]:
    sink = MemorySink()
    assert run(Scenario.of(plain), Options(sinks=[sink], **options)).ok
    return sink.entries


RECORD = '{put: {id: {S: a}, at: {N: "1"}, n: {N: "1"}}}'
PLACE = "timeline[0].records[0]"


@pytest.mark.parametrize(
    ("old", "new", "faults"),
    [
        (
            "key: {id: S, at: N}, ",
            "",
            ["4:3: no key in resources.users; write key: {id: S}"],
        ),
        (
            "{id: S, at: N}",
            "{id: T}",
            ["4:32: resources.users.key: t is no type of a key; write S, N or B"],
        ),
        (
            "rollover: 4h",
            "rollover: 4",
            ["4:89: resources.users.rollover: write a duration of 1m or more, such as 4h"],
        ),
        (
            "NEW_IMAGE",
            "BOTH",
            [
                "4:54: resources.users.view is 'BOTH'; it must be one of KEYS_ONLY, NEW_IMAGE, "
                "OLD_IMAGE, NEW_AND_OLD_IMAGES"
            ],
        ),
        (
            RECORD,
            "{key: a, data: 1}",
            [
                f"13:37: unknown key 'key' in {PLACE}; there are: delete, put, update",
                f"13:45: unknown key 'data' in {PLACE}; did you mean 'update'?",
            ],
        ),
        (RECORD, "{}", [f"13:36: {PLACE}: write one of put, update and delete"]),
        (RECORD, "7", [f"13:36: {PLACE} is 7; it must be a mapping"]),
        (
            RECORD,
            "{put: {id: a, at: {N: '1'}}}",
            [
                f"13:47: {PLACE}.put.id: an attribute value is a mapping such as {{S: text}}, "
                "not 'a'"
            ],
        ),
        (
            RECORD,
            "{put: {id: {S: a}, at: {N: 1}}}",
            [f'13:63: {PLACE}.put.at.N: a number is sent as text; write "1" in quotes'],
        ),
        (
            RECORD,
            "{put: {id: {S: a}}}",
            [
                f"13:42: {PLACE}.put: one or more parameter values were invalid: Missing the key "
                "at in the item"
            ],
        ),
        (
            RECORD,
            "{delete: {id: {S: a}, at: {N: '1'}, n: {N: '1'}}}",
            [f"13:45: {PLACE}.delete: the provided key element does not match the schema"],
        ),
        (
            f"records: [{RECORD}]",
            "from: users.jsonl",
            [
                "13:32: timeline[0].from is a recording, and those of dynamodb are not simulated "
                "yet; write records"
            ],
        ),
        (
            "Type: DynamoDB",
            "Type: Kinesis",
            [
                "10:15: functions.watcher.Events.Users.Type is 'Kinesis', but its stream is "
                "dynamodb; write DynamoDB"
            ],
        ),
    ],
)
def test_a_fault_is_told_with_its_place_and_what_would_be_right(
    old: str, new: str, faults: list[str]
) -> None:
    assert faults_of(old, new) == faults


def test_at_timestamp_is_refused_as_on_aws() -> None:
    faults = faults_of("TRIM_HORIZON", "AT_TIMESTAMP, StartingPositionTimestamp: 1")

    assert [fault for fault in faults if "Unsupported starting position for arn type" in fault]


@pytest.mark.parametrize("backend", ["simulated", "moto"])
def test_a_timeline_changes_a_table_and_its_function_is_told(backend: str) -> None:
    entries = played(yaml.safe_load(VALID), backend=backend, detail="payload")

    delivered = [entry for entry in entries if entry.kind == "batch_delivered"]
    logged = [entry.fields["text"] for entry in entries if entry.kind == "function_logged"]
    put = [entry for entry in entries if entry.kind == "records_put"]
    assert [entry.fields["records"] for entry in put] == [1, 1, 1]
    assert {entry.fields["source"] for entry in put} == {"users"}
    assert [entry.fields["records"] for entry in delivered] == [1, 1, 1]
    words = ("INSERT", "MODIFY", "REMOVE")
    lines = [line for text in logged for line in text.splitlines()]
    assert [line for line in lines if line in words] == [*words]


def test_an_item_that_expires_is_told_after_the_timeline_has_ended() -> None:
    plain = yaml.safe_load(VALID) | {
        "start": "2026-01-01T00:00:00Z",
        "timeline": [
            {
                "at": "1s",
                "put": "users",
                "records": [
                    {
                        "put": {
                            "id": {"S": "a"},
                            "at": {"N": "1"},
                            "expires": {"N": str(1_767_225_600 + 3_600)},
                        }
                    }
                ],
            }
        ],
    }

    entries = played(plain)

    put = [
        (entry.fields["since"], entry.fields["records"])
        for entry in entries
        if entry.kind == "records_put"
    ]
    assert put == [(1.0, 1), (3_600.0, 1)]


def test_the_whole_stream_goes_on_over_rolled_shards() -> None:
    steps = [
        {
            "at": f"{hour}h",
            "put": "users",
            "records": [{"put": {"id": {"S": "a"}, "at": {"N": "1"}, "n": {"N": str(hour)}}}],
        }
        for hour in range(0, 24, 2)
    ]

    entries = played(yaml.safe_load(VALID) | {"timeline": steps})

    delivered = [entry.fields for entry in entries if entry.kind == "batch_delivered"]
    assert sum(fields["records"] for fields in delivered) == 12
    assert len({fields["shard"] for fields in delivered}) == 6
    firsts = [int(fields["first"]) for fields in delivered]
    assert firsts == sorted(firsts)


def test_a_stream_arn_means_its_table() -> None:
    arn = "arn:aws:dynamodb:us-east-1:123456789012:table/users/stream/2026-01-01T00:00:00.000"
    Path("s.yaml").write_text(VALID.replace("{Stream: users,", f"{{Stream: {arn!r},"))

    simulation = Simulation(load("s.yaml"))

    (mapping,) = simulation.scenario.mapping_values({"users": arn})
    assert mapping.source == "users"


@pytest.mark.parametrize("name", ["table-changes", "time-to-live"])
def test_a_scenario_on_board_keeps_its_lesson(name: str) -> None:
    assert run(load(find(name))).ok
