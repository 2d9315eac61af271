"""The records of the sources that Lambda polls, made from what somebody says of them."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from typing import Any

import pytest
from aws_lambda_powertools.utilities.parser.models import S3SqsEventNotificationModel, SqsModel

from eventsim.errors import EventsimError, ServiceError
from eventsim.sources import dynamodb, kinesis, sqs
from tests.commands import eventsim
from tests.event_building import event, scene


def test_several_messages_have_ids_of_their_own_and_the_body_in_common() -> None:
    records = event("sqs", "message", body="x", records=3)["Records"]
    assert {record["body"] for record in records} == {"x"}
    assert len({record["messageId"] for record in records}) == 3
    assert all(record["md5OfBody"] == "9dd4e461268c8034f5c8564e155c67a6" for record in records)


def test_a_fifo_queue_gives_group_deduplication_and_number() -> None:
    told = event("sqs", "message", queue="orders.fifo", group_id="g")["Records"][0]["attributes"]
    assert told["MessageGroupId"] == "g"
    assert len(told["MessageDeduplicationId"]) == 64
    assert len(told["SequenceNumber"]) == 20
    assert "SequenceNumber" not in event("sqs", "message")["Records"][0]["attributes"]


def test_a_messages_attributes_are_those_that_were_given() -> None:
    given = {"t": "x", "n": 2, "b": {"Type": "Binary", "Value": "aGk="}}
    record = event("sqs", "message", attributes=given)["Records"][0]
    lists: dict[str, Any] = {"stringListValues": [], "binaryListValues": []}
    assert record["messageAttributes"] == {
        "t": {"stringValue": "x", **lists, "dataType": "String"},
        "n": {"stringValue": "2", **lists, "dataType": "Number"},
        "b": {"binaryValue": "aGk=", **lists, "dataType": "Binary"},
    }
    assert record["md5OfMessageAttributes"]


def test_what_a_queue_would_not_take_is_refused() -> None:
    with pytest.raises(ServiceError, match="Message must be shorter"):
        event("sqs", "message", body="x" * (1024 * 1024 + 1))


def test_an_object_in_s3_reaches_a_function_by_way_of_a_topic_and_a_queue() -> None:
    put = eventsim("generate", "s3", "put", "--key", "a b.jpg", "--compact").stdout
    told = eventsim("generate", "sns", "envelope", "--message", "-", "--compact", stdin=put).stdout
    queued = eventsim("generate", "sqs", "message", "--body", "-", stdin=told).stdout
    [record] = SqsModel.model_validate_json(queued, extra="forbid").Records
    assert isinstance(record.body, str)
    notification = json.loads(record.body)
    assert json.loads(notification["Message"]) == json.loads(put)


def test_an_object_in_s3_reaches_a_function_by_way_of_a_queue() -> None:
    put = eventsim("generate", "s3", "put", "--key", "a b.jpg").stdout
    queued = eventsim("generate", "sqs", "--body", "-", stdin=put).stdout
    [record] = S3SqsEventNotificationModel.model_validate_json(queued, extra="forbid").Records
    [inner] = record.body.Records
    assert inner.s3.object is not None
    assert inner.s3.object.key == "a+b.jpg"


def test_records_are_of_one_shard_and_their_data_is_what_was_said() -> None:
    records = event("kinesis", "records", data="hé", shard=7, records=2)["Records"]
    assert [b64decode(record["kinesis"]["data"]).decode() for record in records] == ["hé"] * 2
    assert {record["eventID"].partition(":")[0] for record in records} == {"shardId-000000000007"}
    binary = b64encode(b"\x00\xff").decode()
    record = event("kinesis", "records", encoded=binary)["Records"][0]
    assert record["kinesis"]["data"] == binary


def test_a_consumer_with_fan_out_is_the_source() -> None:
    made = event("kinesis", "records", stream="s", consumer="fast")
    assert ":stream/s/consumer/fast:" in kinesis.source_arn(made, scene())


@pytest.mark.parametrize(
    ("given", "text"),
    [({"encoded": "%"}, "'%' is not base64"), ({"partition_key": ""}, "length greater than")],
)
def test_what_a_stream_would_not_take_is_refused(given: dict[str, Any], text: str) -> None:
    with pytest.raises(EventsimError, match=text):
        event("kinesis", "records", **given)


@pytest.mark.parametrize(("source", "name"), [("kinesis", "window"), ("dynamodb", "window")])
def test_a_window_holds_its_records(source: str, name: str) -> None:
    told = event(source, name, seconds=300, state={"sum": 1}, final=True, records=0)
    assert told["Records"] == []
    assert told["window"] == {"start": "2026-03-01T09:20:00Z", "end": "2026-03-01T09:25:00Z"}
    assert (told["state"], told["isFinalInvokeForWindow"]) == ({"sum": 1}, True)


ITEM = {"id": {"N": "7"}, "at": {"S": "noon"}, "x": {"BOOL": True}}


@pytest.mark.parametrize(
    ("view", "images"),
    [
        ("NEW_AND_OLD_IMAGES", {"NewImage", "OldImage"}),
        ("NEW_IMAGE", {"NewImage"}),
        ("OLD_IMAGE", {"OldImage"}),
        ("KEYS_ONLY", set()),
    ],
)
def test_a_change_shows_the_images_of_the_streams_view(view: str, images: set[str]) -> None:
    old = {**ITEM, "x": {"BOOL": False}}
    record = event("dynamodb", "modify", item=ITEM, old_item=old, keys=["id", "at"], view=view)[
        "Records"
    ][0]["dynamodb"]
    assert record["Keys"] == {"id": {"N": "7"}, "at": {"S": "noon"}}
    assert {key for key in record if key.endswith("Image")} == images


def test_several_changes_are_of_several_items() -> None:
    records = event("dynamodb", "insert", item=ITEM, records=3)["Records"]
    assert [record["dynamodb"]["Keys"]["id"]["N"] for record in records] == ["7", "8", "9"]
    texts = event("dynamodb", "remove", records=2)["Records"]
    assert [record["dynamodb"]["Keys"]["id"]["S"] for record in texts] == ["order-1", "order-1-2"]


def test_what_has_expired_was_deleted_by_the_service() -> None:
    record = event("dynamodb", "remove", expired=True)["Records"][0]
    assert record["userIdentity"] == {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    assert "userIdentity" not in event("dynamodb", "remove")["Records"][0]


@pytest.mark.parametrize(
    ("name", "given", "text"),
    [
        ("insert", {"item": {"id": "1"}}, "id"),
        ("insert", {"item": ITEM, "keys": ["name"]}, "no key 'name' in id, at, x"),
        ("modify", {"item": ITEM, "old_item": {"id": {"N": "8"}}}, "a key never changes"),
        ("modify", {"item": ITEM, "old_item": ITEM}, "the item is as it was"),
    ],
)
def test_what_a_table_does_not_tell_is_refused(name: str, given: Any, text: str) -> None:
    with pytest.raises(EventsimError, match=text):
        event("dynamodb", name, **given)


@pytest.mark.parametrize(
    ("module", "source", "name"),
    [(sqs, "sqs", "message"), (kinesis, "kinesis", "window"), (dynamodb, "dynamodb", "remove")],
)
def test_the_source_is_named_by_its_arn(module: Any, source: str, name: str) -> None:
    made = event(source, name)
    assert module.source_arn(made, scene()).startswith(f"arn:aws:{source}:us-east-1:")
