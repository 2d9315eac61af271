"""What a table makes of every answer of DynamoDB's APIs: pages, throttles, silence."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from eventsim.clock import Clock
from eventsim.errors import BackendError, ServiceError, Unreachable
from eventsim.rules.dynamodb import Write
from eventsim.sources import dynamodb
from eventsim.streams import PutSummary
from eventsim.types import Position, PutRecord, Record, Shard, Stream
from tests.scripted import ScriptedApi

ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/users/stream/2026-01-01T00:00:00.000"
SHARD = "shardId-00000001767225600000-aaaaaaaa"
TABLE = {
    "Table": {
        "TableStatus": "ACTIVE",
        "KeySchema": [
            {"AttributeName": "at", "KeyType": "RANGE"},
            {"AttributeName": "id", "KeyType": "HASH"},
        ],
        "AttributeDefinitions": [
            {"AttributeName": "at", "AttributeType": "N"},
            {"AttributeName": "id", "AttributeType": "S"},
            {"AttributeName": "other", "AttributeType": "S"},
        ],
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        "LatestStreamArn": ARN,
    }
}
TRIM_HORIZON = Position("TRIM_HORIZON")
EXPIRED = ServiceError("ExpiredIteratorException", "expired")
TRIMMED = ServiceError("TrimmedDataAccessException", "trimmed")
THROTTLED = ServiceError("ThrottlingException", "slower")
GONE = Unreachable("nobody answers")


def scripted(**scripts: list[Any]) -> ScriptedApi:
    """DynamoDB, with a table that is there."""
    there: dict[str, list[Any]] = {
        "describe_table": [TABLE],
        "get_shard_iterator": [{"ShardIterator": "first"}],
    }
    return ScriptedApi(**(there | scripts))


async def table_on(api: ScriptedApi, clock: Clock, told: list[PutSummary] | None = None) -> Stream:
    settings = dynamodb.Resource.model_validate({"key": {"id": "S"}, "ttl": "expires"})
    on_put = ([] if told is None else told).append
    return await dynamodb.open_stream("users", settings, api.backend(clock), on_put)


def got(*numbers: int, following: str | None = "next", second: int = 0) -> dict[str, Any]:
    """An answer to GetRecords, at seven seconds past midnight by the endpoint's clock."""
    stamp = datetime(2026, 1, 1, 0, 0, second, tzinfo=UTC)
    return {
        "Records": [
            {
                "eventID": f"event{number}",
                "eventName": "INSERT",
                "dynamodb": {
                    "ApproximateCreationDateTime": stamp,
                    "Keys": {"id": {"S": "a"}},
                    "SequenceNumber": str(number),
                    "SizeBytes": 3,
                    "StreamViewType": "KEYS_ONLY",
                },
            }
            for number in numbers
        ],
        "NextShardIterator": following,
        "ResponseMetadata": {"HTTPHeaders": {"date": "Thu, 01 Jan 2026 00:00:07 GMT"}},
    }


def numbers(records: Any) -> list[int]:
    return [int(record.sequence_number) for record in records]


def write(**attributes: Any) -> PutRecord:
    return PutRecord("", Write("put", {"id": {"S": "a"}, "at": {"N": "1"}, **attributes}))


async def test_an_idle_shard_is_asked_four_times_a_second(clock: Clock) -> None:
    api = scripted(get_records=[got(), got(), got(1)])
    reader = (await table_on(api, clock)).reader(SHARD, TRIM_HORIZON)

    read = await reader.read(None)

    assert (numbers(read.records), read.polls) == ([1], 3)
    assert api.times("get_records") == [0.0, 0.25, 0.5]
    assert {each["Limit"] for each in api.parameters("get_records")} == {1_000}


async def test_a_full_page_has_another_behind_it(clock: Clock) -> None:
    api = scripted(get_records=[got(*range(1_000)), got(1_000)])
    reader = (await table_on(api, clock)).reader(SHARD, TRIM_HORIZON)

    first, second = await reader.read(None), await reader.read(None)

    assert (first.behind, numbers(second.records), second.behind) == (7.0, [1_000], 0.0)
    assert api.times("get_records") == [0.0, 0.0]


async def test_an_iterator_that_expired_is_renewed_behind_what_was_read(clock: Clock) -> None:
    api = scripted(get_records=[got(4, 7), EXPIRED, got(9)])
    reader = (await table_on(api, clock)).reader(SHARD, TRIM_HORIZON)
    await reader.read(None)

    assert numbers((await reader.read(None)).records) == [9]

    assert api.parameters("get_shard_iterator") == [
        {"StreamArn": ARN, "ShardId": SHARD, "ShardIteratorType": "TRIM_HORIZON"},
        {
            "StreamArn": ARN,
            "ShardId": SHARD,
            "ShardIteratorType": "AFTER_SEQUENCE_NUMBER",
            "SequenceNumber": "7",
        },
    ]


async def test_latest_that_expired_unread_goes_on_with_what_came_since(clock: Clock) -> None:
    pages = [got(), EXPIRED, got(*range(1, 1_001), second=6), got(1_001, 1_002, second=7)]
    api = scripted(get_records=pages)
    reader = (await table_on(api, clock)).reader(SHARD, Position("LATEST"))

    read = await reader.read(None)

    assert numbers(read.records) == [1_001, 1_002]
    kinds = [each["ShardIteratorType"] for each in api.parameters("get_shard_iterator")]
    assert kinds == ["LATEST", "TRIM_HORIZON"]


@pytest.mark.parametrize("where", ["get_shard_iterator", "get_records"])
async def test_trimmed_data_is_left_behind_without_a_record_twice(clock: Clock, where: str) -> None:
    first = {"ShardIterator": "first"}
    scripts: dict[str, list[Any]] = {
        "get_shard_iterator": [first, TRIMMED, first],
        "get_records": [got(4, 7), EXPIRED, got(6, 7, 8)],
    }
    if where == "get_records":
        scripts = {"get_records": [got(4, 7), TRIMMED, got(6, 7, 8)]}
    api = scripted(**scripts)
    reader = (await table_on(api, clock)).reader(SHARD, TRIM_HORIZON)
    await reader.read(None)

    read = await reader.read(None)

    assert (numbers(read.records), read.trimmed) == ([8], None)
    assert api.parameters("get_shard_iterator")[-1]["ShardIteratorType"] == "TRIM_HORIZON"


async def test_a_reader_that_starts_behind_what_was_trimmed_reads_what_there_is(
    clock: Clock,
) -> None:
    api = scripted(get_shard_iterator=[TRIMMED, {"ShardIterator": "x"}], get_records=[got(5)])
    position = Position("AFTER_SEQUENCE_NUMBER", sequence_number="3")
    reader = (await table_on(api, clock)).reader(SHARD, position)

    assert numbers((await reader.read(None)).records) == [5]


async def test_throttles_and_silence_are_waited_out(clock: Clock) -> None:
    api = scripted(get_records=[THROTTLED, GONE, got(1)])
    reader = (await table_on(api, clock)).reader(SHARD, TRIM_HORIZON)

    assert numbers((await reader.read(None)).records) == [1]
    assert api.times("get_records") == [0.0, 0.25, 0.75]


async def test_a_closed_shard_ends(clock: Clock) -> None:
    api = scripted(get_records=[got(1), got(2, following=None)])
    reader = (await table_on(api, clock)).reader(SHARD, TRIM_HORIZON)
    await reader.read(None)

    last, after = await reader.read(None), await reader.read(None)

    assert (numbers(last.records), last.ended, last.closed) == ([2], True, True)
    assert (numbers(after.records), after.ended, after.closed) == ([], True, True)


async def test_after_the_last_write_four_empty_answers_in_a_row_are_the_end(clock: Clock) -> None:
    api = scripted(get_records=[got(), got(), got(), got(1), got()])
    stream = await table_on(api, clock)
    reader = stream.reader(SHARD, TRIM_HORIZON)
    stream.finish()

    found, end = await reader.read(None), await reader.read(None)

    assert (numbers(found.records), found.ended) == ([1], False)
    assert (numbers(end.records), end.ended, end.closed, end.polls) == ([], True, False, 4)


async def test_records_are_told_by_who_reads_them_first_and_only_those_of_the_run(
    clock: Clock,
) -> None:
    old = got(3)
    old["Records"][0]["dynamodb"]["ApproximateCreationDateTime"] = datetime(
        2025, 12, 31, 23, 59, 59, tzinfo=UTC
    )
    api = scripted(get_records=[old, got(4, 5, second=2), old, got(4, 5, 6, second=2)])
    told: list[PutSummary] = []
    stream = await table_on(api, clock, told)

    for _ in range(2):
        reader = stream.reader(SHARD, TRIM_HORIZON)
        await reader.read(None)
        await reader.read(None)

    assert told == [
        PutSummary(SHARD, "4", "5", 2, 2.0, 2.0),
        PutSummary(SHARD, "6", "6", 1, 2.0, 2.0),
    ]


async def test_shards_are_listed_by_pages_with_the_parents_that_are_there(clock: Clock) -> None:
    first, second, third = (f"shardId-0000000176722560000{n}-a" for n in range(3))
    pages = [
        {"Shards": [{"ShardId": second, "ParentShardId": first}], "LastEvaluatedShardId": second},
        {"Shards": [{"ShardId": first, "ParentShardId": "shardId-gone"}, {"ShardId": third}]},
    ]
    api = scripted(describe_stream=[{"StreamDescription": page} for page in pages])

    shards = await (await table_on(api, clock)).shards()

    assert shards == [Shard(first), Shard(second, (first,)), Shard(third)]
    assert api.parameters("describe_stream") == [
        {"StreamArn": ARN},
        {"StreamArn": ARN, "ExclusiveStartShardId": second},
    ]


async def test_a_record_is_told_as_it_was_recorded(clock: Clock) -> None:
    page = got(1)
    page["Records"][0] |= {
        "eventName": "REMOVE",
        "userIdentity": {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"},
    }
    page["Records"][0]["dynamodb"]["OldImage"] = {"b": {"B": b"foobar"}, "n": {"N": "1.0"}}
    reader = (await table_on(scripted(get_records=[page]), clock)).reader(SHARD, TRIM_HORIZON)

    (record,) = (await reader.read(None)).records

    assert (record.arrival, record.partition_key) == (1_767_225_600.0, '{"id":{"S":"a"}}')
    assert record.data.old_image == b'{"b":{"B":"Zm9vYmFy"},"n":{"N":"1.0"}}'
    assert record.data.new_image is None
    assert (record.data.expired, record.data.size_bytes) == (True, 3)
    assert isinstance(record, Record)


async def test_a_table_that_is_there_is_taken_with_its_own_key(clock: Clock) -> None:
    api = scripted(put_item=[{}], update_item=[{}], delete_item=[{}])
    stream = await table_on(api, clock)
    key = {"id": {"S": "a"}, "at": {"N": "1"}}

    await stream.put(
        [
            write(b={"B": "Zm9vYmFy"}, l={"L": [{"BS": ["AA=="]}]}),
            PutRecord("", Write("update", key | {"n": {"N": "2.0"}})),
            PutRecord("", Write("update", key)),
            PutRecord("", Write("delete", key)),
        ]
    )

    assert [(asked, given) for _, asked, given in api.asked[1:]] == [
        (
            "dynamodb.put_item",
            {
                "TableName": "users",
                "Item": {**key, "b": {"B": b"foobar"}, "l": {"L": [{"BS": [b"\0"]}]}},
            },
        ),
        (
            "dynamodb.update_item",
            {
                "TableName": "users",
                "Key": key,
                "UpdateExpression": "SET #a0 = :v0",
                "ExpressionAttributeNames": {"#a0": "n"},
                "ExpressionAttributeValues": {":v0": {"N": "2"}},
            },
        ),
        ("dynamodb.update_item", {"TableName": "users", "Key": key}),
        ("dynamodb.delete_item", {"TableName": "users", "Key": key}),
    ]


async def test_a_write_is_tried_ten_times(clock: Clock) -> None:
    api = scripted(put_item=[THROTTLED, GONE, {}, GONE])
    stream = await table_on(api, clock)

    await stream.put([write()])
    with pytest.raises(Unreachable, match="table users took no write in 10 attempts"):
        await stream.put([write()])

    assert len(api.times("put_item")) == 3 + 10


async def test_a_write_that_is_refused_raises(clock: Clock) -> None:
    stream = await table_on(scripted(put_item=[ServiceError("AccessDenied", "no")]), clock)

    with pytest.raises(ServiceError, match="AccessDenied: no"):
        await stream.put([write()])


async def test_a_table_that_is_missing_is_made_and_taken_away_at_the_end(clock: Clock) -> None:
    missing = ServiceError("ResourceNotFoundException", "no table")
    creating = {"Table": {"TableStatus": "CREATING"}}
    api = scripted(
        describe_table=[missing, creating, TABLE],
        create_table=[{}],
        update_time_to_live=[{}],
        delete_table=[{}],
    )
    backend = api.backend(clock)
    settings = dynamodb.Resource.model_validate({"key": {"id": "S", "at": "N"}, "ttl": "expires"})

    stream = await dynamodb.open_stream("users", settings, backend)
    await backend.aclose()

    assert (stream.arn, clock.time()) == (ARN, 1.0)
    assert api.parameters("create_table") == [
        {
            "TableName": "users",
            "KeySchema": [
                {"AttributeName": "id", "KeyType": "HASH"},
                {"AttributeName": "at", "KeyType": "RANGE"},
            ],
            "AttributeDefinitions": [
                {"AttributeName": "id", "AttributeType": "S"},
                {"AttributeName": "at", "AttributeType": "N"},
            ],
            "BillingMode": "PAY_PER_REQUEST",
            "StreamSpecification": {
                "StreamEnabled": True,
                "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
        }
    ]
    assert api.parameters("update_time_to_live") == [
        {
            "TableName": "users",
            "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "expires"},
        }
    ]
    assert api.parameters("delete_table") == [{"TableName": "users"}]


async def test_a_table_without_a_stream_is_refused(clock: Clock) -> None:
    bare = {"Table": {**TABLE["Table"], "StreamSpecification": {"StreamEnabled": False}}}

    with pytest.raises(BackendError, match="table users has no stream; enable one"):
        await table_on(scripted(describe_table=[bare]), clock)
