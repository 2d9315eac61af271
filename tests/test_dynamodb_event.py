"""
What a function gets of a table's changes, and what its filters and documents are about.

The numbers of the acceptance cases are those of the list of behaviours recorded on AWS.
"""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsim.rules import dynamodb as rules
from eventsim.rules.attribute_values import canonical, normalised
from eventsim.rules.filtering import Filter
from eventsim.sources import dynamodb
from eventsim.streams.dynamodb import Table
from eventsim.types import Origin, Position, Record
from tests.hand_clock import EPOCH, HandClock

KEY = rules.KeySchema(rules.KeyAttribute("id", "S"))
REGION = "eu-west-1"


def table(key: rules.KeySchema = KEY, **settings: Any) -> Table:
    return Table("users", key, HandClock(1.7), region=REGION, **settings)


def records(users: Table) -> list[Record]:
    (shard,) = users.stream.shards()
    iterator = users.stream.get_shard_iterator(shard.shard_id, Position("TRIM_HORIZON"))
    return list(users.stream.get_records(iterator).records)


def origin(users: Table) -> Origin:
    (shard,) = users.stream.shards()
    return Origin(shard.shard_id, users.stream.arn, REGION, "arn:aws:iam::1:role/r")


def put(**attributes: Any) -> rules.Write:
    return rules.Write("put", attributes)


def test_case_32_an_insert_is_told_as_recorded_on_aws() -> None:
    users = table(
        rules.KeySchema(rules.KeyAttribute("my_partition_key", "S")), view_type="NEW_IMAGE"
    )
    users.write([put(my_partition_key={"S": "hello world"}, binary_key={"B": b"foobar"})])
    (record,) = records(users)

    event = dynamodb.event([record], origin(users))

    assert event == {
        "Records": [
            {
                "eventID": record.data.event_id,
                "eventName": "INSERT",
                "eventVersion": "1.1",
                "eventSource": "aws:dynamodb",
                "awsRegion": "eu-west-1",
                "dynamodb": {
                    "ApproximateCreationDateTime": 1_767_225_601.0,
                    "Keys": {"my_partition_key": {"S": "hello world"}},
                    "NewImage": {
                        "binary_key": {"B": "Zm9vYmFy"},
                        "my_partition_key": {"S": "hello world"},
                    },
                    "SequenceNumber": record.sequence_number,
                    "SizeBytes": 70,
                    "StreamViewType": "NEW_IMAGE",
                },
                "eventSourceARN": (
                    "arn:aws:dynamodb:eu-west-1:123456789012:table/users/stream/"
                    "2026-01-01T00:00:01.700"
                ),
            }
        ]
    }
    stamp = event["Records"][0]["dynamodb"]["ApproximateCreationDateTime"]
    assert isinstance(stamp, float)
    assert b'"ApproximateCreationDateTime":1767225601.0,' in orjson.dumps(event)
    assert len(record.data.event_id) == 32


@pytest.mark.parametrize(
    ("item", "size"),
    [
        ({"id": {"S": "id_value"}, "id2": {"S": "id2_value"}}, 32),
        ({"id": {"S": "id_value_1"}, "numericFilter": {"N": "42"}}, 39),
    ],
)
def test_sizes_are_those_recorded_on_aws(item: dict[str, Any], size: int) -> None:
    users = table()
    users.write([put(**item)])

    (record,) = records(users)

    assert record.data.size_bytes == size


def delivered(users: Table, pattern: dict[str, Any]) -> list[str]:
    """The keys of the records that a mapping with this filter delivers."""
    chosen = Filter.of([json.dumps(pattern)], dynamodb.FILTER_KEY)
    found = [record for record in records(users) if chosen.matches(dynamodb.filterable(record))]
    return [orjson.loads(record.data.keys)["id"]["S"] for record in found]


def test_case_28_numeric_never_matches_a_number_of_an_item() -> None:
    users = table()
    users.write([put(id={"S": "a"}, n={"N": "101"})])

    above = {"N": [{"numeric": [">", 100]}]}
    assert delivered(users, {"dynamodb": {"NewImage": {"n": above}}}) == []
    assert delivered(users, {"dynamodb": {"NewImage": {"n": {"N": ["101"]}}}}) == ["a"]


def test_case_29_exists_false_on_an_attribute_matches_with_and_without_it() -> None:
    users = table()
    users.write([put(id={"S": "a"}, k={"S": "v"}), put(id={"S": "b"})])

    missing = {"dynamodb": {"NewImage": {"k": [{"exists": False}]}}}
    assert delivered(users, missing) == ["a", "b"]


def test_case_30_a_pattern_without_the_type_of_a_value_matches_nothing() -> None:
    users = table()
    users.write([put(id={"S": "a"}, k={"S": "v"})])

    assert delivered(users, {"dynamodb": {"NewImage": {"k": ["v"]}}}) == []
    assert delivered(users, {"dynamodb": {"NewImage": {"k": {"S": ["v"]}}}}) == ["a"]


def test_case_31_the_same_item_put_twice_is_delivered_once_as_an_insert() -> None:
    users = table()

    users.write([put(id={"S": "a"}, n={"N": "1"}), put(id={"S": "a"}, n={"N": "1.0"})])

    assert [record.data.event_name for record in records(users)] == ["INSERT"]
    assert delivered(users, {"eventName": ["INSERT"]}) == ["a"]


def test_what_only_the_event_says_is_not_there_for_filters() -> None:
    users = table()
    users.write([put(id={"S": "a"})])

    assert delivered(users, {"eventName": ["INSERT"], "eventSource": ["aws:dynamodb"]}) == []


def test_case_33_a_failure_document_names_a_batch_and_its_seconds_as_dynamodb_does() -> None:
    assert (dynamodb.BATCH_INFO, dynamodb.ARRIVAL_TIMESPEC) == ("DDBStreamBatchInfo", "seconds")


def test_filters_see_values_with_their_types() -> None:
    users = table()
    users.write([put(id={"S": "a"}, n={"N": "101"}, k={"S": "v"})])
    (record,) = records(users)

    seen = dynamodb.filterable(record)

    assert seen == {
        "eventID": record.data.event_id,
        "eventName": "INSERT",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_767_225_601.0,
            "Keys": {"id": {"S": "a"}},
            "NewImage": {"id": {"S": "a"}, "n": {"N": "101"}, "k": {"S": "v"}},
            "SequenceNumber": record.sequence_number,
            "SizeBytes": record.data.size_bytes,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    }
    assert dynamodb.FILTER_KEY == "dynamodb"


def test_what_expired_was_deleted_by_the_service() -> None:
    clock = HandClock()
    users = Table("users", KEY, clock, ttl_attribute="expires")
    users.write([put(id={"S": "a"}, expires={"N": str(int(EPOCH) + 60)})])
    clock.now = 300.0

    inserted, removed = records(users)

    identity = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    told = dynamodb.event([inserted, removed], origin(users))["Records"]
    assert [each.get("userIdentity") for each in told] == [None, identity]
    assert [dynamodb.filterable(each).get("userIdentity") for each in (inserted, removed)] == [
        None,
        identity,
    ]
    assert told[1]["eventName"] == "REMOVE"
    assert "NewImage" not in told[1]["dynamodb"]


def test_an_event_is_built_afresh() -> None:
    users = table()
    users.write([put(id={"S": "a"})])
    batch = records(users)

    first = dynamodb.event(batch, origin(users))
    first["Records"][0]["dynamodb"]["NewImage"]["id"]["S"] = "changed"

    assert dynamodb.event(batch, origin(users)) != first


TEXT = st.text(max_size=8)
NAMES = st.text(min_size=1, max_size=6)
SCALARS = st.one_of(
    st.builds(lambda text: {"S": text}, TEXT),
    st.builds(lambda number: {"N": str(number)}, st.integers(-(10**6), 10**6)),
    st.builds(lambda content: {"B": content}, st.binary(max_size=6)),
    st.builds(lambda flag: {"BOOL": flag}, st.booleans()),
    st.just({"NULL": True}),
    st.builds(lambda texts: {"SS": texts}, st.lists(TEXT, min_size=1, max_size=3, unique=True)),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.builds(lambda each: {"L": each}, st.lists(inner, max_size=3)),
        st.builds(lambda each: {"M": each}, st.dictionaries(NAMES, inner, max_size=3)),
    ),
    max_leaves=6,
)
IMAGES = st.dictionaries(NAMES, VALUES, max_size=4).map(normalised).map(canonical)
CHANGES = st.builds(
    rules.Change,
    event_id=st.text("0123456789abcdef", min_size=32, max_size=32),
    event_name=st.sampled_from(["INSERT", "MODIFY", "REMOVE"]),
    view_type=st.sampled_from(["KEYS_ONLY", "NEW_AND_OLD_IMAGES"]),
    keys=IMAGES,
    new_image=st.none() | IMAGES,
    old_image=st.none() | IMAGES,
    size_bytes=st.integers(0, 10**6),
    expired=st.booleans(),
)
RECORDS = st.lists(
    st.builds(
        lambda number, change, second: Record(str(10**32 + number), "key", change, float(second)),
        st.integers(0, 10**9),
        CHANGES,
        st.integers(0, 4 * 10**9),
    ),
    max_size=4,
)


@given(RECORDS)
def test_a_size_is_that_of_the_encoded_event(batch: list[Record]) -> None:
    at = Origin("shardId-1", "arn:aws:dynamodb:eu-west-1:1:table/t/stream/l", REGION, "role")

    exactly = len(orjson.dumps(dynamodb.event(batch, at)))

    assert dynamodb.encoded_size(batch, at) == exactly
    assert dynamodb.encoded_size_at_most(batch, at) >= exactly


def test_a_name_or_an_arn_means_a_table() -> None:
    stream = "arn:aws:dynamodb:us-east-1:123456789012:table/users/stream/2026-01-01T00:00:00.000"

    assert dynamodb.stream_name(stream) == ("users", "")
    assert dynamodb.stream_name("users") == ("users", None)
    assert dynamodb.stream_name("orders/stream/x") == ("orders/stream/x", None)
