"""Laws of resharding that hold for any splits and merges, at any times, of any records."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from eventsim.rules import kinesis as rules
from eventsim.streams import PutSummary
from eventsim.streams.kinesis import KinesisStream
from eventsim.types import Position, PutRecord, Record, Shard, TimedRecord
from tests.hand_clock import EPOCH, HandClock
from tests.test_streams_kinesis_laws import whole_shard

TRIM_HORIZON = Position("TRIM_HORIZON")
END = 10_000.0


class Act(NamedTuple):
    """Something done to a stream: ``number`` picks a shard, ``wait`` is a time to come."""

    verb: str
    number: int
    wait: float


acts = st.lists(
    st.builds(
        Act,
        st.sampled_from(["put", "put", "schedule", "schedule", "split", "merge", "pass"]),
        st.integers(0, 200),
        st.sampled_from([0.0, 0.001, 0.5, 1.0, 60.0]),
    ),
    max_size=60,
)


class Played(NamedTuple):
    """A stream after some acts, what each key was given in order, and what was told of puts."""

    stream: KinesisStream
    given: dict[str, list[bytes]]
    told: list[PutSummary]


def play(doings: Sequence[Act], shard_count: int = 2) -> Played:
    """Perform the acts; of one key, what is put or scheduled never has an earlier time."""
    clock, told = HandClock(), list[PutSummary]()
    stream = KinesisStream("orders", shard_count, clock, on_put=told.append)
    given: dict[str, list[bytes]] = {}
    ahead = dict[str, float]()
    for count, (verb, number, wait) in enumerate(doings):
        key, data = f"key-{number % 7}", b"%d" % count
        open_shards = [shard.shard_id for shard in _open(stream)]
        if verb == "pass":
            clock.now += wait
        elif verb == "put" and ahead.get(key, 0.0) <= clock.now:
            stream.put_records([PutRecord(key, data)])
            given.setdefault(key, []).append(data)
        elif verb in ("put", "schedule"):
            ahead[key] = time = max(ahead.get(key, 0.0), clock.now + wait)
            stream.schedule([TimedRecord(time, PutRecord(key, data))])
            given.setdefault(key, []).append(data)
        elif verb == "split" and len(open_shards) < 12:
            stream.split(open_shards[number % len(open_shards)])
        elif verb == "merge" and len(open_shards) > 1:
            at = number % (len(open_shards) - 1)
            stream.merge(open_shards[at], open_shards[at + 1])
    clock.now += END
    stream.settle()
    return Played(stream, given, told)


def _open(stream: KinesisStream) -> list[Shard]:
    """Its open shards in the order of their hash keys."""
    shards = stream.shards()
    parents = {parent for shard in shards for parent in shard.parent_shard_ids}
    mine = [shard for shard in shards if shard.shard_id not in parents]
    return sorted(mine, key=lambda shard: stream.hash_keys(shard.shard_id))


def drained(stream: KinesisStream) -> dict[str, list[Record]]:
    """Each shard's records; every shard is read behind its parents."""
    found: dict[str, list[Record]] = {}
    for shard in stream.shards():
        assert all(parent in found for parent in shard.parent_shard_ids)
        found[shard.shard_id] = whole_shard(stream, shard.shard_id, TRIM_HORIZON)
    return found


@given(acts)
def test_every_record_is_read_once_and_in_its_keys_order(doings: list[Act]) -> None:
    stream, given_to, told = play(doings)

    found: dict[str, list[bytes]] = {}
    for records in drained(stream).values():
        for record in records:
            found.setdefault(record.partition_key, []).append(record.data)

    assert found == given_to
    assert sum(put.records for put in told) == sum(map(len, given_to.values()))


@given(acts)
def test_the_open_shards_cover_every_hash_key_once(doings: list[Act]) -> None:
    stream = play(doings).stream

    ranges = [stream.hash_keys(shard.shard_id) for shard in _open(stream)]

    assert (ranges[0].starting_hash_key, ranges[-1].ending_hash_key) == (0, 2**128 - 1)
    for before, after in pairwise(ranges):
        assert before.ending_hash_key + 1 == after.starting_hash_key


@given(acts)
def test_a_shard_holds_only_records_of_its_hash_keys(doings: list[Act]) -> None:
    stream = play(doings).stream

    for shard_id, records in drained(stream).items():
        first, last = stream.hash_keys(shard_id)
        for record in records:
            assert first <= rules.hash_key(record.partition_key) <= last


@given(acts)
def test_numbers_and_arrivals_grow_along_the_lineage(doings: list[Act]) -> None:
    stream = play(doings).stream
    found = drained(stream)
    last: dict[str, tuple[int, float]] = {}

    for shard in stream.shards():
        number, arrival = max(
            (last[parent] for parent in shard.parent_shard_ids), default=(-1, EPOCH)
        )
        for record in found[shard.shard_id]:
            assert int(record.sequence_number) > number
            assert record.arrival >= arrival
            number, arrival = int(record.sequence_number), record.arrival
        last[shard.shard_id] = number, arrival


@given(acts)
def test_only_the_open_shards_go_on(doings: list[Act]) -> None:
    stream = play(doings).stream
    going_on = {shard.shard_id for shard in _open(stream)}

    for shard in stream.shards():
        answer = stream.get_records(stream.get_shard_iterator(shard.shard_id, Position("LATEST")))
        assert (answer.next_iterator is not None) == (shard.shard_id in going_on)
        children = [
            each.shard_id for each in stream.shards() if shard.shard_id in each.parent_shard_ids
        ]
        assert list(answer.child_shards) == children
