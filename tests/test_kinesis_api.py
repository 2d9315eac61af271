"""Kinesis of a server, as boto3 sees it: streams, records, shards, consumers, tags."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from eventsim.kinesis_api import OPERATIONS, SUBSCRIBE, missing_operations
from eventsim.server.json_rpc import JsonRpc
from tests.server_process import Served, create, lines, until

NAMES = count()
ARN = "arn:aws:kinesis:us-east-1:123456789012:stream"
SHARDS = [f"shardId-{index:012d}" for index in range(8)]
HALF = str(2**127)
ECHO = "def handler(event, context):\n    for each in event['Records']:\n"
ECHO += "        print('read', each['eventID'], each['kinesis']['partitionKey'])\n"


@pytest.fixture(scope="module")
def kinesis(aws: Served) -> Any:
    return aws.client("kinesis")


@pytest.fixture
def name(kinesis: Any) -> Iterator[str]:
    """A stream of the test's own, with one shard."""
    made = f"own-{next(NAMES)}"
    kinesis.create_stream(StreamName=made, ShardCount=1)
    yield made
    try:
        kinesis.delete_stream(StreamName=made, EnforceConsumerDeletion=True)
    except kinesis.exceptions.ResourceNotFoundException:
        return  # the test has deleted it


def refused(operation: Callable[..., Any], **given: Any) -> tuple[int, str, str]:
    with pytest.raises(ClientError) as caught:
        operation(**given)
    answer = caught.value.response
    error = answer["Error"]
    return answer["ResponseMetadata"]["HTTPStatusCode"], error["Code"], error["Message"]


def records(*keys: str) -> list[dict[str, Any]]:
    return [{"Data": f"of {key}".encode(), "PartitionKey": key} for key in keys]


def iterator(kinesis: Any, name: str, kind: str, shard: str = SHARDS[0], **more: Any) -> str:
    answer = kinesis.get_shard_iterator(
        StreamName=name, ShardId=shard, ShardIteratorType=kind, **more
    )
    return str(answer["ShardIterator"])


def get_records(kinesis: Any, place: str, **more: Any) -> Any:
    """GetRecords as a consumer asks: again, where the shard has been read too often."""

    def ask() -> Any:
        try:
            return kinesis.get_records(ShardIterator=place, **more)
        except kinesis.exceptions.ProvisionedThroughputExceededException:
            return None

    return until(ask)


def read_through(kinesis: Any, name: str) -> dict[str, list[str]]:
    """Partition keys by shard: every shard to its end or to now, parents before children."""
    found: dict[str, list[str]] = {}
    pages = kinesis.get_paginator("describe_stream").paginate(
        StreamName=name, PaginationConfig={"PageSize": 2}
    )
    left = {
        shard["ShardId"]: shard for page in pages for shard in page["StreamDescription"]["Shards"]
    }
    roots = [each for each, shard in left.items() if "ParentShardId" not in shard]
    waiting = list(roots)
    while waiting:
        shard_id = waiting.pop(0)
        keys = found[shard_id] = []
        place = iterator(kinesis, name, "TRIM_HORIZON", shard_id)
        while place:
            answer = get_records(kinesis, place, Limit=2)
            keys += [record["PartitionKey"] for record in answer["Records"]]
            for child in answer.get("ChildShards", []):
                if set(child["ParentShards"]) <= found.keys() and child["ShardId"] not in waiting:
                    waiting.append(child["ShardId"])
            if not answer["Records"] and answer["MillisBehindLatest"] == 0:
                break
            place = answer.get("NextShardIterator")
    assert found.keys() == left.keys()
    return found


def test_a_stream_is_described_and_listed_until_it_is_deleted(kinesis: Any, name: str) -> None:
    found = kinesis.describe_stream(StreamName=name)["StreamDescription"]
    age = datetime.now(UTC) - found.pop("StreamCreationTimestamp")
    assert timedelta(seconds=-1) < age < timedelta(minutes=1)
    shard = found["Shards"][0]
    start = shard["SequenceNumberRange"]["StartingSequenceNumber"]
    assert found == {
        "StreamName": name,
        "StreamARN": f"{ARN}/{name}",
        "StreamStatus": "ACTIVE",
        "StreamModeDetails": {"StreamMode": "PROVISIONED"},
        "RetentionPeriodHours": 24,
        "EnhancedMonitoring": [{"ShardLevelMetrics": []}],
        "EncryptionType": "NONE",
        "HasMoreShards": False,
        "Shards": [
            {
                "ShardId": SHARDS[0],
                "HashKeyRange": {"StartingHashKey": "0", "EndingHashKey": str(2**128 - 1)},
                "SequenceNumberRange": {"StartingSequenceNumber": start},
            }
        ],
    }
    summary = kinesis.describe_stream_summary(StreamARN=f"{ARN}/{name}")["StreamDescriptionSummary"]
    assert (summary["OpenShardCount"], summary["ConsumerCount"]) == (1, 0)
    assert summary["MaxRecordSizeInKiB"] == 1_024
    kinesis.delete_stream(StreamName=name)
    missing = (
        400,
        "ResourceNotFoundException",
        f"Stream {name} under account 123456789012 not found.",
    )
    assert refused(kinesis.describe_stream, StreamName=name) == missing
    assert refused(kinesis.put_record, StreamName=name, **records("a")[0]) == missing


def test_streams_are_listed_in_pages_and_each_region_has_its_own(aws: Served) -> None:
    kinesis = aws.client("kinesis", "eu-north-1")
    for name in ("c", "a", "b"):
        kinesis.create_stream(StreamName=name, ShardCount=1)
    pages = kinesis.get_paginator("list_streams").paginate(PaginationConfig={"PageSize": 2})
    assert [page["StreamNames"] for page in pages] == [["a", "b"], ["c"]]
    assert kinesis.list_streams(ExclusiveStartStreamName="b")["StreamNames"] == ["c"]
    assert kinesis.describe_limits()["OpenShardCount"] == 3
    assert "a" not in aws.client("kinesis").list_streams()["StreamNames"]


def test_each_type_of_iterator_begins_where_it_says(kinesis: Any, name: str) -> None:
    puts = kinesis.put_records(StreamName=name, Records=records("a", "b"))
    assert puts["FailedRecordCount"] == 0
    second = puts["Records"][1]["SequenceNumber"]
    latest = iterator(kinesis, name, "LATEST")
    third = kinesis.put_record(StreamName=name, **records("c")[0])
    assert third["ShardId"] == SHARDS[0]
    assert third["SequenceNumber"] > second

    def keys(place: str) -> str:
        answer = get_records(kinesis, place)
        assert (answer["MillisBehindLatest"], "ChildShards" in answer) == (0, False)
        again = get_records(kinesis, answer["NextShardIterator"])
        assert again["Records"] == []
        return "".join(record["PartitionKey"] for record in answer["Records"])

    assert keys(iterator(kinesis, name, "TRIM_HORIZON")) == "abc"
    assert keys(latest) == "c"
    after, at = "AFTER_SEQUENCE_NUMBER", "AT_SEQUENCE_NUMBER"
    assert keys(iterator(kinesis, name, at, StartingSequenceNumber=second)) == "bc"
    kinesis.delete_stream(StreamName=name)
    kinesis.create_stream(StreamName=name, ShardCount=1)
    code = refused(kinesis.get_records, ShardIterator=latest)[1]
    assert code == "ResourceNotFoundException"
    puts = kinesis.put_records(StreamName=name, Records=records("d", "e"))["Records"]
    number = puts[0]["SequenceNumber"]
    assert keys(iterator(kinesis, name, after, StartingSequenceNumber=number)) == "e"
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    assert keys(iterator(kinesis, name, "AT_TIMESTAMP", Timestamp=long_ago)) == "de"


def test_a_reader_that_is_behind_is_told_by_how_much(kinesis: Any, name: str) -> None:
    kinesis.put_records(StreamName=name, Records=records("a", "b"))
    answer = kinesis.get_records(ShardIterator=iterator(kinesis, name, "TRIM_HORIZON"), Limit=1)
    assert answer["MillisBehindLatest"] > 0
    assert answer["Records"][0]["Data"] == b"of a"


def test_a_record_too_large_refuses_the_whole_request(kinesis: Any, name: str) -> None:
    large = {"Data": bytes(1_048_576), "PartitionKey": "b"}
    told = "failed to satisfy constraint: Member must have length less than or equal to 1048576"
    assert refused(kinesis.put_records, StreamName=name, Records=[*records("a"), large]) == (
        400,
        "ValidationException",
        f"1 validation error detected: Value at 'records.2.member.data' {told}",
    )
    assert refused(kinesis.put_record, StreamName=name, **large)[1] == "ValidationException"
    place = iterator(kinesis, name, "TRIM_HORIZON")
    assert kinesis.get_records(ShardIterator=place)["Records"] == []
    kinesis.update_max_record_size(StreamARN=f"{ARN}/{name}", MaxRecordSizeInKiB=2_048)
    assert kinesis.put_record(StreamName=name, **large)["ShardId"] == SHARDS[0]


def test_what_a_shard_cannot_take_in_a_second_fails_by_itself(kinesis: Any, name: str) -> None:
    given = [{"Data": bytes(700_000), "PartitionKey": key} for key in "abc"]
    answer = kinesis.put_records(StreamName=name, Records=given)
    assert answer["FailedRecordCount"] == 2
    assert (
        answer["Records"][1:]
        == [
            {
                "ErrorCode": "ProvisionedThroughputExceededException",
                "ErrorMessage": f"Rate exceeded for shard {SHARDS[0]} in stream {name} "
                "under account 123456789012.",
            }
        ]
        * 2
    )
    place = iterator(kinesis, name, "TRIM_HORIZON")
    assert len(kinesis.get_records(ShardIterator=place)["Records"]) == 1


def test_a_consumer_reads_through_a_split_and_a_merge(kinesis: Any, name: str) -> None:
    keys = [f"k{number}" for number in range(12)]
    kinesis.put_records(StreamName=name, Records=records(*keys[:4]))
    kinesis.split_shard(StreamName=name, ShardToSplit=SHARDS[0], NewStartingHashKey=HALF)
    kinesis.put_records(StreamName=name, Records=records(*keys[4:8]))
    kinesis.merge_shards(StreamName=name, ShardToMerge=SHARDS[1], AdjacentShardToMerge=SHARDS[2])
    kinesis.put_records(StreamName=name, Records=records(*keys[8:]))
    found = read_through(kinesis, name)
    assert list(found) == SHARDS[:4]
    assert found[SHARDS[0]] == keys[:4]
    assert found[SHARDS[3]] == keys[8:]
    assert sorted(found[SHARDS[1]] + found[SHARDS[2]]) == keys[4:8]
    shards = kinesis.list_shards(StreamName=name)["Shards"]
    assert (shards[3]["ParentShardId"], shards[3]["AdjacentParentShardId"]) == (
        SHARDS[1],
        SHARDS[2],
    )
    assert ["EndingSequenceNumber" in each["SequenceNumberRange"] for each in shards] == [
        *(True, True, True, False)
    ]


def test_shards_are_listed_in_pages_and_by_filters(kinesis: Any, name: str) -> None:
    kinesis.update_shard_count(StreamName=name, TargetShardCount=2, ScalingType="UNIFORM_SCALING")

    def listed(**given: Any) -> list[str]:
        return [shard["ShardId"] for shard in kinesis.list_shards(**given)["Shards"]]

    def filtered(kind: str, **more: Any) -> list[str]:
        return listed(StreamName=name, ShardFilter={"Type": kind, **more})

    first = kinesis.list_shards(StreamName=name, MaxResults=2)
    assert [shard["ShardId"] for shard in first["Shards"]] == SHARDS[:2]
    assert listed(NextToken=first["NextToken"]) == SHARDS[2:3]
    assert listed(StreamName=name, ExclusiveStartShardId=SHARDS[1]) == SHARDS[2:3]
    assert filtered("AT_LATEST") == SHARDS[1:3]
    assert filtered("AT_TRIM_HORIZON") == SHARDS[:1]
    assert filtered("FROM_TRIM_HORIZON") == SHARDS[:3]
    assert filtered("AFTER_SHARD_ID", ShardId=SHARDS[0]) == SHARDS[1:3]
    now = datetime.now(UTC) + timedelta(hours=1)
    assert filtered("AT_TIMESTAMP", Timestamp=now) == SHARDS[1:3]
    assert filtered("FROM_TIMESTAMP", Timestamp=now) == SHARDS[1:3]
    code, text = refused(kinesis.list_shards, StreamName=name, NextToken=first["NextToken"])[1:]
    assert code == "InvalidArgumentException"
    assert text == "NextToken and StreamName cannot be provided together."


def test_scaling_makes_shards_of_the_same_width(kinesis: Any, name: str) -> None:
    for target in (2, 3, 5, 4):
        answer = kinesis.update_shard_count(
            StreamName=name, TargetShardCount=target, ScalingType="UNIFORM_SCALING"
        )
        assert answer["TargetShardCount"] == target
        shards = kinesis.list_shards(StreamName=name, ShardFilter={"Type": "AT_LATEST"})["Shards"]
        starts = sorted(int(shard["HashKeyRange"]["StartingHashKey"]) for shard in shards)
        assert starts == [2**128 // target * index for index in range(target)]


def test_a_mapping_follows_a_stream_of_ours_through_a_split(
    aws: Served, kinesis: Any, name: str
) -> None:
    functions = aws.client("lambda")
    create(functions, name, ECHO)
    consumer = kinesis.register_stream_consumer(StreamARN=f"{ARN}/{name}", ConsumerName="fast")
    uuids = [
        functions.create_event_source_mapping(
            EventSourceArn=arn, FunctionName=name, StartingPosition="TRIM_HORIZON"
        )["UUID"]
        for arn in (f"{ARN}/{name}", consumer["Consumer"]["ConsumerARN"])
    ]
    kinesis.put_records(StreamName=name, Records=records("before"))
    kinesis.split_shard(StreamName=name, ShardToSplit=SHARDS[0], NewStartingHashKey=HALF)
    kinesis.put_records(StreamName=name, Records=records("after"))
    logs = aws.client("logs")

    def read() -> list[str]:
        told = [line.split() for line in lines(logs, name) if "read " in line]
        return sorted(words[-1] for words in told)

    until(lambda: read() == ["after", "after", "before", "before"])
    for uuid in uuids:
        functions.delete_event_source_mapping(UUID=uuid)
    functions.delete_function(FunctionName=name)


def test_a_subscription_is_sent_a_shard_to_its_end_and_its_children(
    kinesis: Any, name: str
) -> None:
    consumer = kinesis.register_stream_consumer(StreamARN=f"{ARN}/{name}", ConsumerName="c")
    arn = consumer["Consumer"]["ConsumerARN"]
    puts = kinesis.put_records(StreamName=name, Records=records("a", "b"))["Records"]

    def subscribe(shard: str, **position: Any) -> Any:
        return kinesis.subscribe_to_shard(
            ConsumerARN=arn, ShardId=shard, StartingPosition=position
        )["EventStream"]

    first = iter(subscribe(SHARDS[0], Type="TRIM_HORIZON"))
    told = next(first)["SubscribeToShardEvent"]
    assert [record["Data"] for record in told["Records"]] == [b"of a", b"of b"]
    assert told["ContinuationSequenceNumber"] == puts[1]["SequenceNumber"]
    kinesis.split_shard(StreamName=name, ShardToSplit=SHARDS[0], NewStartingHashKey=HALF)
    last = [event["SubscribeToShardEvent"] for event in first][-1]
    assert [child["ShardId"] for child in last["ChildShards"]] == SHARDS[1:3]
    assert [child["ParentShards"] for child in last["ChildShards"]] == [[SHARDS[0]]] * 2
    assert "ContinuationSequenceNumber" not in last
    number = puts[0]["SequenceNumber"]
    again = subscribe(SHARDS[0], Type="AT_SEQUENCE_NUMBER", SequenceNumber=number)
    sent = [record for event in again for record in event["SubscribeToShardEvent"]["Records"]]
    assert [record["SequenceNumber"] for record in sent] == [put["SequenceNumber"] for put in puts]


def test_a_client_that_hangs_up_leaves_its_shard_to_others(kinesis: Any, name: str) -> None:
    consumer = kinesis.register_stream_consumer(StreamARN=f"{ARN}/{name}", ConsumerName="c")
    given = {
        "ConsumerARN": consumer["Consumer"]["ConsumerARN"],
        "ShardId": SHARDS[0],
        "StartingPosition": {"Type": "LATEST"},
    }
    kinesis.subscribe_to_shard(**given)["EventStream"].close()

    def subscribed() -> Any:
        try:
            return kinesis.subscribe_to_shard(**given)["EventStream"]
        except kinesis.exceptions.ResourceInUseException:
            return None

    until(subscribed).close()


def test_consumers_are_listed_in_pages(kinesis: Any, name: str) -> None:
    arn = f"{ARN}/{name}"
    made = [
        kinesis.register_stream_consumer(StreamARN=arn, ConsumerName=each)["Consumer"]
        for each in "cab"
    ]
    assert {each["ConsumerStatus"] for each in made} == {"CREATING"}
    pages = kinesis.get_paginator("list_stream_consumers").paginate(
        StreamARN=arn, PaginationConfig={"PageSize": 2}
    )
    names = [[each["ConsumerName"] for each in page["Consumers"]] for page in pages]
    assert names == [["a", "b"], ["c"]]
    found = kinesis.describe_stream_consumer(StreamARN=arn, ConsumerName="c")
    expected = {**made[0], "ConsumerStatus": "ACTIVE", "StreamARN": arn}
    assert found["ConsumerDescription"] == expected
    kinesis.deregister_stream_consumer(ConsumerARN=made[0]["ConsumerARN"])
    summary = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    assert summary["ConsumerCount"] == 2


def test_streams_and_consumers_have_tags(kinesis: Any, name: str) -> None:
    arn = f"{ARN}/{name}"
    kinesis.add_tags_to_stream(StreamName=name, Tags={"a": "1", "b": "2"})
    kinesis.tag_resource(ResourceARN=arn, Tags={"c": "3"})
    kinesis.remove_tags_from_stream(StreamName=name, TagKeys=["b"])
    tags = [{"Key": "a", "Value": "1"}, {"Key": "c", "Value": "3"}]
    assert kinesis.list_tags_for_resource(ResourceARN=arn)["Tags"] == tags
    first = kinesis.list_tags_for_stream(StreamName=name, Limit=1)
    assert (first["Tags"], first["HasMoreTags"]) == (tags[:1], True)
    rest = kinesis.list_tags_for_stream(StreamName=name, ExclusiveStartTagKey="a")
    assert (rest["Tags"], rest["HasMoreTags"]) == (tags[1:], False)
    made = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="x", Tags={"k": "v"})
    consumer = made["Consumer"]["ConsumerARN"]
    kinesis.untag_resource(ResourceARN=arn, TagKeys=["a", "c"])
    assert kinesis.list_tags_for_resource(ResourceARN=arn)["Tags"] == []
    assert kinesis.list_tags_for_resource(ResourceARN=consumer)["Tags"] == [
        {"Key": "k", "Value": "v"}
    ]


def test_the_page_of_the_server_lists_what_is_there_and_what_is_not() -> None:
    page = (Path(__file__).parent.parent / "docs" / "server.md").read_text()
    section = page.partition("## What is there of Kinesis")[2].partition("\n## ")[0]
    rows = section.partition("| | operations |")[2].partition("\n\n")[0]
    listed = [each for row in rows.splitlines()[2:] for each in row.split("|")[2].split(",")]
    assert sorted(each.strip() for each in listed) == sorted([*OPERATIONS, SUBSCRIBE])
    absent = section.partition("`NotImplemented`: ")[2].partition(".\n")[0].replace(" and ", ", ")
    assert absent.split(", ") == missing_operations(JsonRpc("kinesis"))
