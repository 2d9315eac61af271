"""What splits, merges and the end of a simulated stream promise, request by request."""

from __future__ import annotations

import pytest

from eventsim.errors import ServiceError
from eventsim.rules import kinesis as rules
from eventsim.streams import PutSummary
from eventsim.streams.kinesis import GetRecords, KinesisStream
from eventsim.types import Position, PutRecord, Resharding, Shard, TimedRecord
from tests.hand_clock import EPOCH, HandClock

ZERO, ONE, TWO, THREE = (f"shardId-{number:012}" for number in range(4))
TRIM_HORIZON = Position("TRIM_HORIZON")
TOP = 2**128 - 1
PLACE = "in stream orders under account 123456789012"


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def low(data: bytes) -> PutRecord:
    return PutRecord("a", data, 0)


def high(data: bytes) -> PutRecord:
    return PutRecord("a", data, TOP)


def data_on(stream: KinesisStream, shard_id: str) -> list[bytes]:
    iterator = stream.get_shard_iterator(shard_id, TRIM_HORIZON)
    return [record.data for record in stream.get_records(iterator).records]


def refused(stream: KinesisStream, *split: str | int) -> str:
    """The error of a merge of two shards, or of a split of one at a hash key."""
    first, second = split
    with pytest.raises(ServiceError) as error:
        if isinstance(second, str):
            stream.merge(str(first), second)
        else:
            stream.split(str(first), second)
    return str(error.value)


def test_a_split_gives_two_shards_that_share_the_hash_keys(clock: HandClock) -> None:
    stream = KinesisStream("orders", 1, clock)

    change = stream.split(ZERO)

    assert change == Resharding((ZERO,), (ONE, TWO))
    assert stream.shards() == [Shard(ZERO), Shard(ONE, (ZERO,)), Shard(TWO, (ZERO,))]
    assert stream.hash_keys(ONE) == (0, 2**127 - 1)
    assert stream.hash_keys(TWO) == (2**127, TOP)


def test_a_split_begins_the_upper_shard_where_it_is_told(clock: HandClock) -> None:
    stream = KinesisStream("orders", 1, clock)

    stream.split(ZERO, 1_000)
    stream.put_records([PutRecord("a", b"999", 999), PutRecord("a", b"1000", 1_000)])

    assert (stream.hash_keys(ONE), stream.hash_keys(TWO)) == ((0, 999), (1_000, TOP))
    assert (data_on(stream, ONE), data_on(stream, TWO)) == ([b"999"], [b"1000"])


def test_a_merge_gives_one_shard_with_the_keys_of_both_in_either_order(clock: HandClock) -> None:
    for first, second in ((ZERO, ONE), (ONE, ZERO)):
        stream = KinesisStream("orders", 2, clock)

        change = stream.merge(first, second)

        assert change == Resharding((first, second), (TWO,))
        assert stream.shards() == [Shard(ZERO), Shard(ONE), Shard(TWO, (first, second))]
        assert stream.hash_keys(TWO) == (0, TOP)


def test_every_split_and_merge_is_told_at_once(clock: HandClock) -> None:
    stream = KinesisStream("orders", 1, clock)
    told: list[Resharding] = []
    stream.on_reshard = told.append

    changes = [stream.split(ZERO), stream.merge(ONE, TWO)]

    assert told == changes == [Resharding((ZERO,), (ONE, TWO)), Resharding((ONE, TWO), (THREE,))]


@pytest.mark.parametrize("key", [0, 1, TOP, TOP + 1, -1])
def test_a_hash_key_that_leaves_a_child_too_little_is_refused(clock: HandClock, key: int) -> None:
    stream = KinesisStream("orders", 1, clock)

    assert refused(stream, ZERO, key) == (
        f"InvalidArgumentException: NewStartingHashKey {key} used in SplitShard() on shard {ZERO} "
        f"{PLACE} is not both greater than one plus the shard's StartingHashKey 0 and less than "
        f"the shard's EndingHashKey {TOP - 1}."
    )
    assert stream.shards() == [Shard(ZERO)]


def test_a_shard_of_few_hash_keys_has_no_middle(clock: HandClock) -> None:
    stream = KinesisStream("orders", 1, clock)
    stream.split(ZERO, 3)

    with pytest.raises(ServiceError) as error:
        stream.split(ONE)

    assert error.value.code == "InvalidArgumentException"


def test_what_cannot_be_resharded_is_refused_as_on_aws(clock: HandClock) -> None:
    stream = KinesisStream("orders", 4, clock)
    stream.split(THREE)
    gone = "has already been merged or split, and thus is not eligible for merging or splitting."
    apart = "are not an adjacent pair of shards eligible for merging"
    missing = "shardId-000000000099"

    assert refused(stream, THREE, 2**127) == (
        f"InvalidArgumentException: Shard {THREE} {PLACE} {gone}"
    )
    assert refused(stream, TWO, THREE) == f"InvalidArgumentException: Shard {THREE} {PLACE} {gone}"
    assert refused(stream, ZERO, TWO) == (
        f"InvalidArgumentException: Shards {ZERO} and {TWO} {PLACE} {apart}"
    )
    assert refused(stream, ZERO, ZERO).endswith(apart)
    assert refused(stream, missing, 2**127) == (
        f"ResourceNotFoundException: Could not find shard {missing} {PLACE}."
    )
    assert refused(stream, ZERO, missing).startswith("ResourceNotFoundException")
    stream.close()
    assert refused(stream, ZERO, ONE).startswith("ResourceInUseException")


def test_a_stream_of_10000_shards_splits_none(clock: HandClock) -> None:
    stream = KinesisStream("orders", 10_000, clock)

    assert refused(stream, ZERO, 2**80).startswith("LimitExceededException")
    stream.merge(ZERO, ONE)
    stream.split(TWO)


def test_new_records_go_to_the_children_whatever_was_remembered(clock: HandClock) -> None:
    stream = KinesisStream("orders", 1, clock)
    keys = [f"key-{number}" for number in range(20)]
    stream.put_records([PutRecord(key, b"before") for key in keys])
    stream.split(ZERO)

    puts = stream.put_records([PutRecord(key, b"after") for key in keys])

    expected = [ONE if rules.hash_key(key) < 2**127 else TWO for key in keys]
    assert [put.shard_id for put in puts] == expected
    assert set(expected) == {ONE, TWO}
    assert data_on(stream, ZERO) == [b"before"] * 20


def test_children_count_on_from_their_parents(clock: HandClock) -> None:
    stream = KinesisStream("orders", 1, clock)
    (first,) = stream.put_records([low(b"1")])
    stream.split(ZERO)
    (second,) = stream.put_records([low(b"2")])
    clock.now = 5.0
    stream.merge(ONE, TWO)
    (third,) = stream.put_records([low(b"3")])

    numbers = [int(put.sequence_number or 0) for put in (first, second, third)]
    assert numbers == sorted(set(numbers))


def test_what_has_arrived_stays_and_what_is_to_come_moves(clock: HandClock) -> None:
    told: list[PutSummary] = []
    stream = KinesisStream("orders", 1, clock, on_put=told.append)
    stream.schedule(
        [
            TimedRecord(time, record)
            for time, record in [
                (1.0, low(b"1")),
                (2.0, high(b"2")),
                (3.0, low(b"3")),
                (3.0, high(b"4")),
                (3.0, low(b"5")),
            ]
        ]
    )
    clock.now = 2.0

    stream.split(ZERO)
    before = [data_on(stream, shard) for shard in (ZERO, ONE, TWO)]
    clock.now = 3.0
    stream.settle()

    assert before == [[b"1", b"2"], [], []]
    assert [data_on(stream, shard) for shard in (ZERO, ONE, TWO)] == [
        [b"1", b"2"],
        [b"3", b"5"],
        [b"4"],
    ]
    assert [(put.shard_id, put.records, put.since, put.until) for put in told] == [
        (ZERO, 2, 1.0, 2.0),
        (ONE, 2, 3.0, 3.0),
        (TWO, 1, 3.0, 3.0),
    ]


def test_what_is_to_come_for_two_shards_comes_to_their_child_in_time_order(
    clock: HandClock,
) -> None:
    stream = KinesisStream("orders", 2, clock)
    stream.schedule(
        [TimedRecord(time, high(b"%d" % time)) for time in (2, 4, 5)]
        + [TimedRecord(time, low(b"%d" % time)) for time in (1, 3, 6)]
    )

    stream.merge(ONE, ZERO)
    clock.now = 6.0

    assert data_on(stream, TWO) == [b"1", b"2", b"3", b"4", b"5", b"6"]


def test_a_record_told_of_too_late_arrives_when_its_shard_was_opened(clock: HandClock) -> None:
    stream = KinesisStream("orders", 1, clock)
    clock.now = 10.0
    stream.split(ZERO)
    stream.schedule([TimedRecord(4.0, low(b"late"))])

    iterator = stream.get_shard_iterator(ONE, TRIM_HORIZON)

    assert [record.arrival for record in stream.get_records(iterator).records] == [EPOCH + 10.0]


def test_a_closed_shard_names_its_children_at_its_end(clock: HandClock) -> None:
    stream = KinesisStream("orders", 1, clock)
    stream.put_records([low(b"1"), low(b"2")])
    iterator = stream.get_shard_iterator(ZERO, TRIM_HORIZON)
    stream.split(ZERO)

    first = stream.get_records(iterator, limit=1)
    assert first.next_iterator is not None
    last = stream.get_records(first.next_iterator)

    assert first.child_shards == ()
    assert last == GetRecords(last.records, None, 0.0, (ONE, TWO))
    assert [record.data for record in last.records] == [b"2"]


def test_who_waits_at_a_closed_shard_is_called(clock: HandClock) -> None:
    stream = KinesisStream("orders", 2, clock)
    calls: list[str] = []
    iterator = stream.get_shard_iterator(ZERO, TRIM_HORIZON)
    stream.schedule([TimedRecord(100.0, low(b"1"))])
    for shard in (ZERO, ONE):
        stream.call_on_change(shard, "me", lambda shard=shard: calls.append(shard))  # type: ignore[misc]  # mypy cannot infer a lambda with a default

    known = stream.next_arrival(iterator)
    stream.merge(ZERO, ONE)

    assert (calls, known) == ([ZERO, ONE], 100.0)
    assert (stream.next_arrival(iterator), stream.ended(iterator)) == (float("-inf"), False)
    child = stream.get_shard_iterator(TWO, TRIM_HORIZON)
    assert (stream.next_arrival(child), stream.ended(child)) == (100.0, False)


def test_a_closed_shard_is_forgotten_with_its_retention(clock: HandClock) -> None:
    stream = KinesisStream("orders", 1, clock)
    stream.put_records([low(b"1")])
    iterator = stream.get_shard_iterator(ZERO, TRIM_HORIZON)
    clock.now = 10.0
    stream.split(ZERO)

    clock.now = 86_409.0
    there = stream.shards()
    trimmed = stream.trimmed(iterator)
    clock.now = 86_410.0

    assert there == [Shard(ZERO), Shard(ONE, (ZERO,)), Shard(TWO, (ZERO,))]
    assert trimmed is not None
    assert trimmed.records == 1
    assert stream.shards() == [Shard(ONE), Shard(TWO)]
    late = stream.get_records(stream.skip(iterator)._replace(issued=clock.now))
    assert late == GetRecords([], None, 0.0, (ONE, TWO))  # who still reads it comes to its end
    assert stream.retained() == 0


def test_a_deleted_stream_is_not_found_by_anybody(clock: HandClock) -> None:
    stream = KinesisStream("orders", 2, clock, release_consumed=True)
    (put,) = stream.put_records([low(b"1")])
    assert put.sequence_number is not None
    iterator = stream.get_shard_iterator(ZERO, TRIM_HORIZON)
    calls: list[str] = []
    stream.call_on_change(ZERO, "me", lambda: calls.append("deleted"))

    stream.delete()

    assert calls == ["deleted"]
    for request in (
        lambda: stream.get_records(iterator),
        lambda: stream.get_shard_iterator(ZERO, TRIM_HORIZON),
        lambda: stream.put_records([low(b"2")]),
        lambda: stream.schedule([TimedRecord(1.0, low(b"3"))]),
        lambda: stream.split(ZERO),
        stream.shards,
    ):
        with pytest.raises(ServiceError) as error:
            request()
        assert str(error.value) == (
            "ResourceNotFoundException: Stream orders under account 123456789012 not found."
        )
    # Who is still at work with its records may say so.
    stream.consumed(ZERO, put.sequence_number)
    stream.forget(ZERO, "me")
    stream.settle()
    stream.close()
    assert stream.retained() == 0
