"""What a reader and a writer make of an API's answers, the bad ones above all.

The API here is scripted, and answers on the run's clock.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from eventsim.clock import Clock
from eventsim.errors import EventsimError, ServiceError, Unreachable
from eventsim.sources import kinesis
from eventsim.streams import PutSummary
from eventsim.types import Position, PutRecord, Shard, Stream
from tests.scripted import ScriptedApi

SHARD = "shardId-000000000000"
ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/orders"
TRIM_HORIZON = Position("TRIM_HORIZON")
AWAY = Unreachable("connection refused")
THROTTLED = ServiceError("ProvisionedThroughputExceededException", "Rate exceeded")
EXPIRED = ServiceError("ExpiredIteratorException", "Iterator expired")
SUMMARY = {"StreamStatus": "ACTIVE", "StreamARN": ARN, "RetentionPeriodHours": 24}


def scripted(**scripts: list[Any]) -> ScriptedApi:
    """Kinesis, with a stream that is there."""
    there: dict[str, list[Any]] = {
        "describe_stream_summary": [{"StreamDescriptionSummary": SUMMARY}],
        "get_shard_iterator": [{"ShardIterator": "first"}],
    }
    return ScriptedApi(**(there | scripts))


async def stream_on(api: ScriptedApi, clock: Clock, told: list[PutSummary] | None = None) -> Stream:
    told = [] if told is None else told
    return await kinesis.open_stream("orders", kinesis.Resource(), api.backend(clock), told.append)


def got(
    *numbers: int, following: str | None = "next", behind: int = 0, second: int = 0
) -> dict[str, Any]:
    """An answer to GetRecords, at seven seconds past midnight by the endpoint's clock."""
    stamp = datetime(2026, 1, 1, 0, 0, second, tzinfo=UTC)
    return {
        "Records": [
            {
                "SequenceNumber": str(number),
                "PartitionKey": "a",
                "Data": b"",
                "ApproximateArrivalTimestamp": stamp,
            }
            for number in numbers
        ],
        "NextShardIterator": following,
        "MillisBehindLatest": behind,
        "ResponseMetadata": {"HTTPHeaders": {"date": "Thu, 01 Jan 2026 00:00:07 GMT"}},
    }


def put_answer(*placed: str | None) -> dict[str, Any]:
    """An answer to PutRecords: a sequence number each, or None for a throttled entry."""
    return {
        "Records": [
            {"ErrorCode": THROTTLED.code, "ErrorMessage": "…"}
            if number is None
            else {"ShardId": SHARD, "SequenceNumber": number}
            for number in placed
        ]
    }


async def test_an_idle_shard_is_asked_once_a_second(clock: Clock) -> None:
    api = scripted(get_records=[got(), got(), got(), got(1)])
    reader = (await stream_on(api, clock)).reader(SHARD, TRIM_HORIZON)

    read = await reader.read(None)

    assert ([r.sequence_number for r in read.records], read.polls) == (["1"], 4)
    assert api.times("get_records") == [0.0, 1.0, 2.0, 3.0]


async def test_who_is_behind_asks_again_at_once_even_after_an_empty_answer(clock: Clock) -> None:
    api = scripted(get_records=[got(behind=9_000), got(behind=5_000), got(1)])
    reader = (await stream_on(api, clock)).reader(SHARD, TRIM_HORIZON)

    read = await reader.read(None)

    assert (len(read.records), read.polls, clock.time()) == (1, 3, 0.0)


async def test_every_answer_brings_the_next_iterator_the_empty_ones_too(clock: Clock) -> None:
    answers = [got(following="a"), got(following="b"), got(1, following="c"), got(2)]
    api = scripted(get_records=answers)
    reader = (await stream_on(api, clock)).reader(SHARD, TRIM_HORIZON)

    await reader.read(None)
    await reader.read(None)

    asked = [each["ShardIterator"] for each in api.parameters("get_records")]
    assert asked == ["first", "a", "b", "c"]
    assert len(api.times("get_shard_iterator")) == 1


async def test_a_null_iterator_ends_the_shard(clock: Clock) -> None:
    api = scripted(get_records=[got(1, following=None)])
    reader = (await stream_on(api, clock)).reader(SHARD, TRIM_HORIZON)

    first, second = await reader.read(None), await reader.read(None)

    assert (len(first.records), first.ended) == (1, True)
    assert (len(second.records), second.ended) == (0, True)
    assert len(api.times("get_records")) == 1


async def test_after_the_end_only_a_reader_that_caught_up_ends(clock: Clock) -> None:
    api = scripted(get_records=[got(behind=1_000), got(1), got()])
    stream = await stream_on(api, clock)
    reader = stream.reader(SHARD, TRIM_HORIZON)
    stream.finish()

    first, second = await reader.read(None), await reader.read(None)

    assert (len(first.records), first.ended, first.polls) == (1, False, 2)
    assert (len(second.records), second.ended, second.polls) == (0, True, 1)


async def test_an_expired_iterator_is_replaced_behind_the_last_record(clock: Clock) -> None:
    api = scripted(get_records=[got(7), EXPIRED, got(8)])
    reader = (await stream_on(api, clock)).reader(SHARD, TRIM_HORIZON)
    await reader.read(None)
    await clock.sleep(400.0)

    read = await reader.read(None)

    assert [record.sequence_number for record in read.records] == ["8"]
    assert [
        {key: asked[key] for key in ("ShardIteratorType", "StartingSequenceNumber") if key in asked}
        for asked in api.parameters("get_shard_iterator")
    ] == [
        {"ShardIteratorType": "TRIM_HORIZON"},
        {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": "7"},
    ]


async def test_an_iterator_that_expires_before_a_record_came_loses_none(clock: Clock) -> None:
    answers = [got(), EXPIRED, got(6, second=6), got(8, second=8)]
    api = scripted(get_records=answers)
    reader = (await stream_on(api, clock)).reader(SHARD, Position("LATEST"))

    read = await reader.read(None)

    assert [record.sequence_number for record in read.records] == ["8"]
    again = api.parameters("get_shard_iterator")[1]
    assert again["ShardIteratorType"] == "AT_TIMESTAMP"
    assert again["Timestamp"] == datetime(2026, 1, 1, 0, 0, 7, tzinfo=UTC).timestamp()


async def test_iterators_that_always_expire_do_not_spin(clock: Clock) -> None:
    api = scripted(get_records=[EXPIRED])
    reader = (await stream_on(api, clock)).reader(SHARD, TRIM_HORIZON)

    read = await reader.read(60.0)

    assert (list(read.records), read.ended, clock.time()) == ([], False, 60.0)
    assert len(api.times("get_records")) == 12


@pytest.mark.parametrize("refusal", [AWAY, THROTTLED])
async def test_a_refused_read_is_repeated_with_doubling_waits(
    clock: Clock, refusal: EventsimError
) -> None:
    api = scripted(get_records=[*[refusal] * 8, got(1), refusal, got(2)])
    reader = (await stream_on(api, clock)).reader(SHARD, TRIM_HORIZON)

    first = await reader.read(None)
    at = clock.time()
    second = await reader.read(None)

    assert ([len(read.records) for read in (first, second)], first.polls) == ([1, 1], 9)
    assert api.times("get_records")[:9] == [0.0, 0.25, 0.75, 1.75, 3.75, 7.75, 15.75, 25.75, 35.75]
    assert api.times("get_records")[9:] == [36.0, 36.25]
    assert at == 35.75


async def test_a_reader_keeps_asking_but_keeps_until(clock: Clock) -> None:
    api = scripted(get_records=[AWAY])
    reader = (await stream_on(api, clock)).reader(SHARD, TRIM_HORIZON)

    read = await reader.read(5.0)

    assert (list(read.records), read.polls, read.ended, clock.time()) == ([], 5, False, 5.0)


async def test_an_endpoint_that_stays_away_after_the_end_fails_the_run(clock: Clock) -> None:
    api = scripted(get_records=[AWAY])
    stream = await stream_on(api, clock)
    stream.finish()

    with pytest.raises(Unreachable):
        await stream.reader(SHARD, TRIM_HORIZON).read(None)

    assert 60.0 < clock.time() < 75.0


async def test_a_refusal_for_good_is_told(clock: Clock) -> None:
    gone = ServiceError("ResourceNotFoundException", "Stream orders not found.")
    api = scripted(get_records=[gone])

    with pytest.raises(ServiceError) as error:
        await (await stream_on(api, clock)).reader(SHARD, TRIM_HORIZON).read(None)

    assert error.value is gone


async def test_only_the_entries_that_failed_are_sent_again_in_order(clock: Clock) -> None:
    told: list[PutSummary] = []
    answers = [put_answer("1", None, "2", None), put_answer(None, None), put_answer("3", "4")]
    api = scripted(put_records=answers)
    stream = await stream_on(api, clock, told)

    await stream.put([PutRecord("a", bytes([number])) for number in range(4)])

    sent = [[entry["Data"] for entry in put["Records"]] for put in api.parameters("put_records")]
    assert sent == [[b"\0", b"\1", b"\2", b"\3"], [b"\1", b"\3"], [b"\1", b"\3"]]
    assert told == [
        PutSummary(SHARD, "1", "2", 2, 0.0, 0.0),
        PutSummary(SHARD, "3", "4", 2, 0.75, 0.75),
    ]


async def test_a_writer_gives_up_after_ten_attempts(clock: Clock) -> None:
    api = scripted(put_records=[AWAY])

    with pytest.raises(Unreachable) as error:
        await (await stream_on(api, clock)).put([PutRecord("a", b"")])

    assert str(error.value) == "stream orders took none of 1 records in 10 attempts"
    assert error.value.__cause__ is AWAY
    assert len(api.times("put_records")) == 10


async def test_requests_keep_the_limits_of_the_api(clock: Clock) -> None:
    api = scripted(put_records=[put_answer(*["1"] * 500), put_answer("1"), put_answer("1")])
    stream = await stream_on(api, clock)

    await stream.put([PutRecord("a", b"")] * 501)
    api.scripts["put_records"] = [put_answer("1")]
    await stream.put([PutRecord("a", b"x" * 3_000_000), PutRecord("a", b"x" * 3_000_000)])

    sent = [len(put["Records"]) for put in api.parameters("put_records")]
    assert sent == [500, 1, 1, 1]


async def test_a_stream_that_is_missing_is_created_and_waited_for(clock: Clock) -> None:
    creating = {"StreamDescriptionSummary": {**SUMMARY, "StreamStatus": "CREATING"}}
    active = {"StreamDescriptionSummary": SUMMARY}
    missing = ServiceError("ResourceNotFoundException", "Stream orders not found.")
    api = scripted(
        describe_stream_summary=[missing, creating, creating, active], create_stream=[{}]
    )

    stream = await stream_on(api, clock)

    assert api.parameters("create_stream") == [{"StreamName": "orders", "ShardCount": 1}]
    assert (stream.arn, stream.retention_seconds, clock.time()) == (ARN, 86_400.0, 2.0)


async def test_every_page_of_shards_is_read_and_parents_come_first(clock: Clock) -> None:
    child = {
        "ShardId": "shardId-000000000003",
        "ParentShardId": "shardId-000000000001",
        "AdjacentParentShardId": "shardId-000000000000",
    }
    pages = [
        {"Shards": [child], "NextToken": "more"},
        {"Shards": [{"ShardId": "shardId-000000000001"}]},
    ]
    api = scripted(list_shards=pages)

    shards = await (await stream_on(api, clock)).shards()

    assert [(shard.shard_id, shard.parent_shard_ids) for shard in shards] == [
        ("shardId-000000000001", ()),
        ("shardId-000000000003", ("shardId-000000000001",)),
    ]
    assert api.parameters("list_shards") == [{"StreamName": "orders"}, {"NextToken": "more"}]


async def test_a_list_of_shards_that_is_throttled_is_asked_for_again(clock: Clock) -> None:
    slower = ServiceError("LimitExceededException", "Rate exceeded")
    pages = [slower, {"Shards": [{"ShardId": SHARD}], "NextToken": "more"}, slower, {"Shards": []}]
    api = scripted(list_shards=pages)

    shards = await (await stream_on(api, clock)).shards()

    assert (shards, clock.time()) == ([Shard(SHARD)], 0.5)
    api.scripts["list_shards"] = [slower]
    with pytest.raises(ServiceError):
        await (await stream_on(api, clock)).shards()
    assert len(api.times("list_shards")) == 4 + 10


@pytest.mark.parametrize(
    ("answers", "behind"),
    [([got()], False), ([THROTTLED], True), ([got(), AWAY], True)],
)
async def test_nothing_by_a_deadline_tells_whether_more_may_be_waiting(
    clock: Clock, answers: list[Any], behind: bool
) -> None:
    stream = await stream_on(scripted(get_records=answers), clock)

    read = await stream.reader(SHARD, TRIM_HORIZON).read(1.5)

    assert (list(read.records), read.behind > 0, clock.time()) == ([], behind, 1.5)
