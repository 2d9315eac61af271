"""What is replayed of a recording, changed how, and when it is due."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsim.errors import EventsimError, PatternError, RecordingError
from eventsim.journal.sinks import JsonLinesSink
from eventsim.recordings import BadLine, Header, RecordedRecord, jsonl
from eventsim.replay import Bound, Changes, Cut, Player, Recording, open_events
from eventsim.rules.dynamodb import Change
from eventsim.rules.masking import key_in, masked
from eventsim.rules.paths import parse_path
from eventsim.simulation import Options
from eventsim.simulation.replaying import Replay, replay
from tests.recorded import START, message, player, record, save

THREE = [
    record(0, "a", {"n": 1}, "s1"),
    record(1.5, "b", {"n": 2}, "s2"),
    record(4, "a", {"n": 3}, "s1"),
]


class Seen:
    """A handler that keeps what it was given."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    def __call__(self, event: Any, context: Any) -> int:
        self.events.append(event)
        return len(event.get("Records", ()))

    @property
    def records(self) -> list[Any]:
        return [record for event in self.events for record in event["Records"]]


def into(handler: Any) -> dict[str, Any]:
    """A function block around a callable."""
    return {"Handler": handler, "run_in": "inline"}


def times(dues: Any) -> list[tuple[float, str]]:
    return [(due.time, due.record.key) for due in dues]


def test_records_are_due_as_long_after_the_start_as_they_arrived(tmp_path: Path) -> None:
    played = player(tmp_path, THREE)

    assert times(played.dues()) == [(0.0, "a"), (1.5, "b"), (4.0, "a")]
    assert played.start == START


@pytest.mark.parametrize(
    ("cut", "expected"),
    [
        (Cut(since=Bound(1, relative=True)), [(0.5, "b"), (3.0, "a")]),
        (Cut(until=Bound(4, relative=True)), [(0.0, "a"), (1.5, "b")]),
        (Cut(since=Bound(START + 1.5), until=Bound(START + 1.6)), [(0.0, "b")]),
        (Cut(shards=frozenset({"s2"})), [(1.5, "b")]),
        (Cut(keys=frozenset({"a"})), [(0.0, "a"), (4.0, "a")]),
        (Cut(patterns=('{"data": {"n": [{"numeric": [">", 2]}]}}',)), [(4.0, "a")]),
        (Cut(patterns=('{"partitionKey": ["b"]}',)), [(1.5, "b")]),
    ],
)
def test_a_cut_is_by_time_shard_key_or_pattern(
    tmp_path: Path, cut: Cut, expected: list[tuple[float, str]]
) -> None:
    assert times(player(tmp_path, THREE, cut=cut).dues()) == expected


def test_nothing_behind_a_cut_is_read(tmp_path: Path) -> None:
    path = save(tmp_path / "orders.jsonl", THREE)
    path.write_bytes(path.read_bytes() + b"damaged\n")
    played = player(tmp_path, THREE, cut=Cut(until=Bound(4, relative=True)))

    assert len(list(played.dues())) == 2


def test_a_pattern_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PatternError):
        list(player(tmp_path, THREE, cut=Cut(patterns=("{",))).dues())


def test_a_loop_begins_again_where_the_cut_ends(tmp_path: Path) -> None:
    looped = player(tmp_path, THREE, loop=2)
    cut = player(tmp_path, THREE, loop=2, cut=Cut(until=Bound(10, relative=True)))

    assert [due.time for due in looped.dues()] == [0.0, 1.5, 4.0, 4.0, 5.5, 8.0]
    assert [due.time for due in cut.dues()] == [0.0, 1.5, 4.0, 10.0, 11.5, 14.0]
    assert [due.number for due in cut.since(4)] == [4, 5]


def test_a_shift_moves_dates_and_no_gap(tmp_path: Path) -> None:
    played = player(tmp_path, THREE, changes=Changes(shift=3600.0))

    assert played.start == START + 3600
    assert [due.time for due in played.dues()] == [0.0, 1.5, 4.0]
    assert [due.record.arrival for due in played.dues()] == [
        START + 3600,
        START + 3601.5,
        START + 3604,
    ]


def test_a_new_key_comes_out_of_the_data(tmp_path: Path) -> None:
    played = player(tmp_path, THREE, changes=Changes(rekey=parse_path("n")))

    assert [(due.record.key, due.record.shard) for due in played.dues()] == [
        ("1", None),
        ("2", None),
        ("3", None),
    ]


@pytest.mark.parametrize(
    "value", [{"m": 1}, {"n": None}, {"n": [1]}, {"a": {"n": 1}, "b": {"n": 2}}]
)
def test_a_record_without_the_new_key_stops_the_replay(tmp_path: Path, value: Any) -> None:
    played = player(
        tmp_path, [record(0, "a", {"n": 1}), record(1, "b", value)], changes=Changes(rekey=("n",))
    )
    seen: list[Any] = []

    with pytest.raises(EventsimError, match=r"record 2 of those replayed: its data 'n' .*--rekey"):
        seen.extend(due.record.key for due in played.dues())
    assert seen == ["1"]


def test_what_is_masked_keeps_its_kind_and_nothing_else(tmp_path: Path) -> None:
    value = {"name": "Ann", "age": 7, "in": {"name": ["x"], "rest": {"name": {"a": 1}}}, "n": 2**70}
    changes = Changes(mask=(parse_path("name"), parse_path("age")))
    path = tmp_path / "orders.jsonl"
    path.write_bytes(b'{"recording":"eventsim","schema":1,"source":"kinesis"}\n')
    played = player(tmp_path, [], changes=changes)
    raw = record(0, "a", {})._replace(data=b'{"n":%d,"name":"Ann"}' % 2**70)

    assert masked(value, changes.mask)[0] == {
        "name": "***",
        "age": 0,
        "in": {"name": [], "rest": {"name": {}}},
        "n": 2**70,
    }
    assert played.changes.of(raw, 1).data == b'{"n":%d,"name":"***"}' % 2**70


def test_data_without_the_masked_field_stays_as_it_is(tmp_path: Path) -> None:
    raw = record(0, "a", {})._replace(data=b'{"x": 1.50}')
    changes = Changes(mask=(("name",),))

    assert changes.of(raw, 1) == raw
    assert changes.complaint() == "--mask name masked nothing: no record has it"


def test_data_that_cannot_be_masked_does_not_leave(tmp_path: Path) -> None:
    raw = record(0, "a", {})._replace(data=b"\xff")

    with pytest.raises(EventsimError, match=r"its data is not JSON, so --mask cannot be done"):
        Changes(mask=(("name",),)).of(raw, 1)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abs"), inner, max_size=3)
    ),
    max_leaves=12,
)


def test_a_number_that_json_cannot_hold_ends_a_replay_that_masks() -> None:
    changes = Changes(mask=(("who",),))
    huge = record(0, "a", 0)._replace(data=b'{"who":"Ann","n":1e999}')

    with pytest.raises(EventsimError, match="its data has a number that cannot be written again"):
        changes.of(huge, 1)


@given(json_values)
def test_no_text_is_left_below_a_masked_key(value: Any) -> None:
    document, _ = masked(value, [("s",)])

    def check(inside: Any) -> None:
        if isinstance(inside, dict):
            assert inside.get("s") in (None, False, 0, "***", [], {})
        for each in inside.values() if isinstance(inside, dict) else ():
            check(each)
        for each in inside if isinstance(inside, list) else ():
            check(each)

    check(document)


def test_a_key_is_found_at_one_place_only() -> None:
    assert key_in({"a": {"id": 5}}, ("id",)) == "5"
    assert key_in({"id": "x", "a": {"id": 5}}, ("id",)) == "x"


def test_a_mapping_forms_its_batches_of_a_recording(tmp_path: Path) -> None:
    seen = Seen()
    records = [record(n, "ab"[n % 2], {"n": n}) for n in range(10)]
    result = replay(
        Replay(
            player=player(tmp_path, records),
            function=into(seen),
            properties={"BatchSize": 4, "MaximumBatchingWindowInSeconds": 60},
        )
    )

    assert [len(event["Records"]) for event in seen.events] == [4, 4, 2]
    assert [each["kinesis"]["approximateArrivalTimestamp"] for each in seen.records] == [
        START + n for n in range(10)
    ]
    assert result.counts["records"]["delivered"] == 10


def test_what_shared_a_shard_shares_one_again(tmp_path: Path) -> None:
    seen = Seen()
    shards = ["late", "early", "middle"]
    records = [record(n, "same key", {"n": n}, shards[n % 3]) for n in range(9)]
    replay(Replay(player=player(tmp_path, records), function=into(seen)))
    found: dict[str, list[int]] = {}
    for each in seen.records:
        arrival = each["kinesis"]["approximateArrivalTimestamp"]
        found.setdefault(each["eventID"].split(":")[0], []).append(int(arrival - START))

    assert found == {
        "shardId-000000000000": [1, 4, 7],
        "shardId-000000000001": [0, 3, 6],
        "shardId-000000000002": [2, 5, 8],
    }


def test_messages_come_through_a_queue(tmp_path: Path) -> None:
    seen = Seen()
    path = save(tmp_path / "q.jsonl", [record(n, "k", {"n": n}) for n in range(3)], "sqs")
    result = replay(
        Replay(player=Player(Recording.of(path)), function=into(seen), properties={"BatchSize": 1})
    )

    assert sorted(orjson.loads(each["body"])["n"] for each in seen.records) == [0, 1, 2]
    assert result.ok


def test_whole_events_are_invoked_one_after_the_other(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text('{"n": 1}\n\n{"n": 2}\n{"cut')
    seen, cut_off = Seen(), list[int]()
    played = Player(open_events(path), on_cut_off=cut_off.append)
    result = replay(Replay(player=played, function=into(seen), into="invocations"))

    assert seen.events == [{"n": 1}, {"n": 2}]
    assert (cut_off, result.counts["invocations"]) == ([4], 2)


def test_a_line_that_is_no_event_is_told_after_those_before_it(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text('{"n": 1}\nno event\n{"n": 2}\n')
    seen: list[Any] = []

    with pytest.raises(RecordingError, match=r":2: not JSON, so no event"):
        seen.extend(open_events(path).read(lambda line: None))
    assert [each.data for each in seen] == [b'{"n": 1}']


def test_an_event_that_is_too_long_is_passed_over_where_that_is_asked_for(tmp_path: Path) -> None:
    path, bad = tmp_path / "events.jsonl", list[BadLine]()
    path.write_bytes(b'{"n": 1}\n"%b"\n{"n": 2}\n' % (b"x" * 33 * 1024 * 1024))
    found = [each.data for each in open_events(path, bad.append).read(lambda line: None)]

    assert found == [b'{"n": 1}', b'{"n": 2}']
    assert {each.number for each in bad} == {2}


def test_a_journal_with_payloads_replays_as_the_invocations_it_tells(tmp_path: Path) -> None:
    from eventsim.journal.sinks import JsonLinesSink

    first, again, path = Seen(), Seen(), tmp_path / "run.jsonl"
    records = [record(n * 10, "a", {"n": n}) for n in range(3)]
    replay(
        Replay(player=player(tmp_path, records), function=into(first)),
        Options(sinks=[JsonLinesSink(path, eager=False)], detail="payload"),
    )
    played = Player(open_events(path))
    replay(Replay(player=played, function=into(again), into="invocations"))

    assert again.events == first.events
    assert [due.time // 10 for due in played.dues()] == [0, 1, 2]


def test_a_journal_without_payloads_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    replay(
        Replay(player=player(tmp_path, THREE), function=into(Seen())),
        Options(sinks=[JsonLinesSink(path, eager=False)]),
    )

    with pytest.raises(RecordingError, match="one of a run with --detail payload does"):
        list(open_events(path).read(lambda line: None))


def test_two_replays_write_the_same_journal(tmp_path: Path) -> None:
    records = [record(n / 7, f"k{n % 5}", {"n": n}) for n in range(60)]
    for name in "ab":
        replay(
            Replay(player=player(tmp_path, records), function=into(Seen()), shards=3, seed=9),
            Options(sinks=[JsonLinesSink(tmp_path / name, eager=False)]),
        )

    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_as_fast_as_possible_keeps_order_and_loses_nothing(tmp_path: Path) -> None:
    seen = Seen()
    records = [record(n * 3600, f"k{n % 3}", {"n": n}) for n in range(50)]
    what = Replay(player=player(tmp_path, records), function=into(seen), shards=2, at_once=True)
    result = replay(what, Options(time="real"))
    by_key: dict[str, list[int]] = {}
    for each in seen.records:
        key = each["kinesis"]["partitionKey"]
        number = int(each["kinesis"]["sequenceNumber"])
        by_key.setdefault(key, []).append(number)

    assert result.counts["records"]["delivered"] == 50
    assert all(numbers == sorted(numbers) for numbers in by_key.values())


def test_at_once_means_nothing_in_virtual_time(tmp_path: Path) -> None:
    what = Replay(player=player(tmp_path, THREE), function=into(Seen()), at_once=True)

    with pytest.raises(EventsimError, match="virtual time does not pass"):
        replay(what)


def change(n: int, **images: Any) -> Change:
    """One change of a recorded table."""
    told = {name: None if image is None else orjson.dumps(image) for name, image in images.items()}
    key = orjson.dumps({"id": {"S": f"u{n % 2}"}})
    view: Any = "NEW_AND_OLD_IMAGES"
    return Change(f"e{n}", "MODIFY", view, key, told.get("new"), told.get("old"), 9)


def test_changes_of_a_table_are_told_as_they_were_recorded(tmp_path: Path) -> None:
    seen = Seen()
    changes = [
        change(n, new={"id": {"S": f"u{n % 2}"}, "n": {"N": str(n)}}, old={"id": {"S": "u"}})
        for n in range(4)
    ]
    records = [
        RecordedRecord(START + n, each.keys.decode(), each, f"s{n % 2}", str(n + 1))
        for n, each in enumerate(changes)
    ]
    path = save(tmp_path / "users.jsonl", records, "dynamodb")
    what = Replay(
        player=Player(Recording.of(path), changes=Changes(mask=(("NewImage", "n"),))),
        function=into(seen),
        properties={"BatchSize": 1},
    )
    result = replay(what)
    told = [each["dynamodb"] for each in seen.records]
    told.sort(key=lambda each: each["Keys"]["id"]["S"])

    assert result.counts["records"]["delivered"] == 4
    assert {each["eventName"] for each in seen.records} == {"MODIFY"}
    assert [(each["NewImage"], each["OldImage"]) for each in told] == [
        ({"id": {"S": f"u{n}"}, "n": {"N": "0"}}, {"id": {"S": "u"}}) for n in (0, 0, 1, 1)
    ]


def test_messages_of_groups_come_through_a_fifo_queue_as_often_as_asked(tmp_path: Path) -> None:
    seen = Seen()
    records = [record(n, "g", {"n": n}) for n in range(3)]
    grouped = [
        each._replace(data=message(each, MessageGroupId="g", MessageDeduplicationId=f"d{n}"))
        for n, each in enumerate(records)
    ]
    path = tmp_path / "q.jsonl"
    jsonl.write(path, Header("sqs", start=START), grouped)
    what = Replay(player=Player(Recording.of(path), loop=2), function=into(seen))
    result = replay(what)

    assert result.counts["records"]["delivered"] == 6
    assert [orjson.loads(each["body"])["n"] for each in seen.records] == [0, 1, 2, 0, 1, 2]
    assert {each["eventSourceARN"][-5:] for each in seen.records} == {".fifo"}
