"""Laws of a simulated table and its stream, whatever is written when."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from eventsim.rules import dynamodb as rules
from eventsim.rules.attribute_values import canonical
from eventsim.streams import PutSummary, ShardIterator
from eventsim.streams.dynamodb import Table
from eventsim.types import Position, Record
from tests.hand_clock import EPOCH, HandClock

KEY = rules.KeySchema(rules.KeyAttribute("id", "S"), rules.KeyAttribute("at", "N"))
TRIM_HORIZON = Position("TRIM_HORIZON")


KEYS = st.builds(
    lambda name, at: {"id": {"S": name}, "at": {"N": str(at)}},
    st.sampled_from("abc"),
    st.sampled_from([1, 2]),
)
ATTRIBUTES = st.fixed_dictionaries(
    {},
    optional={
        "n": st.builds(lambda n: {"N": n}, st.sampled_from(["1", "1.0", "2"])),
        "tags": st.builds(lambda s: {"SS": s}, st.sampled_from([["x", "y"], ["y", "x"], ["z"]])),
        "expires": st.builds(lambda s: {"N": f"{EPOCH + s:.0f}"}, st.integers(-100, 90_000)),
    },
)
WRITES = st.one_of(
    st.builds(lambda key, rest: rules.Write("put", key | rest), KEYS, ATTRIBUTES),
    st.builds(lambda key, rest: rules.Write("update", key | rest), KEYS, ATTRIBUTES),
    st.builds(lambda key: rules.Write("delete", key), KEYS),
)
STEPS = st.lists(
    st.tuples(st.sampled_from([0.0, 0.3, 299.0, 900.0, 5_000.0]), st.lists(WRITES, max_size=4)),
    max_size=12,
)
PARTITIONS = st.integers(1, 3)


def table(partitions: int, told: list[PutSummary] | None = None) -> tuple[Table, HandClock]:
    clock = HandClock()
    return (
        Table(
            "users",
            KEY,
            clock,
            ttl_attribute="expires",
            partitions=partitions,
            on_put=([] if told is None else told).append,
        ),
        clock,
    )


def all_records(users: Table) -> dict[str, list[Record]]:
    """Every record by shard, parents before children."""
    found: dict[str, list[Record]] = {}
    for shard in users.stream.shards():
        records: list[Record] = []
        iterator: ShardIterator | None = users.stream.get_shard_iterator(
            shard.shard_id, TRIM_HORIZON
        )
        while iterator is not None:
            answer = users.stream.get_records(iterator)
            records += answer.records
            iterator = answer.next_iterator if answer.records else None
        found[shard.shard_id] = records
    return found


def by_key(users: Table) -> dict[str, list[Record]]:
    found = defaultdict(list)
    for records in all_records(users).values():
        for record in records:
            found[record.partition_key].append(record)
    return found


def image(content: bytes | None) -> Any:
    return None if content is None else orjson.loads(content)


@given(STEPS, PARTITIONS)
def test_the_stream_played_onto_an_empty_table_gives_the_table(
    steps: list[tuple[float, list[rules.Write]]], partitions: int
) -> None:
    users, clock = table(partitions)
    for seconds, writes in steps:
        clock.now += seconds
        users.write(writes)

    played: dict[str, Any] = {}
    for key, records in by_key(users).items():
        for record in records:
            played[key] = image(record.data.new_image)

    items = list(users.items())
    assert {canonical(KEY.of(item)).decode(): item for item in items} == {
        key: item for key, item in played.items() if item is not None
    }


@given(STEPS, PARTITIONS)
def test_each_change_of_an_item_begins_where_the_one_before_it_ended(
    steps: list[tuple[float, list[rules.Write]]], partitions: int
) -> None:
    users, clock = table(partitions)
    for seconds, writes in steps:
        clock.now += seconds
        users.write(writes)

    for key, records in by_key(users).items():
        before: Any = None
        for record in records:
            change = record.data
            old, new = image(change.old_image), image(change.new_image)
            assert old == before
            assert new != old
            assert change.event_name == ("INSERT" if old is None else "MODIFY" if new else "REMOVE")
            assert all(canonical(KEY.of(each)).decode() == key for each in (old, new) if each)
            before = new


@given(STEPS, PARTITIONS)
def test_there_is_one_record_for_each_real_change_and_it_is_told_once(
    steps: list[tuple[float, list[rules.Write]]], partitions: int
) -> None:
    told: list[PutSummary] = []
    users, clock = table(partitions, told)
    changed = written = 0
    for seconds, writes in steps:
        clock.now += seconds
        users.settle()
        for write in writes:
            key = KEY.of(write.item)
            before = users.item(key)
            (number,) = users.write([write])
            changed += before != users.item(key)
            written += number is not None

    records = [record for each in all_records(users).values() for record in each]
    swept = sum(record.data.expired for record in records)

    assert changed == written == len(records) - swept
    assert sum(summary.records for summary in told) == len(records)


@given(STEPS, PARTITIONS)
def test_numbers_and_times_grow_in_a_shard_and_from_parent_to_child(
    steps: list[tuple[float, list[rules.Write]]], partitions: int
) -> None:
    users, clock = table(partitions)
    for seconds, writes in steps:
        clock.now += seconds
        users.write(writes)

    found = all_records(users)
    parents = {shard.shard_id: shard.parent_shard_ids for shard in users.stream.shards()}
    for shard_id, records in found.items():
        line = [record for parent in parents[shard_id] for record in found[parent]] + records
        numbers = [int(record.sequence_number) for record in line]
        assert numbers == sorted(set(numbers))
        assert [r.arrival for r in line] == sorted(r.arrival for r in line)
        assert all(record.arrival.is_integer() for record in line)
        assert len({record.data.event_id for record in line}) == len(line)


@given(STEPS, PARTITIONS)
def test_who_looks_rarely_sees_what_who_looks_often_sees(
    steps: list[tuple[float, list[rules.Write]]], partitions: int
) -> None:
    often, clock = table(partitions)
    rarely, other = table(partitions)
    for seconds, writes in steps:
        until = clock.now + seconds
        while clock.now < until:
            clock.now = min(until, clock.now + 150.0)
            often.settle()
        often.write(writes)
        other.now = until
        rarely.write(writes)

    assert all_records(often) == all_records(rarely)
