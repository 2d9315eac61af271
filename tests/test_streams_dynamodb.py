"""What a simulated table and its stream promise to who calls them, request by request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from eventsim.errors import ServiceError
from eventsim.rules import dynamodb as rules
from eventsim.streams import GetRecords, PutSummary, ShardIterator
from eventsim.streams.dynamodb import Table
from eventsim.types import Position, Record, Shard, Trimmed
from tests.hand_clock import HandClock

HOUR = 3_600.0
KEY = rules.KeySchema(rules.KeyAttribute("id", "S"))
TRIM_HORIZON, LATEST = Position("TRIM_HORIZON"), Position("LATEST")


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def users(clock: HandClock, told: list[PutSummary] | None = None, **settings: Any) -> Table:
    return Table("users", KEY, clock, on_put=(told if told is not None else []).append, **settings)


def put(name: str, number: int = 0, **attributes: Any) -> rules.Write:
    return rules.Write("put", {"id": {"S": name}, "n": {"N": str(number)}, **attributes})


def the_shard(table: Table) -> str:
    (shard,) = table.stream.shards()
    return shard.shard_id


def read(table: Table, shard_id: str, position: Position = TRIM_HORIZON) -> GetRecords:
    return table.stream.get_records(table.stream.get_shard_iterator(shard_id, position))


def names(records: Sequence[Record]) -> list[tuple[str, str]]:
    return [(record.data.event_name, record.partition_key) for record in records]


def code_of(error: pytest.ExceptionInfo[ServiceError]) -> str:
    return error.value.code


def test_an_arn_is_that_of_its_table_and_of_the_time_the_stream_began(clock: HandClock) -> None:
    clock.now = 0.25
    table = Table("users", KEY, clock, account="111111111111", region="cn-north-1")

    assert table.arn == "arn:aws-cn:dynamodb:cn-north-1:111111111111:table/users"
    assert table.stream.arn == f"{table.arn}/stream/2026-01-01T00:00:00.250"


def test_a_shard_is_called_as_on_aws_and_numbers_grow(clock: HandClock) -> None:
    table = users(clock)
    shard_id = the_shard(table)

    told = table.write([put("a"), put("a"), put("b")])

    assert shard_id.startswith("shardId-00000001767225600000-")
    assert len(shard_id) == len("shardId-00000001573689847184-864758bb")
    assert told == [
        "100000000001767225600000000000001",
        None,
        "100000000001767225600000000000002",
    ]
    assert users(clock).stream.shards() == table.stream.shards()


def test_an_update_of_nothing_makes_the_item_and_a_second_one_keeps_the_rest(
    clock: HandClock,
) -> None:
    table = users(clock)
    key = {"id": {"S": "a"}}

    table.write([rules.Write("update", key), rules.Write("update", key | {"n": {"N": "1"}})])
    table.write([rules.Write("update", key | {"m": {"N": "2.0"}}), rules.Write("update", key)])

    assert table.item(key) == {"id": {"S": "a"}, "m": {"N": "2"}, "n": {"N": "1"}}
    assert list(table.items()) == [table.item(key)]
    assert table.item({"id": {"S": "b"}}) is None
    found = read(table, the_shard(table)).records
    assert [record.data.event_name for record in found] == ["INSERT", "MODIFY", "MODIFY"]


def test_what_is_refused_writes_nothing(clock: HandClock) -> None:
    table = users(clock)

    with pytest.raises(ServiceError) as error:
        table.write([put("a"), rules.Write("put", {"n": {"N": "1"}})])

    assert str(error.value) == (
        "ValidationException: One or more parameter values were invalid: "
        "Missing the key id in the item"
    )
    assert list(table.items()) == []


def test_an_update_that_makes_an_item_too_large_is_refused_in_its_turn(clock: HandClock) -> None:
    table = users(clock)
    half = {"S": "x" * 250_000}
    grown = rules.Write("update", {"id": {"S": "a"}, "other": half})

    with pytest.raises(ServiceError, match="Item size has exceeded the maximum allowed size"):
        table.write([put("a", text=half), grown, put("b")])

    assert names(read(table, the_shard(table)).records) == [("INSERT", '{"id":{"S":"a"}}')]


def test_a_range_key_tells_items_apart_and_a_hash_key_alone_does_not(clock: HandClock) -> None:
    key = rules.KeySchema(rules.KeyAttribute("id", "S"), rules.KeyAttribute("at", "N"))
    table = Table("users", key, clock)

    table.write([put("a", at={"N": "1"}), put("a", at={"N": "2"}), put("a", at={"N": "1.0"})])

    assert [record.partition_key for record in read(table, the_shard(table)).records] == [
        '{"at":{"N":"1"},"id":{"S":"a"}}',
        '{"at":{"N":"2"},"id":{"S":"a"}}',
    ]


def test_puts_are_told_by_shard_before_they_are_read(clock: HandClock) -> None:
    told: list[PutSummary] = []
    table = users(clock, told, partitions=3)
    clock.now = 2.5

    numbers = table.write([put(str(n)) for n in range(30)])

    shards = {shard.shard_id for shard in table.stream.shards()}
    assert {summary.shard_id for summary in told} == shards
    assert sum(summary.records for summary in told) == 30
    assert {(summary.since, summary.until) for summary in told} == {(2.5, 2.5)}
    assert {number for s in told for number in (s.first, s.last)} <= set(numbers)


def test_an_iterator_is_good_for_15_minutes(clock: HandClock) -> None:
    table = users(clock)
    iterator = table.stream.get_shard_iterator(the_shard(table), LATEST)

    clock.now = 900.0
    assert table.stream.get_records(iterator).records == []
    clock.now = 900.1
    with pytest.raises(ServiceError) as error:
        table.stream.get_records(iterator)

    assert code_of(error) == "ExpiredIteratorException"


def test_a_read_returns_1000_records_and_says_how_far_behind_it_is(clock: HandClock) -> None:
    table = users(clock)
    table.write([put("a", n) for n in range(1_001)])
    clock.now = 5.0

    first = read(table, the_shard(table))
    assert first.next_iterator is not None
    second = table.stream.get_records(first.next_iterator)

    assert (len(first.records), first.behind) == (1_000, 5.0)
    assert (len(second.records), second.behind) == (1, 0.0)


def test_a_read_returns_a_mebibyte_or_one_record(clock: HandClock) -> None:
    table = users(clock)
    large = {"text": {"S": "x" * 400_000}}
    table.write([put("a", n, **large) for n in range(3)])

    first = read(table, the_shard(table))
    assert first.next_iterator is not None
    second = table.stream.get_records(first.next_iterator)

    # The second change has two images: 400 KB, and 800 KB.
    assert (len(first.records), len(second.records)) == (1, 1)
    assert second.behind > 0


@pytest.mark.parametrize("limit", [0, 1_001])
def test_a_limit_is_1_to_1000(clock: HandClock, limit: int) -> None:
    table = users(clock)
    iterator = table.stream.get_shard_iterator(the_shard(table), LATEST)

    with pytest.raises(ServiceError) as error:
        table.stream.get_records(iterator, limit)

    assert code_of(error) == "ValidationException"


@pytest.mark.parametrize(
    ("shard_id", "number", "code"),
    [
        ("shardId-0", None, "ResourceNotFoundException"),
        (None, "7", "ValidationException"),
        (None, None, "ValidationException"),
    ],
)
def test_what_is_not_of_the_stream_is_refused(
    clock: HandClock, shard_id: str | None, number: str | None, code: str
) -> None:
    table = users(clock)
    position = Position("AT_SEQUENCE_NUMBER", sequence_number=number)

    with pytest.raises(ServiceError) as error:
        table.stream.get_shard_iterator(shard_id or the_shard(table), position)
    assert code_of(error) == code

    with pytest.raises(ServiceError, match="did not come from this stream"):
        table.stream.get_records(ShardIterator(the_shard(table), "7", 0.0))


def test_a_position_at_no_time_is_refused(clock: HandClock) -> None:
    table = users(clock)

    with pytest.raises(ServiceError, match="ValidationException: AT_TIMESTAMP needs a timestamp"):
        table.stream.get_shard_iterator(the_shard(table), Position("AT_TIMESTAMP"))


def test_the_retention_is_24_hours_and_what_is_lost_unread_is_told(clock: HandClock) -> None:
    table = users(clock, rollover_seconds=90 * HOUR)
    shard_id = the_shard(table)
    first, second = table.write([put("a", 1), put("a", 2)])
    clock.now = HOUR
    (third,) = table.write([put("a", 3)])
    iterator = table.stream.get_shard_iterator(shard_id, TRIM_HORIZON)
    behind = table.stream.get_shard_iterator(
        shard_id, Position("AFTER_SEQUENCE_NUMBER", sequence_number=first)
    )

    clock.now = 24 * HOUR
    assert first is not None
    assert second is not None
    assert table.stream.trimmed(iterator) == Trimmed(first, second, 2)
    assert table.stream.trimmed(behind) == Trimmed(second, second, 1)
    assert table.stream.skip(iterator).after == second
    assert [r.sequence_number for r in read(table, shard_id).records] == [third]
    assert table.stream.retained() == 1


def test_what_everybody_is_done_with_is_released(clock: HandClock) -> None:
    kept, released = users(clock), users(clock, release_consumed=True)
    for table in (kept, released):
        numbers = table.write([put("a", n) for n in range(10)])
        table.stream.consumed(the_shard(table), str(numbers[7]))

    assert (kept.stream.retained(), released.stream.retained()) == (10, 2)
    released.stream.consumed("shardId-forgotten", "7")


def test_a_shard_is_rolled_by_the_first_change_after_its_time(clock: HandClock) -> None:
    table = users(clock)
    parent = the_shard(table)
    table.write([put("a", 1)])

    clock.now = 9 * HOUR
    assert table.stream.shards() == [Shard(parent)]
    table.write([put("a", 1)])
    assert table.stream.shards() == [Shard(parent)]
    table.write([put("a", 2)])
    clock.now = 13 * HOUR
    table.write([put("a", 3)])

    shards = table.stream.shards()
    assert [shard.parent_shard_ids for shard in shards] == [(), (parent,), (shards[1].shard_id,)]
    answers = [read(table, shard.shard_id) for shard in shards]
    assert [len(answer.records) for answer in answers] == [1, 1, 1]
    numbers = [int(answer.records[0].sequence_number) for answer in answers]
    assert numbers == sorted(numbers)
    assert [answer.next_iterator is None for answer in answers] == [True, True, False]
    assert [answer.child_shards for answer in answers] == [
        (shards[1].shard_id,),
        (shards[2].shard_id,),
        (),
    ]


def test_a_reader_is_woken_when_its_shard_is_rolled(clock: HandClock) -> None:
    table = users(clock)
    shard_id = the_shard(table)
    iterator = table.stream.get_shard_iterator(shard_id, TRIM_HORIZON)
    woken: list[str] = []
    table.stream.call_on_change(shard_id, "kept", lambda: woken.append("kept"))
    table.stream.call_on_change(shard_id, "forgotten", lambda: woken.append("forgotten"))
    table.stream.forget(shard_id, "forgotten")
    assert table.stream.next_arrival(iterator) is None

    clock.now = 5 * HOUR
    table.write([put("a")])

    assert woken == ["kept"]
    assert table.stream.next_arrival(iterator) == float("-inf")
    assert (
        table.stream.get_records(
            table.stream.get_shard_iterator(shard_id, TRIM_HORIZON)
        ).next_iterator
        is None
    )


def test_closed_shards_are_forgotten_after_their_retention(clock: HandClock) -> None:
    table = users(clock)
    for day in range(30):
        clock.now = day * 24 * HOUR
        table.write([put("a", day)])

    parent, child = table.stream.shards()
    assert (parent.parent_shard_ids, child.parent_shard_ids) == ((), (parent.shard_id,))
    clock.now += 24 * HOUR
    assert table.stream.shards() == [Shard(child.shard_id)]
    assert table.stream.retained() == 0


def test_each_partition_has_a_chain_of_its_own(clock: HandClock) -> None:
    table = users(clock, partitions=2)
    table.write([put(str(n)) for n in range(20)])
    before = table.stream.shards()
    clock.now = 5 * HOUR
    table.write([put(str(n), 1) for n in range(20)])

    after = table.stream.shards()
    assert [shard.parent_shard_ids for shard in before] == [(), ()]
    assert [shard.parent_shard_ids for shard in after[2:]] == [
        (shard.shard_id,) for shard in before
    ]
    keys = [
        {record.partition_key for record in read(table, shard.shard_id).records} for shard in after
    ]
    assert (keys[0], keys[1]) == (keys[2], keys[3])
    assert keys[0].isdisjoint(keys[1])
    assert sum(map(len, keys[:2])) == 20
