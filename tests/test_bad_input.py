"""What may go wrong while a mapping polls has one stated outcome, and stops no other shard."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsim.errors import ScenarioError
from eventsim.rules import failures, queues
from eventsim.rules.failures import Bisect, Deliver, Discard, Retry
from eventsim.rules.filtering import Filter
from eventsim.sources import kinesis
from eventsim.types import (
    Batch,
    EventSourceMapping,
    InvokeResult,
    Message,
    Record,
    TumblingWindow,
)
from tests.cases import ALL, Case

TWO: dict[str, Any] = {"orders": {"type": "kinesis", "shards": 2, "release": "retention"}}
REPORTS: dict[str, Any] = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}
BAD, GOOD = "e", "a"  # keys of the two shards
BAD_SHARD, GOOD_SHARD = "shardId-000000000001", "shardId-000000000000"


def record(key: str, data: Any) -> dict[str, Any]:
    return {"key": key, "data": data}


def put(at: str, *records: dict[str, Any], to: str = "orders") -> dict[str, Any]:
    return {"at": at, "put": to, "records": list(records)}


def both(at: str, data: Any = 1) -> dict[str, Any]:
    return put(at, record(BAD, data), record(GOOD, data))


def is_bad(event: Any) -> bool:
    return bool(event["Records"][0]["kinesis"]["partitionKey"] == BAD)


def delivered(case: Case, shard: str) -> list[tuple[float, int]]:
    return [
        (entry.time, entry.fields["records"])
        for entry in case.told("batch_delivered")
        if entry.fields["shard"] == shard
    ]


def nested(depth: int) -> Any:
    found: Any = []
    for _ in range(depth):
        found = [found]
    return found


RUBBISH: dict[str, Any] = {
    "no JSON at all": object(),
    "a set": {1, 2},
    "seven megabytes": "x" * (7 * 1024 * 1024),
    "lists in lists": nested(2_000),
    "a text": "done",
    "a number": 7,
    "not a number": float("nan"),
    "half a character": "\ud800",
    "no list of failures": {"batchItemFailures": "all"},
    "no failure in the list": {"batchItemFailures": [None]},
}


@pytest.mark.parametrize("rubbish", RUBBISH.values(), ids=list(RUBBISH))
def test_a_handler_that_returns_rubbish_fails_its_batch_and_no_other(rubbish: Any) -> None:
    timeline = [both(f"{n}s", n) for n in range(5)]
    beside, alone = Case(lambda event: rubbish if is_bad(event) else None), Case()

    for case in (beside, alone):
        case.run(TWO, timeline, **ALL, **REPORTS, MaximumRetryAttempts=1)

    assert delivered(beside, GOOD_SHARD) == delivered(alone, GOOD_SHARD) != []
    assert delivered(beside, BAD_SHARD) == []
    given_up = [entry.fields for entry in beside.told("batch_discarded")]
    assert sum(told["batch_size"] for told in given_up) == 5
    assert {told["approximate_invoke_count"] for told in given_up} == {2}


@pytest.mark.parametrize("depth", [254, 300, 900])
def test_state_that_no_event_could_hold_fails_its_batch(depth: int) -> None:
    depths = {BAD_SHARD: depth, GOOD_SHARD: 200}
    case = Case(lambda event: {"state": nested(depths[event["shardId"]])})

    result = case.run(
        TWO, [both("0s"), both("60s")], **ALL, TumblingWindowInSeconds=10, MaximumRetryAttempts=0
    )

    assert result.outcome == "ok"
    assert {entry.because for entry in case.told("batch_failed")} == {
        "the state is nested too deep"
    }
    assert {entry.fields["shard"] for entry in case.told("batch_delivered")} == {GOOD_SHARD}


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["state", "batchItemFailures", "itemIdentifier", "f"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
payloads = st.binary(max_size=30) | documents.map(lambda each: json.dumps(each).encode())


@given(
    payload=payloads, depth=st.sampled_from([0, 0, 0, 250, 1_000]), window=st.booleans(),
    reports=st.booleans(), bisects=st.booleans(),
)  # fmt: skip
def test_whatever_is_answered_every_record_has_a_next_step(
    payload: bytes, depth: int, window: bool, reports: bool, bisects: bool
) -> None:
    types = ("ReportBatchItemFailures",) if reports else ()
    mapping = EventSourceMapping(
        *("f.E", "s", "arn", "f"),
        function_response_types=types,
        bisect_batch_on_function_error=bisects,
        maximum_retry_attempts=0,
    )
    answer = InvokeResult(200, b'{"state":' + b"[" * depth + payload + b"]" * depth + b"}")
    plain = InvokeResult(200, payload)
    records = [Record(str(number), "k", b"", 0.0) for number in range(3)]
    batch = Batch("s", records, window=TumblingWindow(0.0, 30.0) if window else None)

    for each in (answer, plain):
        left: list[Record] = []
        for step in failures.next_steps(batch, each, mapping):
            match step:
                case Deliver(taken) | Retry(taken, _, _) | Discard(taken, _, _, _):
                    left += taken.records
                case Bisect(_, halves, _):
                    left += [record for half in halves for record in half.records]
        assert left == records


NOT_JSON = [
    b"",
    b"no json",
    b"\xff\xfe\x00",
    b'\xef\xbb\xbf{"t":"x"}',
    b'{"t":"x"',
    b'{"t":"x"}\x00',
    b'{"t":NaN}',
    b"5",
    b'"x"',
    b"null",
    b"[" * 200_000,
    b'{"t":' * 100_000,
]


@pytest.mark.parametrize("data", NOT_JSON, ids=lambda each: repr(each)[:20])
@pytest.mark.parametrize("wanted", ['["x"]', '[{"exists":false}]', '[{"anything-but":"y"}]'])
def test_data_that_is_no_json_matches_no_filter_on_it(data: bytes, wanted: str) -> None:
    chosen = Filter.of([f'{{"data":{{"t":{wanted}}}}}'], kinesis.FILTER_KEY)
    beside = Filter.of(['{"partitionKey":["k"]}'], kinesis.FILTER_KEY)
    shown = kinesis.filterable(Record("1", "k", data, 0.0))

    assert not chosen.matches(shown)
    assert beside.matches(shown)


def test_a_record_that_is_no_json_is_passed_over_with_its_checkpoint() -> None:
    case = Case()
    pattern: dict[str, Any] = {"FilterCriteria": {"Filters": [{"Pattern": '{"data":{"t":["x"]}}'}]}}
    fits = {"t": "x"}

    case.run(
        TWO,
        [put("0s", record(BAD, "no json"), record(BAD, "{"), record(GOOD, fits))],
        **ALL,
        **pattern,
    )

    assert case.data() == [['{"t":"x"}']]
    (filtered,) = case.told("records_filtered")
    reached = {
        entry.fields["shard"]: entry.fields["sequence_number"]
        for entry in case.told("checkpoint_advanced")
    }
    assert reached.keys() == {BAD_SHARD, GOOD_SHARD}
    assert reached[BAD_SHARD] == filtered.fields["last"]


@pytest.mark.parametrize("backend", ["simulated", "moto"])
@pytest.mark.parametrize("letter", ["k", "é", "\U0001f600"])
def test_a_partition_key_of_256_characters_is_a_key_like_others(letter: str, backend: Any) -> None:
    case = Case()
    longest = letter * 256

    case.run(
        TWO,
        [put("0s", record(longest, 1), record(BAD, 2), record(GOOD, 3), record(longest, 4))],
        **ALL,
        ParallelizationFactor=3,
        backend=backend,
    )

    keys = [each["kinesis"]["partitionKey"] for e in case.events for each in e["Records"]]
    assert sorted(keys) == sorted([longest, longest, BAD, GOOD])
    order = [data for batch in case.data() for data in batch]
    assert order.index("1") < order.index("4")


def test_a_partition_key_of_257_characters_is_refused_where_it_stands() -> None:
    with pytest.raises(ScenarioError, match=r"records\[0\]\.key: is longer than 256 characters"):
        Case().run(TWO, [put("0s", record("k" * 257, 1))], **ALL)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"StartingPosition": "LATEST"},
        {"MaximumBatchingWindowInSeconds": 300},
        {"TumblingWindowInSeconds": 900},
        {"ParallelizationFactor": 10},
        {"MaximumRecordAgeInSeconds": 60},
    ],
    ids=str,
)
@pytest.mark.parametrize("backend", ["simulated", "moto"])
def test_an_empty_stream_invokes_nobody_and_ends(settings: dict[str, Any], backend: Any) -> None:
    empty, half = Case(lambda event: {"state": {}}), Case(lambda event: {"state": {}})

    nothing = empty.run(TWO, [], backend=backend, **ALL | settings)
    half.run(TWO, [put("1s", record(GOOD, 1))], backend=backend, **ALL | settings)

    assert (nothing.outcome, empty.events, empty.told("checkpoint_advanced")) == ("ok", [], [])
    assert nothing.seconds <= 1.0
    assert [data for batch in half.data() for data in batch] == ["1"]


def test_a_stream_that_is_deleted_ends_its_own_shards_only() -> None:
    """One shard has a batch that fails for ever, the other one in flight when it happens."""
    other = {"kept": {"type": "kinesis", "shards": 1}}
    case = Case(lambda event: 1 / 0 if is_bad(event) else None)
    second = {"Type": "Kinesis", "Properties": {**ALL, "Stream": "kept"}}
    timeline = [
        both("0s"),
        {"at": "90s", "delete": "orders"},
        put("100s", record(GOOD, 2), to="kept"),
    ]

    case.run(TWO | other, timeline, **ALL, MaximumRecordAgeInSeconds=300, events={"Kept": second})

    assert [data for batch in case.data() for data in batch if data == "2"] == ["2"]
    lost = [entry.fields["shard"] for entry in case.told("shard_lost")]
    assert sorted(lost) == [GOOD_SHARD, BAD_SHARD]
    assert {entry.fields["source"] for entry in case.told("shard_lost")} == {"orders"}
    (given_up,) = case.told("batch_discarded")
    assert given_up.time == 300.0


@given(payload=payloads)
def test_whatever_is_answered_to_a_queues_batch_every_message_goes_or_stays(payload: bytes) -> None:
    mapping = EventSourceMapping(
        *("f.E", "s", "arn", "f"), function_response_types=("ReportBatchItemFailures",)
    )
    messages = [Message(f"m-{n}", f"h-{n}", "", "", {}) for n in range(3)]
    batch = queues.QueueBatch(messages, 0, 30.0, "")

    steps = queues.next_steps(batch, InvokeResult(200, payload), mapping, 0.0)

    seen = [
        message
        for step in steps
        if isinstance(step, queues.Delete | queues.Leave)
        for message in step.messages
    ]
    assert sorted(each.message_id for each in seen) == ["m-0", "m-1", "m-2"]
