"""Laws of the simulated stream that hold for any records, shards and times."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from eventsim.rules import kinesis as rules
from eventsim.streams import PutSummary
from eventsim.streams.kinesis import KinesisStream
from eventsim.types import Position, PutRecord, Record, TimedRecord
from tests.hand_clock import EPOCH, HandClock

TRIM_HORIZON = Position("TRIM_HORIZON")

keys = st.text(st.characters(codec="utf-8"), min_size=1, max_size=4)
hash_keys = st.none() | st.integers(0, rules.HASH_KEYS - 1)
records = st.builds(PutRecord, keys, st.binary(max_size=8), hash_keys)
gaps = st.sampled_from([0.0, 0.0, 0.001, 0.25, 1.0, 700.0])
shard_counts = st.integers(1, 200)


@st.composite
def histories(draw: st.DrawFn, max_size: int = 30) -> list[TimedRecord]:
    """Records in the order of their times."""
    history, time = [], 0.0
    for record in draw(st.lists(records, max_size=max_size)):
        time += draw(gaps)
        history.append(TimedRecord(time, record))
    return history


def whole_shard(stream: KinesisStream, shard_id: str, position: Position) -> list[Record]:
    """One pass from *position* to the tip, in small reads."""
    found: list[Record] = []
    iterator = stream.get_shard_iterator(shard_id, position)
    while True:
        answer = stream.get_records(iterator, limit=3)
        found += answer.records
        if answer.behind == 0 or answer.next_iterator is None:
            return found
        iterator = answer.next_iterator


def play(stream: KinesisStream, clock: HandClock, history: Sequence[TimedRecord]) -> None:
    for time, record in history:
        clock.now = time
        stream.put_records([record])


@given(shard_counts, st.lists(st.integers(0, rules.HASH_KEYS - 1), max_size=20))
def test_every_hash_key_is_in_exactly_one_range(count: int, some: list[int]) -> None:
    ranges = rules.hash_key_ranges(count)

    assert len(ranges) == count
    assert (ranges[0].starting_hash_key, ranges[-1].ending_hash_key) == (0, 2**128 - 1)
    for before, after in pairwise(ranges):
        assert before.ending_hash_key + 1 == after.starting_hash_key
    edges = [key for each in ranges for key in each]
    for key in [*some, *edges]:
        assert sum(low <= key <= high for low, high in ranges) == 1


@given(shard_counts, st.lists(records, max_size=30))
def test_a_record_is_on_the_shard_whose_range_has_its_hash_key(
    count: int, put: list[PutRecord]
) -> None:
    stream = KinesisStream("orders", count, HandClock())

    for record, place in zip(put, stream.put_records(put), strict=True):
        low, high = stream.hash_keys(place.shard_id)
        given_key = record.explicit_hash_key
        key = rules.hash_key(record.partition_key) if given_key is None else given_key
        assert low <= key <= high


@given(shard_counts)
def test_both_ends_of_a_range_belong_to_its_shard(count: int) -> None:
    stream = KinesisStream("orders", count, HandClock())
    shards = [shard.shard_id for shard in stream.shards()]
    ends = [key for shard_id in shards for key in stream.hash_keys(shard_id)]

    puts = stream.put_records([PutRecord("a", b"", key) for key in ends])

    assert [put.shard_id for put in puts] == [shard_id for shard_id in shards for _ in range(2)]


@given(st.integers(1, 5), histories())
def test_a_pass_reads_every_record_once_in_order(count: int, history: list[TimedRecord]) -> None:
    clock = HandClock()
    stream = KinesisStream("orders", count, clock)
    expected: dict[str, list[tuple[str, bytes]]] = {}
    for time, record in history:
        clock.now = time
        (place,) = stream.put_records([record])
        expected.setdefault(place.shard_id, []).append((record.partition_key, record.data))

    for shard in stream.shards():
        found = whole_shard(stream, shard.shard_id, TRIM_HORIZON)
        numbers = [record.sequence_number for record in found]
        assert [(r.partition_key, r.data) for r in found] == expected.get(shard.shard_id, [])
        assert all(len(number) == 56 and number.startswith("4959") for number in numbers)
        assert sorted(set(numbers), key=int) == numbers


@given(histories(), st.data())
def test_an_iterator_gives_exactly_the_suffix_it_was_asked_for(
    history: list[TimedRecord], data: st.DataObject
) -> None:
    clock = HandClock()
    stream = KinesisStream("orders", 1, clock)
    play(stream, clock, history)
    shard = stream.shards()[0].shard_id
    everything = whole_shard(stream, shard, TRIM_HORIZON)
    edges = [EPOCH - 1.0, *(record.arrival for record in everything)]
    offset = data.draw(st.sampled_from([-0.0005, 0.0, 0.0005]))
    timestamp = min(data.draw(st.sampled_from(edges)) + offset, EPOCH + clock.now)
    since = bisect_left([record.arrival for record in everything], timestamp)

    assert whole_shard(stream, shard, Position("LATEST")) == []
    at_timestamp = Position("AT_TIMESTAMP", timestamp=timestamp)
    assert whole_shard(stream, shard, at_timestamp) == everything[since:]
    for index, record in enumerate(everything):
        number = record.sequence_number
        at = Position("AT_SEQUENCE_NUMBER", sequence_number=number)
        after = Position("AFTER_SEQUENCE_NUMBER", sequence_number=number)
        assert whole_shard(stream, shard, at) == everything[index:]
        assert whole_shard(stream, shard, after) == everything[index + 1 :]


@given(histories(), st.lists(records, max_size=5))
def test_latest_is_what_comes_after_it(history: list[TimedRecord], later: list[PutRecord]) -> None:
    clock = HandClock()
    stream = KinesisStream("orders", 1, clock)
    play(stream, clock, history)
    iterator = stream.get_shard_iterator(stream.shards()[0].shard_id, Position("LATEST"))

    stream.put_records(later)

    assert [record.data for record in stream.get_records(iterator).records] == [
        record.data for record in later
    ]


@given(
    st.integers(1, 4),
    histories(),
    st.lists(st.floats(0, 30_000), max_size=8),
    st.integers(1, 7),
)
def test_a_scheduled_record_is_one_put_at_its_time(
    count: int, history: list[TimedRecord], instants: list[float], chunk: int
) -> None:
    hand, other = HandClock(), HandClock()
    told: list[PutSummary] = []
    scheduled = KinesisStream("orders", count, hand, on_put=told.append)
    put = KinesisStream("orders", count, other)
    for start in range(0, len(history), chunk):
        scheduled.schedule(history[start : start + chunk])

    pending = list(history)
    for now in [*sorted(instants), 30_000.0]:
        while pending and pending[0].time <= now:
            other.now = pending[0].time
            put.put_records([pending.pop(0).record])
        hand.now = other.now = now
        for shard in put.shards():
            assert whole_shard(scheduled, shard.shard_id, TRIM_HORIZON) == whole_shard(
                put, shard.shard_id, TRIM_HORIZON
            )
    assert sum(summary.records for summary in told) == len(history)
    for shard in put.shards():
        mine = [summary for summary in told if summary.shard_id == shard.shard_id]
        for before, after in pairwise(mine):
            assert int(before.last) + 1 == int(after.first)


@given(histories(max_size=60), st.data())
def test_what_is_released_is_a_prefix_and_nothing_else_changes(
    history: list[TimedRecord], data: st.DataObject
) -> None:
    clock = HandClock()
    stream = KinesisStream("orders", 1, clock, release_consumed=True)
    shard = stream.shards()[0].shard_id
    play(stream, clock, history)
    left = whole_shard(stream, shard, TRIM_HORIZON)
    for _ in range(data.draw(st.integers(0, 10))):
        if not left:
            break
        done = data.draw(st.integers(0, len(left) - 1))
        stream.consumed(shard, left[done].sequence_number)
        left = left[done + 1 :]
        assert whole_shard(stream, shard, TRIM_HORIZON) == left
        assert stream.retained() == len(left)
