"""What becomes of the items of a simulated table: they expire, and the table may be deleted."""

from __future__ import annotations

from typing import Any

import pytest

from eventsim.errors import ServiceError
from eventsim.rules import dynamodb as rules
from eventsim.streams import PutSummary
from tests.hand_clock import EPOCH, HandClock
from tests.test_streams_dynamodb import LATEST, code_of, names, put, read, the_shard, users


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def expires(seconds: float) -> dict[str, Any]:
    return {"expires": {"N": f"{EPOCH + seconds:.0f}"}}


def test_what_expires_is_deleted_by_the_next_sweep(clock: HandClock) -> None:
    told: list[PutSummary] = []
    table = users(clock, told, ttl_attribute="expires")
    shard_id = the_shard(table)
    table.write([put("a", **expires(60)), put("b", **expires(301)), put("c")])
    iterator = table.stream.get_shard_iterator(shard_id, LATEST)

    assert table.stream.next_arrival(iterator) == 300.0
    clock.now = 299.0
    assert table.item({"id": {"S": "a"}}) is not None
    clock.now = 10_000.0
    removed = read(table, shard_id).records[3:]

    assert names(removed) == [("REMOVE", '{"id":{"S":"a"}}'), ("REMOVE", '{"id":{"S":"b"}}')]
    assert [record.arrival - EPOCH for record in removed] == [300.0, 600.0]
    assert [summary.since for summary in told] == [0.0, 300.0, 600.0]
    assert {record.data.expired for record in removed} == {True}
    assert [item["id"]["S"] for item in table.items()] == ["c"]


def test_a_write_in_time_prolongs_a_life(clock: HandClock) -> None:
    table = users(clock, ttl_attribute="expires")
    table.write([put("a", **expires(60)), put("b", **expires(60)), put("c", **expires(60))])
    clock.now = 200.0  # expired, and not yet deleted
    table.write([put("a", **expires(3_000)), put("b"), rules.Write("delete", {"id": {"S": "c"}})])

    clock.now = 2_999.0
    assert [item["id"]["S"] for item in table.items()] == ["a", "b"]
    clock.now = 3_000.0
    assert [item["id"]["S"] for item in table.items()] == ["b"]


@pytest.mark.parametrize(
    "value",
    [
        {"S": "1767225660"},
        {"N": "1767225660000"},
        {"N": "1600000000"},
        {"N": "9e125"},
    ],
)
def test_what_is_no_time_in_reach_expires_never(clock: HandClock, value: dict[str, str]) -> None:
    table = users(clock, ttl_attribute="expires")
    table.write([put("a", expires=value)])

    assert table.next_deletion(0) is None


def test_a_closed_table_takes_no_writes_and_still_deletes_what_expires(clock: HandClock) -> None:
    table = users(clock, ttl_attribute="expires")
    shard_id = the_shard(table)
    table.write([put("a", **expires(60))])
    iterator = table.stream.get_shard_iterator(shard_id, LATEST)

    table.stream.close()

    with pytest.raises(ServiceError) as error:
        table.write([put("b")])
    assert code_of(error) == "ResourceInUseException"
    assert not table.stream.ended(iterator)
    clock.now = 300.0
    answer = table.stream.get_records(iterator)
    assert (names(answer.records), answer.next_iterator) == ([("REMOVE", '{"id":{"S":"a"}}')], None)
    assert answer.child_shards == ()


def test_a_deleted_table_is_gone_and_what_it_told_can_be_read(clock: HandClock) -> None:
    table = users(clock, ttl_attribute="expires")
    shard_id = the_shard(table)
    table.write([put("a", **expires(60))])

    table.delete()

    with pytest.raises(ServiceError) as error:
        table.write([put("b")])
    assert str(error.value) == (
        "ResourceNotFoundException: Requested resource not found: Table: users not found"
    )
    clock.now = 300.0
    answer = read(table, shard_id)
    assert (names(answer.records), answer.next_iterator) == ([("INSERT", '{"id":{"S":"a"}}')], None)
    assert list(table.items()) == []
