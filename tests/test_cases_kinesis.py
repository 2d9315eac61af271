"""Acceptance cases of a Kinesis mapping, each through a whole run in virtual time."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.cases import ALL, STREAM, Case, put

MEGABYTE = 1024 * 1024


def test_thirty_records_make_three_batches_of_ten_in_sequence_order() -> None:
    """Case 1."""
    case = Case()

    case.run(STREAM, [put("0s", *range(30))], **ALL, BatchSize=10)

    assert case.data() == [[str(n) for n in range(start, start + 10)] for start in (0, 10, 20)]
    numbers = [r["kinesis"]["sequenceNumber"] for event in case.events for r in event["Records"]]
    assert numbers == sorted(numbers, key=int)


def test_one_record_is_sent_at_the_next_poll_without_a_window() -> None:
    """Case 2."""
    case = Case()

    case.run(STREAM, [put("400ms", 1)], **ALL, BatchSize=100)

    assert case.data() == [["1"]]
    assert [entry.time for entry in case.told("batch_formed")] == [1.0]


def test_four_records_wait_for_the_window_and_ten_do_not() -> None:
    """Case 3."""
    four, ten = Case(), Case()
    settings = {**ALL, "BatchSize": 10, "MaximumBatchingWindowInSeconds": 5}

    four.run(STREAM, [put("0s", *range(4))], **settings)
    ten.run(STREAM, [put("0s", *range(10))], **settings)

    assert [len(batch) for batch in four.data()] == [4]
    assert [entry.time for entry in four.told("batch_formed")] == [5.0]
    assert [len(batch) for batch in ten.data()] == [10]
    assert [entry.time for entry in ten.told("batch_formed")] == [1.0]


def test_the_next_window_begins_when_the_handler_is_done() -> None:
    """Case 4: windows of 5 s, a handler of 3 s, a record a second."""
    case = Case()
    timeline = [put(f"{second}s", second) for second in range(16)]
    slow = {"duration": "3s", "Timeout": 10, "init_duration": "0s"}

    case.run(
        STREAM, timeline, function=slow, **ALL, BatchSize=100, MaximumBatchingWindowInSeconds=5
    )

    assert [entry.time for entry in case.told("batch_formed")] == [5.0, 13.0, 21.0]


def test_the_time_after_an_invocation_counts_for_the_window_though_nothing_is_there() -> None:
    """Case 4 with a record that comes two seconds after the handler is done, at 8 s."""
    case = Case()
    slow = {"duration": "3s", "Timeout": 10, "init_duration": "0s"}

    case.run(
        STREAM,
        [put("0s", 1), put("10s", 2)],
        function=slow,
        **ALL,
        BatchSize=100,
        MaximumBatchingWindowInSeconds=5,
    )

    assert [entry.time for entry in case.told("batch_formed")] == [5.0, 13.0]


def test_an_event_stays_below_six_megabytes() -> None:
    """Case 5."""
    case = Case()
    big = "x" * (2 * MEGABYTE)

    case.run(STREAM, [put("0s", *[big] * 5)], **ALL, BatchSize=5)

    assert [len(event["Records"]) for event in case.events] == [2, 2, 1]
    assert all(len(orjson.dumps(event)) <= 6 * MEGABYTE for event in case.events)


def test_a_shard_that_always_fails_holds_up_no_other() -> None:
    """Case 7."""

    def poison(event: Any) -> None:
        if event["Records"][0]["eventID"].startswith("shardId-000000000000"):
            raise ValueError("poison")

    beside, alone = Case(poison), Case()
    timeline = [
        {"at": f"{n}s", "put": "orders", "records": [{"key": k, "data": n} for k in "abcdef"]}
        for n in range(5)
    ]
    for case in (beside, alone):
        case.run({"orders": {"type": "kinesis", "shards": 2}}, timeline, **ALL)

    def delivered(case: Case) -> list[tuple[float, int]]:
        return [
            (entry.time, entry.fields["records"])
            for entry in case.told("batch_delivered")
            if entry.fields["shard"] == "shardId-000000000001"
        ]

    assert delivered(beside) == delivered(alone)
    assert delivered(beside)


def test_a_child_is_read_from_its_start_by_a_mapping_that_began_at_the_latest() -> None:
    """Case 21: what the child holds before its parent is drained is part of the order."""
    case = Case()
    split = {"at": "500ms", "split": "orders/shardId-000000000000"}
    latest = {**ALL, "StartingPosition": "LATEST"}

    case.run(STREAM, [put("200ms", 1), split, put("600ms", 2), put("5s", 3)], **latest)

    assert case.data() == [["1"], ["2"], ["3"]]
    shards = [event["Records"][0]["eventID"].partition(":")[0] for event in case.events]
    assert shards[0] == "shardId-000000000000"
    assert shards[1] == shards[2] != shards[0]


def test_an_iterator_that_expires_under_a_slow_handler_repeats_nothing() -> None:
    """Case 23: the handler takes 400 s, an iterator lasts for 300."""
    case = Case()
    slow = {"duration": "400s", "Timeout": 900}

    case.run(STREAM, [put("0s", 1), put("200s", 2), put("1h", 3)], function=slow, **ALL)

    assert case.data() == [["1"], ["2"], ["3"]]


@pytest.mark.parametrize("backend", ["simulated", "moto"])
def test_reads_that_bring_nothing_do_not_stop_the_poller(backend: Any) -> None:
    """Case 24: five minutes of them, longer than an iterator lives, and then data."""
    case = Case()

    case.run(STREAM, [put("0s", 1), put("310s", 2), put("330s", 3)], **ALL, backend=backend)

    assert case.data() == [["1"], ["2"], ["3"]]
    polls = [entry.fields["polls"] for entry in case.told("records_read")]
    assert polls[1] >= 309


FILTER = {"Filters": [{"Pattern": '{"data": {"t": ["x"]}}'}]}


def test_a_filter_lets_matches_through_with_their_own_bytes_and_passes_over_the_rest() -> None:
    """Cases 25 and 26: one of several matches, and exactly that one is delivered."""
    case = Case()
    spaced = '{ "t" : "x" }'

    result = case.run(
        STREAM, [put("0s", {"t": "y"}, "no json", spaced)], **ALL, FilterCriteria=FILTER
    )

    assert case.data() == [[spaced]]
    assert result.counts["records"]["filtered"] == 2


def test_a_filter_that_excludes_everything_moves_the_checkpoint_and_invokes_nobody() -> None:
    """Case 27."""
    case = Case()

    case.run(STREAM, [put("0s", {"t": "y"}, {"t": "z"})], **ALL, FilterCriteria=FILTER)

    (filtered,) = case.told("records_filtered")
    (checkpoint,) = case.told("checkpoint_advanced")
    assert case.events == []
    assert checkpoint.fields["sequence_number"] == filtered.fields["last"]


def test_a_stream_mapping_is_created_and_then_disabled_a_queues_is_disabled_at_once() -> None:
    """Case 44."""
    stream, queue = Case(), Case()

    stream.run(STREAM, [], **ALL, Enabled=False)
    queue.run({"q": {"type": "sqs"}}, [], kind="SQS", Queue="q", Enabled=False)

    states = [
        [entry.fields["state"] for entry in case.told("mapping_changed")]
        for case in (stream, queue)
    ]
    assert states == [["Creating", "Disabled"], ["Disabled"]]


def test_a_destination_that_refuses_drops_the_records_and_the_shard_goes_on() -> None:
    """Case 46."""

    def poison(event: Any) -> None:
        if len(event["Records"]) == 3:
            raise ValueError("poison")

    case = Case(poison)
    resources = {**STREAM, "failures": {"type": "sns", "refuse": "AuthorizationError"}}
    destination = {"OnFailure": {"Destination": "failures"}}

    result = case.run(
        resources,
        [put("0s", 1, 2, 3, 4)],
        **ALL,
        BatchSize=3,
        MaximumRetryAttempts=0,
        DestinationConfig=destination,
    )

    metrics = result.counts["mappings"]["f.E"]["metrics"]
    assert case.data() == [["1", "2", "3"], ["4"]]
    assert metrics["DroppedEventCount"] == 3
    assert metrics["DestinationDeliveryFailures"] == 1
    assert metrics["OnFailureDestinationDeliveredEventCount"] == 0
